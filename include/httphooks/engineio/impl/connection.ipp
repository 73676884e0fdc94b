// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/engineio/connection.hpp>

#include <httphooks/engineio/detail/live_session.hpp>
#include <httphooks/http/detail/home_groups.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <any>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::engineio {

HTTPHOOKS_DECL bool connection::send(std::string_view text) {
    return session_->send({packet_type::message, false, text});
}

HTTPHOOKS_DECL bool connection::send_binary(std::string_view bytes) {
    return session_->send({packet_type::message, true, bytes});
}

HTTPHOOKS_DECL bool connection::send_with(
    std::size_t expected, httphooks::detail::function_ref<void(std::string&)> write) {
    return session_->send_text_with(expected, write);
}

HTTPHOOKS_DECL bool connection::send(prepared_message const& m) {
    return session_->send(m);
}

HTTPHOOKS_DECL void connection::close() {
    session_->close();
}

HTTPHOOKS_DECL void connection::pause() {
    session_->pause();
}

HTTPHOOKS_DECL void connection::resume() {
    session_->resume();
}

HTTPHOOKS_DECL void connection::on_close(std::function<void(close_reason)> f) {
    session_->on_close(std::move(f));
}

HTTPHOOKS_DECL void connection::on_drain(std::function<void()> f) {
    session_->on_drain(std::move(f));
}

HTTPHOOKS_DECL void connection::on_upgrade(std::function<void()> f) {
    session_->on_upgrade(std::move(f));
}

HTTPHOOKS_DECL bool connection::is_open() const noexcept {
    return session_->is_open();
}

HTTPHOOKS_DECL bool connection::writable() const noexcept {
    return session_->writable();
}

HTTPHOOKS_DECL std::size_t connection::buffered_amount() const noexcept {
    return session_->buffered();
}

HTTPHOOKS_DECL std::string const& connection::id() const noexcept {
    return session_->id();
}

HTTPHOOKS_DECL transport_kind connection::transport() const noexcept {
    return session_->transport();
}

HTTPHOOKS_DECL revision connection::protocol() const noexcept {
    return session_->protocol();
}

HTTPHOOKS_DECL engineio::handshake const& connection::handshake() const noexcept {
    return session_->opening();
}

HTTPHOOKS_DECL asio::ip::tcp::endpoint const& connection::peer() const noexcept {
    return session_->opening().peer;
}

HTTPHOOKS_DECL asio::any_io_executor connection::get_executor() const {
    return session_->place().executor();
}

HTTPHOOKS_DECL std::any& connection::data() noexcept {
    return session_->data();
}

HTTPHOOKS_DECL void connection::set_on_message(std::function<void(std::string_view, bool)> f) {
    session_->on_message(std::move(f));
}

HTTPHOOKS_DECL void broadcast(std::span<connection const> to, prepared_message const& message) {
    http::detail::for_each_at_home<detail::live_session>(
        to, &connection::session, [message](detail::live_session& s) { s.send_taken(message); });
}

}  // namespace httphooks::engineio
