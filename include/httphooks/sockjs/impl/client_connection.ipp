// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sockjs/client_connection.hpp>

#include <httphooks/sockjs/detail/client_session.hpp>
#include <httphooks/sockjs/error.hpp>

#include <cstddef>
#include <string_view>

namespace httphooks::sockjs {

HTTPHOOKS_DECL bool client_connection::send(std::string_view message) const {
    return session_ && session_->send(message);
}

HTTPHOOKS_DECL bool client_connection::close(close_code code, std::string_view reason) const {
    return session_ && session_->close(code, reason);
}

HTTPHOOKS_DECL bool client_connection::is_open() const noexcept {
    return session_ && session_->is_open();
}

HTTPHOOKS_DECL std::size_t client_connection::buffered_amount() const noexcept {
    return session_ ? session_->buffered() : 0;
}

HTTPHOOKS_DECL std::string_view client_connection::transport() const noexcept {
    return session_ ? session_->transport() : std::string_view();
}

HTTPHOOKS_DECL void client_connection::pause() const {
    if (session_) session_->pause();
}

HTTPHOOKS_DECL void client_connection::resume() const {
    if (session_) session_->resume();
}

HTTPHOOKS_DECL asio::any_io_executor client_connection::get_executor() const {
    return session_->executor();
}

}  // namespace httphooks::sockjs
