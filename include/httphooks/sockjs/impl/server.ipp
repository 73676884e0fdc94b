// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sockjs/server.hpp>

#include <httphooks/http/detail/home_groups.hpp>
#include <httphooks/http/detail/visit.hpp>
#include <httphooks/http/mount.hpp>
#include <httphooks/sockjs/connection.hpp>
#include <httphooks/sockjs/detail/reply.hpp>
#include <httphooks/sockjs/detail/route.hpp>
#include <httphooks/sockjs/detail/service.hpp>
#include <httphooks/sockjs/detail/websocket_session.hpp>
#include <httphooks/sockjs/info.hpp>
#include <httphooks/sockjs/options.hpp>
#include <httphooks/sockjs/transport/eventsource.hpp>
#include <httphooks/sockjs/transport/htmlfile.hpp>
#include <httphooks/sockjs/transport/jsonp.hpp>
#include <httphooks/sockjs/transport/raw_websocket.hpp>
#include <httphooks/sockjs/transport/websocket.hpp>
#include <httphooks/sockjs/transport/xhr.hpp>
#include <httphooks/sockjs/transport/xhr_streaming.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::sockjs {

namespace detail {

/// Refuses an option that has no effect with the others.
inline void refuse_ignored(sockjs::options const& o) {
    auto const refuse = [](bool given, char const* what) {
        if (given) throw std::invalid_argument(std::string("sockjs::server: ") + what);
    };
    bool const silent = o.heartbeat_delay <= o.heartbeat_delay.zero();
    refuse(!o.jsessionid && !o.jsessionid_attributes.empty(),
           "jsessionid_attributes has no effect without jsessionid");
    refuse(!o.jsessionid && o.jsessionid_value,
           "jsessionid_value has no effect without jsessionid");
    refuse(o.allow_origin && !o.origins.empty(), "origins has no effect with allow_origin");
    refuse(o.messages_delay_heartbeat && silent,
           "messages_delay_heartbeat has no effect without heartbeat_delay");
    refuse(o.websocket_heartbeat_frames && (silent || !o.websocket),
           "websocket_heartbeat_frames has no effect without heartbeat_delay and websocket");
    refuse(o.raw_websocket_pings && (silent || !o.raw_websocket),
           "raw_websocket_pings has no effect without heartbeat_delay and raw_websocket");
}

}  // namespace detail

HTTPHOOKS_DECL server::server(asio::any_io_executor executor, sockjs::options o)
    : service_(std::make_shared<detail::service>(std::move(executor), std::move(o))) {
    sockjs::options const& known = service_->options();
    if (!known.prefix.starts_with('/') || known.prefix.ends_with('/'))
        throw std::invalid_argument("sockjs::server: a prefix begins with / and ends without: " +
                                    known.prefix);
    if (!httphooks::detail::is_field_text(known.jsessionid_attributes) ||
        !httphooks::detail::is_field_text(known.frame_ancestors))
        throw std::invalid_argument("sockjs::server: an option is not a field's value");
    detail::refuse_ignored(known);
    service_->websockets =
        detail::websocket_session::settings(known, false, service_->shared_counters());
    service_->raw_websockets =
        detail::websocket_session::settings(known, true, service_->shared_counters());
}

HTTPHOOKS_DECL void server::on_connection(std::function<void(connection)> f) {
    service_->on_connection = std::move(f);
}

HTTPHOOKS_DECL void server::set_authorize(std::function<void(handshake const&, verdict)> f) {
    service_->authorise = std::move(f);
}

HTTPHOOKS_DECL void server::on_error(std::function<void(std::exception_ptr)> f) {
    service_->on_error = std::move(f);
}

HTTPHOOKS_DECL void server::broadcast(std::string_view message) {
    broadcast(prepared_message(message));
}

HTTPHOOKS_DECL void server::broadcast(prepared_message const& message) {
    http::detail::for_each_at_home<detail::session_base>(
        service_->all(), std::identity(),
        [message](detail::session_base& s) { s.send_taken(message); });
}

HTTPHOOKS_DECL std::size_t server::size() const {
    return service_->size();
}

HTTPHOOKS_DECL std::shared_ptr<server_counters const> server::counters() const noexcept {
    return service_->shared_counters();
}

HTTPHOOKS_DECL asio::any_io_executor server::get_executor() const {
    return service_->executor();
}

HTTPHOOKS_DECL sockjs::options const& server::options() const noexcept {
    return service_->options();
}

HTTPHOOKS_DECL std::string_view server::prefix() const noexcept {
    return service_->options().prefix;
}

HTTPHOOKS_DECL std::size_t server::body_limit() const noexcept {
    return service_->options().message_limit;
}

HTTPHOOKS_DECL void server::drain() {
    service_->drain();
}

HTTPHOOKS_DECL std::vector<connection> server::connections() const {
    std::vector<connection> open;
    for (auto& s : service_->all())
        if (s->is_open()) open.emplace_back(std::move(s));
    return open;
}

namespace detail {

/// The methods that there are for an endpoint.
inline std::string_view methods_of(endpoint what) noexcept {
    switch (what) {
        case endpoint::greeting:
        case endpoint::iframe:
            return "GET, HEAD";
        case endpoint::info:
            return "OPTIONS, GET, HEAD";
        case endpoint::xhr:
        case endpoint::xhr_send:
        case endpoint::xhr_streaming:
            return "POST, OPTIONS";
        case endpoint::jsonp_send:
            return "POST";
        default:
            return "GET";
    }
}

/// The value of Access-Control-Allow-Methods.
inline std::string_view preflight_methods(endpoint what) noexcept {
    return what == endpoint::info ? "OPTIONS, GET" : "OPTIONS, POST";
}

/// Whether scripts of other origins read the replies of an endpoint.
inline bool has_cors(endpoint what) noexcept {
    switch (what) {
        case endpoint::info:
        case endpoint::xhr:
        case endpoint::xhr_send:
        case endpoint::xhr_streaming:
        case endpoint::eventsource:
            return true;
        default:
            return false;
    }
}

/// What the path of a request means.
inline route route_of(request const& r, options const& o) noexcept {
    auto const raw = r.target();
    std::string_view const path = http::detail::target_path({raw.data(), raw.size()});
    return find_route(path.substr(std::min(o.prefix.size(), path.size())));
}

inline bool allows(endpoint what, verb method) noexcept {
    std::string_view const name = [method]() -> std::string_view {
        switch (method) {
            case verb::get:
                return "GET";
            case verb::head:
                return "HEAD";
            case verb::post:
                return "POST";
            case verb::options:
                return "OPTIONS";
            default:
                return "-";
        }
    }();
    return methods_of(what).find(name) != std::string_view::npos;
}

/// Whether an endpoint is there at all, by the options.
inline bool enabled(endpoint what, sockjs::options const& o) noexcept {
    switch (what) {
        case endpoint::none:
            return false;
        case endpoint::websocket:
            return o.websocket;
        case endpoint::raw_websocket:
            return o.raw_websocket;
        case endpoint::htmlfile:
        case endpoint::jsonp:
        case endpoint::jsonp_send:
            return o.script_transports && !restricted(o);
        case endpoint::iframe:
            return !restricted(o);
        default:
            return true;
    }
}

}  // namespace detail

HTTPHOOKS_DECL void server::dress_refusal(request const& r, response& reply) const {
    if (!detail::has_cors(detail::route_of(r, options()).what)) return;
    detail::add_no_cache(reply);
    detail::add_cors(reply, options(), r);
}

HTTPHOOKS_DECL void server::async_serve(http::connection c, request r, http::mount_handler done) {
    using detail::endpoint;
    sockjs::options const& o = service_->options();
    http::detail::visit v{std::move(c), std::move(r), std::move(done)};
    auto const found = detail::route_of(v.message, o);
    endpoint const what = found.what;
    std::string const session(found.session);
    if (!detail::enabled(what, o)) return http::detail::reply(std::move(v), detail::not_found());
    if (!detail::allows(what, v.message.method())) {
        response refused = detail::method_not_allowed(detail::methods_of(what));
        dress_refusal(v.message, refused);
        return http::detail::reply(std::move(v), std::move(refused));
    }
    // what these two say is no secret
    bool const for_all = what == endpoint::greeting || what == endpoint::info;
    if (!for_all && !detail::origin_allowed(o, v.message)) {
        service_->counters().refuse("Origin not allowed");
        response const refused = detail::refusal(o, v.message, status::forbidden, true);
        return http::detail::reply(std::move(v), refused);
    }
    if (v.message.method() == verb::options) {
        response const r2 = detail::preflight(o, v.message, detail::preflight_methods(what));
        return http::detail::reply(std::move(v), r2);
    }
    switch (what) {
        case endpoint::greeting:
            return http::detail::reply(
                std::move(v),
                make_response(status::ok, "Welcome to SockJS!\n", detail::plain_text));
        case endpoint::iframe: {
            response const page = service_->iframe().answer(v.message);
            return http::detail::reply(std::move(v), page);
        }
        case endpoint::info: {
            response info = make_response(status::ok, info_text(o, info_entropy()),
                                          "application/json; charset=UTF-8");
            detail::add_no_cache(info);
            detail::add_cors(info, o, v.message);
            return http::detail::reply(std::move(v), info);
        }
        case endpoint::raw_websocket:
            return transport::serve_raw_websocket(service_, std::move(v));
        case endpoint::websocket:
            return transport::serve_websocket(service_, std::move(v));
        case endpoint::xhr:
            return transport::serve_xhr(service_, std::move(v), session);
        case endpoint::xhr_send:
            return transport::serve_xhr_send(service_, std::move(v), session);
        case endpoint::xhr_streaming:
            return transport::serve_xhr_streaming(service_, std::move(v), session);
        case endpoint::eventsource:
            return transport::serve_eventsource(service_, std::move(v), session);
        case endpoint::htmlfile:
            return transport::serve_htmlfile(service_, std::move(v), session);
        case endpoint::jsonp:
            return transport::serve_jsonp(service_, std::move(v), session);
        default:
            return transport::serve_jsonp_send(service_, std::move(v), session);
    }
}

}  // namespace httphooks::sockjs
