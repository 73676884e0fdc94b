// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sockjs/connection.hpp>

#include <httphooks/detail/text/utf8.hpp>
#include <httphooks/http/detail/home_groups.hpp>
#include <httphooks/sockjs/detail/session_base.hpp>
#include <httphooks/sockjs/error.hpp>
#include <httphooks/sockjs/handshake.hpp>

#include <any>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

namespace httphooks::sockjs {

HTTPHOOKS_DECL bool may_close_with(close_code code, std::string_view reason) noexcept {
    auto const n = static_cast<std::uint16_t>(code);
    return (n == 1000 || (n >= 3000 && n <= 4999)) && reason.size() <= 123 &&
           httphooks::detail::is_utf8(reason);
}

HTTPHOOKS_DECL bool connection::send(std::string_view message) {
    return session_->send(message);
}

HTTPHOOKS_DECL bool connection::send_binary(std::string_view bytes) {
    return session_->send_binary(bytes);
}

HTTPHOOKS_DECL bool connection::send(prepared_message const& message) {
    return session_->send(message);
}

HTTPHOOKS_DECL bool connection::close(close_code code, std::string_view reason) {
    return may_close_with(code, reason) && session_->close(code, reason);
}

HTTPHOOKS_DECL void connection::set_on_message(std::function<void(std::string_view, bool)> f) {
    session_->on_message(std::move(f));
}

HTTPHOOKS_DECL void connection::on_close(std::function<void(close_code, std::string_view)> f) {
    session_->on_close(std::move(f));
}

HTTPHOOKS_DECL void connection::on_drain(std::function<void()> f) {
    session_->on_drain(std::move(f));
}

HTTPHOOKS_DECL void connection::pause() {
    session_->pause();
}

HTTPHOOKS_DECL void connection::resume() {
    session_->resume();
}

HTTPHOOKS_DECL bool connection::is_open() const noexcept {
    return session_->is_open();
}

HTTPHOOKS_DECL std::size_t connection::buffered_amount() const noexcept {
    return session_->buffered();
}

HTTPHOOKS_DECL sockjs::handshake const& connection::handshake() const noexcept {
    return session_->opening();
}

HTTPHOOKS_DECL asio::ip::tcp::endpoint const& connection::peer() const noexcept {
    return session_->opening().peer;
}

HTTPHOOKS_DECL std::string_view connection::transport() const noexcept {
    return session_->transport();
}

HTTPHOOKS_DECL asio::any_io_executor connection::get_executor() const {
    return session_->place().executor();
}

HTTPHOOKS_DECL bool connection::owns_context() const noexcept {
    return session_->place().owns_context();
}

HTTPHOOKS_DECL std::any& connection::data() noexcept {
    return session_->data();
}

HTTPHOOKS_DECL void detail::broadcast(httphooks::detail::function_ref<void(visit_connection)> each,
                                      prepared_message const& message) {
    http::detail::home_groups<session_base> elsewhere;
    each([&](connection const& c) {
        if (c.session()->place().here())
            c.session()->send(message);
        else
            elsewhere.add(c.session());
    });
    elsewhere.post([message](session_base& s) { s.send_taken(message); });
}

}  // namespace httphooks::sockjs
