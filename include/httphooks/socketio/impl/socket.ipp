// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/socket.hpp>

#include <httphooks/engineio/connection.hpp>
#include <httphooks/socketio/detail/live_socket.hpp>
#include <httphooks/socketio/disconnect_reason.hpp>
#include <httphooks/socketio/handshake.hpp>
#include <httphooks/socketio/socket_error.hpp>

#include <nlohmann/json.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio {

HTTPHOOKS_DECL void emitter::send(detail::payload&& p, detail::ack_handler ack) const {
    socket_->emit(std::move(p), flags_, std::move(ack));
}

HTTPHOOKS_DECL asio::any_io_executor emitter::executor() const {
    return socket_->executor();
}

HTTPHOOKS_DECL emitter emitter::timeout(std::chrono::milliseconds t) const {
    emitter copy = *this;
    copy.flags_.timeout = t;
    return copy;
}

HTTPHOOKS_DECL emitter emitter::volatile_() const {
    emitter copy = *this;
    copy.flags_.volatile_ = true;
    return copy;
}

HTTPHOOKS_DECL emitter emitter::compress(bool b) const {
    emitter copy = *this;
    copy.flags_.compress = b;
    return copy;
}

HTTPHOOKS_DECL std::string const& socket::id() const noexcept {
    return socket_->id();
}

HTTPHOOKS_DECL bool socket::connected() const noexcept {
    return socket_->is_connected();
}

HTTPHOOKS_DECL bool socket::recovered() const noexcept {
    return socket_->recovered();
}

HTTPHOOKS_DECL socketio::handshake socket::handshake() const {
    return socket_->handshake();
}

HTTPHOOKS_DECL std::string const& socket::nsp() const noexcept {
    return socket_->nsp().name();
}

HTTPHOOKS_DECL nlohmann::json& socket::data() const noexcept {
    return socket_->data();
}

HTTPHOOKS_DECL engineio::connection socket::conn() const {
    return socket_->engine();
}

HTTPHOOKS_DECL asio::any_io_executor socket::get_executor() const {
    return socket_->executor();
}

HTTPHOOKS_DECL void socket::leave(std::string_view room) const {
    socket_->leave(room);
}

HTTPHOOKS_DECL std::vector<std::string> socket::rooms() const {
    return socket_->rooms();
}

HTTPHOOKS_DECL emitter socket::timeout(std::chrono::milliseconds t) const {
    return emitter(socket_, {}).timeout(t);
}

HTTPHOOKS_DECL emitter socket::volatile_() const {
    return emitter(socket_, {}).volatile_();
}

HTTPHOOKS_DECL emitter socket::compress(bool b) const {
    return emitter(socket_, {}).compress(b);
}

HTTPHOOKS_DECL broadcast_operator socket::local() const {
    return broadcast().local();
}

HTTPHOOKS_DECL void socket::off(event_name event) const {
    socket_->events().remove(event.text());
}

HTTPHOOKS_DECL void socket::off(handler_id h) const {
    socket_->events().remove(h);
}

HTTPHOOKS_DECL std::size_t socket::listener_count(event_name event) const {
    return socket_->events().count(event.text());
}

HTTPHOOKS_DECL void socket::off_any(handler_id h) const {
    socket_->any.get().remove(h);
}

HTTPHOOKS_DECL void socket::off_any() const {
    socket_->any.get().clear();
}

HTTPHOOKS_DECL void socket::off_any_outgoing(handler_id h) const {
    socket_->any_outgoing.get().remove(h);
}

HTTPHOOKS_DECL void socket::off_any_outgoing() const {
    socket_->any_outgoing.get().clear();
}

HTTPHOOKS_DECL void socket::on_disconnecting(std::function<void(disconnect_reason)> f) const {
    socket_->on_disconnecting.get().add({}, std::move(f));
}

HTTPHOOKS_DECL void socket::on_disconnect(std::function<void(disconnect_reason)> f) const {
    socket_->on_disconnect.get().add({}, std::move(f));
}

HTTPHOOKS_DECL void socket::on_error(std::function<void(socket_error const&)> f) const {
    socket_->on_error.get().add({}, std::move(f));
}

HTTPHOOKS_DECL void socket::disconnect(bool close) const {
    socket_->disconnect(close);
}

HTTPHOOKS_DECL broadcast_operator socket::broadcast() const {
    return {socket_->nsp_handle(), {{}, {id()}, {}}};
}

HTTPHOOKS_DECL bool socket::join_all(std::span<std::string const> rooms) const {
    return socket_->join(rooms);
}

HTTPHOOKS_DECL void socket::send(detail::payload&& p, detail::ack_handler ack) const {
    socket_->emit(std::move(p), {}, std::move(ack));
}

HTTPHOOKS_DECL handler_id socket::add_event(event_name event, detail::event_handler f,
                                            bool once) const {
    return socket_->events().add(event.text(), std::move(f), once);
}

HTTPHOOKS_DECL handler_id socket::add_any(any_function f, bool first) const {
    return socket_->any.get().add({}, std::move(f), false, first);
}

HTTPHOOKS_DECL handler_id socket::add_any_outgoing(any_function f, bool first) const {
    return socket_->any_outgoing.get().add({}, std::move(f), false, first);
}

HTTPHOOKS_DECL void socket::add_middleware(middleware_function f) const {
    socket_->use(std::move(f));
}

}  // namespace httphooks::socketio
