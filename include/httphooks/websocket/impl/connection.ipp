// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/websocket/connection.hpp>

#include <httphooks/detail/system/function_ref.hpp>
#include <httphooks/websocket/detail/channel.hpp>
#include <httphooks/websocket/frame.hpp>

#include <any>
#include <cstddef>
#include <string>
#include <string_view>

namespace httphooks::websocket {

HTTPHOOKS_DECL bool connection::send(std::string_view text) const {
    return channel_ && channel_->send(opcode::text, text);
}

HTTPHOOKS_DECL bool connection::send_binary(std::string_view bytes) const {
    return channel_ && channel_->send(opcode::binary, bytes);
}

HTTPHOOKS_DECL bool connection::send(message const& m) const {
    return channel_ && channel_->send(m.binary ? opcode::binary : opcode::text, m.data, m.compress);
}

HTTPHOOKS_DECL bool connection::send(prepared_message const& m) const {
    return channel_ && channel_->send(m);
}

HTTPHOOKS_DECL bool connection::send_with(bool binary, std::size_t expected,
                                          httphooks::detail::function_ref<void(std::string&)> write,
                                          bool compress) const {
    return channel_ &&
           channel_->send_with(binary ? opcode::binary : opcode::text, expected, write, compress);
}

HTTPHOOKS_DECL void connection::close(close_code code, std::string_view reason) const {
    if (channel_) channel_->close(code, reason);
}

HTTPHOOKS_DECL void connection::close_behind(std::string_view text, close_code code,
                                             std::string_view reason) const {
    if (channel_) channel_->close_behind(text, code, reason);
}

HTTPHOOKS_DECL void connection::terminate() const {
    if (channel_) channel_->terminate();
}

HTTPHOOKS_DECL void connection::retain(std::size_t bytes) const {
    if (channel_) channel_->retain(bytes);
}

HTTPHOOKS_DECL bool connection::is_open() const noexcept {
    return channel_ && channel_->is_open();
}

HTTPHOOKS_DECL std::size_t connection::buffered_amount() const noexcept {
    return channel_ ? channel_->buffered() : 0;
}

HTTPHOOKS_DECL std::size_t connection::output_limit() const noexcept {
    return channel_ ? channel_->settings()->options.output_limit : 0;
}

HTTPHOOKS_DECL std::size_t connection::unsent() const noexcept {
    return channel_ ? channel_->stream().unsent() : 0;
}

HTTPHOOKS_DECL void connection::expect_drain() const {
    if (channel_) channel_->expect_drain();
}

HTTPHOOKS_DECL void connection::pause() const noexcept {
    channel_->pause();
}

HTTPHOOKS_DECL void connection::pause_until_gone() const {
    channel_->pause_until_gone();
}

HTTPHOOKS_DECL void connection::resume() const {
    channel_->resume();
}

HTTPHOOKS_DECL std::string const& connection::subprotocol() const noexcept {
    static std::string const none;
    return channel_->subprotocol ? *channel_->subprotocol : none;
}

HTTPHOOKS_DECL asio::ip::tcp::endpoint const& connection::peer() const noexcept {
    return channel_->peer;
}

HTTPHOOKS_DECL bool connection::tls() const noexcept {
    return channel_->tls;
}

HTTPHOOKS_DECL asio::any_io_executor connection::get_executor() const {
    return channel_->stream().get_executor();
}

HTTPHOOKS_DECL bool connection::owns_context() const noexcept {
    return channel_->stream().owns_context();
}

HTTPHOOKS_DECL std::any& connection::data() const noexcept {
    return channel_->data;
}

}  // namespace httphooks::websocket
