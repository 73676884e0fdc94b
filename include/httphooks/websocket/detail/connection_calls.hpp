// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a WebSocket connection's handle does: calls what is behind it.
*/

#include <httphooks/websocket/detail/channel.hpp>

#include <any>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

namespace httphooks::websocket {

inline bool connection::send(std::string_view text) const {
    return channel_ && channel_->send(opcode::text, text);
}

inline bool connection::send_binary(std::string_view bytes) const {
    return channel_ && channel_->send(opcode::binary, bytes);
}

inline bool connection::send(prepared_message const& m) const {
    return channel_ && channel_->send(m);
}

template <std::invocable<std::string&> Write>
bool connection::send_with(bool binary, std::size_t expected, Write write) const {
    return channel_ && channel_->send_with(binary ? opcode::binary : opcode::text, expected, write);
}

inline void connection::close(close_code code, std::string_view reason) const {
    if (channel_) channel_->close(code, reason);
}

inline void connection::close_behind(std::string_view text, close_code code,
                                     std::string_view reason) const {
    if (channel_) channel_->close_behind(text, code, reason);
}

inline void connection::terminate() const {
    if (channel_) channel_->terminate();
}

inline bool connection::is_open() const noexcept {
    return channel_ && channel_->is_open();
}

inline std::size_t connection::buffered_amount() const noexcept {
    return channel_ ? channel_->buffered() : 0;
}

inline std::size_t connection::unsent() const noexcept {
    return channel_ ? channel_->stream().unsent() : 0;
}

inline void connection::pause() const noexcept {
    channel_->pause();
}

inline void connection::resume() const {
    channel_->resume();
}

inline std::string const& connection::subprotocol() const noexcept {
    static std::string const none;
    return channel_->subprotocol ? *channel_->subprotocol : none;
}

inline asio::ip::tcp::endpoint const& connection::peer() const noexcept {
    return channel_->peer;
}

inline bool connection::tls() const noexcept {
    return channel_->tls;
}

inline asio::any_io_executor connection::get_executor() const {
    return channel_->stream().get_executor();
}

inline bool connection::owns_context() const noexcept {
    return channel_->stream().owns_context();
}

inline std::any& connection::data() const noexcept {
    return channel_->data;
}

}  // namespace httphooks::websocket
