// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/nsp.hpp>

#include <httphooks/socketio/adapter.hpp>
#include <httphooks/socketio/detail/live_nsp.hpp>
#include <httphooks/socketio/detail/live_socket.hpp>
#include <httphooks/socketio/socket.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio {

namespace detail {

inline socket to_socket(std::shared_ptr<local_socket> const& s) {
    return socket(std::static_pointer_cast<live_socket>(s));
}

}  // namespace detail

HTTPHOOKS_DECL std::string const& nsp::name() const noexcept {
    return nsp_->name();
}

HTTPHOOKS_DECL broadcast_operator nsp::all() const {
    return {nsp_, {}};
}

HTTPHOOKS_DECL broadcast_operator nsp::local() const {
    return all().local();
}

HTTPHOOKS_DECL broadcast_operator nsp::volatile_() const {
    return all().volatile_();
}

HTTPHOOKS_DECL broadcast_operator nsp::compress(bool b) const {
    return all().compress(b);
}

HTTPHOOKS_DECL broadcast_operator nsp::timeout(std::chrono::milliseconds t) const {
    return all().timeout(t);
}

HTTPHOOKS_DECL void nsp::disconnect_sockets(bool close) const {
    all().disconnect_sockets(close);
}

HTTPHOOKS_DECL void nsp::add_middleware(function<void(socket, next)> f) const {
    nsp_->change([&](detail::nsp_handlers& h) {
        h.middlewares.push_back([f = std::move(f)](detail::socket_ptr const& s, next go) {
            f(socket(s), std::move(go));
        });
    });
}

HTTPHOOKS_DECL void nsp::add_connection(function<void(socket)> f) const {
    nsp_->change([&](detail::nsp_handlers& h) {
        h.connection.push_back([f = std::move(f)](detail::socket_ptr const& s) { f(socket(s)); });
    });
}

HTTPHOOKS_DECL void nsp::add_room_event(
    function<void(room_event, std::string_view, std::string_view)> f) const {
    nsp_->tell_rooms();
    nsp_->change([&](detail::nsp_handlers& h) { h.rooms.push_back(std::move(f)); });
}

HTTPHOOKS_DECL void nsp::add_server_side(
    event_name event, function<void(arguments const&, server_side_answer const&)> f) const {
    nsp_->change([&](detail::nsp_handlers& h) {
        h.server_side.emplace_back(std::string(event.text()), std::move(f));
    });
}

HTTPHOOKS_DECL void nsp::send_server_side(
    detail::payload&& data,
    std::function<void(error_code, std::vector<nlohmann::json>)> done) const {
    nsp_->adapter().server_side_emit(std::move(data), std::move(done));
}

HTTPHOOKS_DECL std::vector<socket> nsp::sockets() const {
    std::vector<socket> all;
    nsp_->each([&](detail::live_nsp& n) {
        for (auto const& s : n.adapter().local_sockets({})) all.push_back(detail::to_socket(s));
    });
    return all;
}

HTTPHOOKS_DECL std::optional<socket> nsp::find(std::string_view id) const {
    std::optional<socket> found;
    nsp_->each([&](detail::live_nsp& n) {
        if (auto const s = n.adapter().find(id)) found = detail::to_socket(s);
    });
    return found;
}

HTTPHOOKS_DECL std::size_t nsp::size() const {
    std::size_t n = 0;
    nsp_->each([&](detail::live_nsp& each) { n += each.adapter().size(); });
    return n;
}

}  // namespace httphooks::socketio
