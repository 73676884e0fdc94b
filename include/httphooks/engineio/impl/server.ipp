// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/engineio/server.hpp>
#include <httphooks/http/framing_guard.hpp>

#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/engineio/connection.hpp>
#include <httphooks/engineio/detail/middleware_run.hpp>
#include <httphooks/engineio/detail/query.hpp>
#include <httphooks/engineio/detail/reply.hpp>
#include <httphooks/engineio/detail/service.hpp>
#include <httphooks/engineio/options.hpp>
#include <httphooks/engineio/transport/polling.hpp>
#include <httphooks/engineio/transport/websocket.hpp>
#include <httphooks/http/mount.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::engineio {

namespace detail {

/** What is wrong with a request, as far as it can be told without asking the application.
    @par Source
    engine.io 6.6, Server.verify; a WebSocket of an origin that may not connect is refused too */
inline std::optional<refused> judge(service& s, request const& r, query const& q, bool upgrade,
                                    std::shared_ptr<live_session>& session) {
    engineio::options const& o = s.options();
    bool const polling = q.transport.is("polling") && o.polling;
    bool const websocket = q.transport.is("websocket") && o.websocket;
    if (!polling && !websocket)
        return refused{refusal::unknown_transport, q.transport.value.value_or(""), {}};
    if (upgrade && !s.lets_in(r)) return refused{refusal::forbidden, "INVALID_ORIGIN", {}, true};
    if (q.sid) {
        if (!q.sid.repeated) session = s.find(*q.sid.value);
        if (!session) return refused{refusal::unknown_session, *q.sid.value, {}};
        bool const fits = upgrade ? websocket && o.allow_upgrades
                                  : q.transport.is(to_string(session->transport()));
        if (!fits) return refused{refusal::bad_request, "TRANSPORT_MISMATCH", {}};
        return std::nullopt;
    }
    if (r.method() != verb::get) {
        auto const method = r.method_string();
        return refused{
            refusal::bad_handshake_method, std::string(method.data(), method.size()), {}};
    }
    if (websocket != upgrade) return refused{refusal::bad_request, "TRANSPORT_HANDSHAKE_ERROR", {}};
    return std::nullopt;
}

/// Serves a request that no middleware has ended.
inline void serve(std::shared_ptr<service> const& s, visit v, bool upgrade) {
    request const& asked = v.message;
    query const q = read_query(asked);
    std::shared_ptr<live_session> session;
    if (auto const wrong = judge(*s, asked, q, upgrade, session))
        return refuse(*s, std::move(v), *wrong, upgrade);
    if (!upgrade)
        return session ? transport::serve_polling(s, std::move(v), session)
                       : transport::open_polling(s, std::move(v), q);
    websocket::handshake_reply reply = accept_websocket(asked, s->options());
    if (!reply.accepted) {
        tell_refused(*s, asked, {refusal::bad_request, "WEBSOCKET_HANDSHAKE_ERROR"});
        add_common_fields(*s, reply.message, v);
        v.client.close_after_reply();
        return http::detail::reply(std::move(v), reply.message);
    }
    if (session)
        transport::upgrade_to_websocket(s, std::move(v), session, std::move(reply));
    else
        transport::open_websocket(s, std::move(v), q, std::move(reply));
}

}  // namespace detail

HTTPHOOKS_DECL server::server(asio::any_io_executor executor, engineio::options o)
    : service_(std::make_shared<detail::service>(std::move(executor), std::move(o))) {
    engineio::options const& known = service_->options();
    if (!known.path.starts_with('/') || known.path.ends_with('/'))
        throw std::invalid_argument("engineio::server: a path begins with / and ends without: " +
                                    known.path);
    if (!known.polling && !known.websocket)
        throw std::invalid_argument("engineio::server: there is no transport");
    if (known.select_subprotocol && !known.websocket)
        throw std::invalid_argument(
            "engineio::server: select_subprotocol has no effect without websocket");
    if (known.cookie)
        for (std::string const* const part : {&known.cookie->name, &known.cookie->path,
                                              &known.cookie->domain, &known.cookie->same_site})
            if (!httphooks::detail::is_field_text(*part) || part->find(';') != part->npos)
                throw std::invalid_argument("engineio::server: no part of a cookie: " + *part);
}

HTTPHOOKS_DECL void server::on_connection(std::function<void(connection)> f) {
    service_->on_connection = std::move(f);
}

HTTPHOOKS_DECL void server::on_connection_error(std::function<void(connection_error const&)> f) {
    service_->on_connection_error = std::move(f);
}

HTTPHOOKS_DECL void server::on_headers(
    std::function<void(fields& reply, request const&, bool initial)> f) {
    service_->on_headers = std::move(f);
}

HTTPHOOKS_DECL void server::on_error(std::function<void(std::exception_ptr)> f) {
    service_->on_error = std::move(f);
}

HTTPHOOKS_DECL void server::broadcast(prepared_message const& message) {
    engineio::broadcast(service_->all(), message);
}

HTTPHOOKS_DECL std::vector<connection> server::connections() const {
    return service_->all();
}

HTTPHOOKS_DECL std::size_t server::size() const {
    return service_->size();
}

HTTPHOOKS_DECL std::shared_ptr<server_counters const> server::counters() const noexcept {
    return service_->shared_counters();
}

HTTPHOOKS_DECL std::shared_ptr<server_counters> server::shared_counters() const noexcept {
    return service_->shared_counters();
}

HTTPHOOKS_DECL asio::any_io_executor server::get_executor() const {
    return service_->executor();
}

HTTPHOOKS_DECL engineio::options const& server::options() const noexcept {
    return service_->options();
}

HTTPHOOKS_DECL std::string_view server::prefix() const noexcept {
    return service_->options().path;
}

HTTPHOOKS_DECL std::size_t server::body_limit() const noexcept {
    return service_->options().max_payload;
}

HTTPHOOKS_DECL void server::drain() {
    service_->drain();
}

HTTPHOOKS_DECL void server::set_allow_request(
    std::function<void(handshake const&, std::function<void(verdict)>)> f) {
    service_->allow_request = std::move(f);
}

HTTPHOOKS_DECL void server::add_middleware(middleware f) {
    service_->middlewares.push_back(std::move(f));
}

HTTPHOOKS_DECL void server::dress_refusal(request const& r, response& reply) const {
    if (reply.result() == status::payload_too_large)
        reply.body().clear();
    else if (reply.result() == status::bad_request)
        reply = detail::bad_request_reply();
    detail::add_common_fields(*service_, reply, detail::addressee(r));
}

HTTPHOOKS_DECL http::body_end server::body_begins(request const& r) const {
    if (r.method() != verb::post) return {};
    detail::query const q = detail::read_query(r);
    if (!q.sid || q.sid.repeated || !q.transport.is("polling")) return {};
    auto const session = service_->find(*q.sid.value);
    if (!session) return {};
    session->post_begins();
    return [weak = std::weak_ptr(session)](bool good) {
        if (auto const s = weak.lock()) s->post_ends(good);
    };
}

HTTPHOOKS_DECL void server::async_serve(http::connection c, request r, http::mount_handler done) {
    detail::visit v{{std::move(c), std::move(r), std::move(done)}};
    request const& asked = v.message;
    auto const raw = asked.target();
    std::string_view const path = http::detail::target_path({raw.data(), raw.size()});
    bool const granted = service_->cors() && asked.method() == verb::options;
    if (granted || (options().add_trailing_slash && path.size() == prefix().size())) {
        response reply =
            granted ? make_response(status::no_content) : error_response(status::not_found);
        detail::add_common_fields(*service_, reply, v);
        return http::detail::reply(std::move(v), reply);
    }
    bool const upgrade = websocket::is_upgrade(asked);
    if (service_->middlewares.empty()) return detail::serve(service_, std::move(v), upgrade);
    auto const run = std::make_shared<detail::middleware_run>(
        service_, std::move(v), upgrade, [s = service_, upgrade](detail::visit passed) {
            detail::serve(s, std::move(passed), upgrade);
        });
    run->start();
}

}  // namespace httphooks::engineio
