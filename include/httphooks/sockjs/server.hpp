// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A SockJS server, to be mounted on an HTTP server or on a Beast session of your own.
*/

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

#include <concepts>
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

/** Accepts SockJS clients below a prefix, over every transport. Copies are handles of one server.

    A session lives on the executor of the connection that opened it; what comes for it on other
    connections, perhaps of other threads, is passed on to there. Handlers are set before the
    server is mounted.

    @par Thread safety
    Setting handlers: none. Everything else: all threads.
    @par Source
    SockJS 0.3.3; sockjs-node 0.3.24
    @par Example
    examples/sockjs_echo.cpp
*/
class server {
public:
    /** A server; nothing happens until it is mounted.
        @param executor what get_executor() gives; sessions have that of their connection
        @throws std::invalid_argument for options that cannot be meant */
    explicit server(asio::any_io_executor executor, options o = {});

    /// Sets what is called with each connection that is opened, on its executor.
    void on_connection(std::function<void(connection)> f) {
        service_->on_connection = std::move(f);
    }

    /** Sets who decides which clients may connect, before anything is sent to them.

        `f(handshake const&)` gives status::ok, or the status of the refusal: 401 or 403. Or
        `f(handshake const&, std::function<void(status)> decide)` calls `decide` once, later, from
        any thread. */
    template <class F>
    requires std::is_invocable_r_v<status, F&, handshake const&> ||
        std::invocable<F&, handshake const&, std::function<void(status)>>
    void authorize(F f);

    /// Sets what is told of exceptions that handlers of the application throw.
    void on_error(std::function<void(std::exception_ptr)> f) { service_->on_error = std::move(f); }

    /// Sends a message to all connections.
    void broadcast(std::string_view message) { broadcast(prepared_message(message)); }
    /// Sends a message that is framed already to all connections.
    void broadcast(prepared_message const& message) {
        http::detail::for_each_at_home<detail::session_base>(
            service_->all(), std::identity(),
            [message](detail::session_base& s) { s.send(message); });
    }

    /// All open connections.
    std::vector<connection> connections() const;
    /// How many sessions there are, those that are ending too.
    std::size_t size() const { return service_->size(); }
    /// Sessions, bytes that wait, messages dropped, clients and input refused.
    std::shared_ptr<server_counters const> counters() const noexcept {
        return service_->shared_counters();
    }

    /// The executor that the server was created with.
    asio::any_io_executor get_executor() const { return service_->executor(); }
    /// What the server was created with.
    sockjs::options const& options() const noexcept { return service_->options(); }

    /// Where the server is mounted.
    std::string_view prefix() const noexcept { return service_->options().prefix; }
    /// Bytes of a request's body. For mounts.
    std::size_t body_limit() const noexcept { return service_->options().message_limit; }
    /// Answers a request below the prefix. For mounts.
    void async_serve(http::connection c, request r, http::mount_handler done);
    /// Adds what its replies have to one of the HTTP server's. For mounts.
    void dress_refusal(request const& r, response& reply) const;
    /// Ends all sessions, and opens no more.
    void drain() { service_->drain(); }

private:
    std::shared_ptr<detail::service> service_;
};

static_assert(http::mountable<server>);

// ---------------------------------------------------------------------------------------------

inline server::server(asio::any_io_executor executor, sockjs::options o)
    : service_(std::make_shared<detail::service>(std::move(executor), std::move(o))) {
    sockjs::options const& known = service_->options();
    if (!known.prefix.starts_with('/') || known.prefix.ends_with('/'))
        throw std::invalid_argument("sockjs::server: a prefix begins with / and ends without: " +
                                    known.prefix);
    if (!httphooks::detail::is_field_text(known.jsessionid_attributes) ||
        !httphooks::detail::is_field_text(known.frame_ancestors))
        throw std::invalid_argument("sockjs::server: an option is not a field's value");
    service_->websockets =
        detail::websocket_session::settings(known, false, service_->shared_counters());
    service_->raw_websockets =
        detail::websocket_session::settings(known, true, service_->shared_counters());
}

template <class F>
requires std::is_invocable_r_v<status, F&, handshake const&> ||
    std::invocable<F&, handshake const&, std::function<void(status)>>
void server::authorize(F f) {
    if constexpr (std::is_invocable_r_v<status, F&, handshake const&>)
        service_->authorise = [g = std::move(f)](handshake const& h,
                                                 detail::service::verdict const& then) mutable {
            then(g(h));
        };
    else
        service_->authorise = std::move(f);
}

inline std::vector<connection> server::connections() const {
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

inline void server::dress_refusal(request const& r, response& reply) const {
    if (!detail::has_cors(detail::route_of(r, options()).what)) return;
    detail::add_no_cache(reply);
    detail::add_cors(reply, options(), r);
}

inline void server::async_serve(http::connection c, request r, http::mount_handler done) {
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
