// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/engineio/client_connection.hpp>

#include <httphooks/engineio/detail/client_session.hpp>
#include <httphooks/engineio/packet.hpp>
#include <httphooks/engineio/transport_kind.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::engineio {

HTTPHOOKS_DECL bool client_connection::send(std::string_view text) const {
    return send(std::vector<packet>(1, packet{packet_type::message, false, std::string(text)}));
}

HTTPHOOKS_DECL bool client_connection::send_binary(std::string_view bytes) const {
    return send(std::vector<packet>(1, packet{packet_type::message, true, std::string(bytes)}));
}

HTTPHOOKS_DECL bool client_connection::send(std::vector<packet> messages) const {
    return session_ && session_->send(std::move(messages));
}

HTTPHOOKS_DECL void client_connection::close() const {
    close({});
}

HTTPHOOKS_DECL void client_connection::close(std::vector<packet> last) const {
    if (session_) session_->close(std::move(last));
}

HTTPHOOKS_DECL bool client_connection::is_open() const noexcept {
    return session_ && session_->is_open();
}

HTTPHOOKS_DECL std::size_t client_connection::buffered_amount() const noexcept {
    return session_ ? session_->buffered() : 0;
}

HTTPHOOKS_DECL transport_kind client_connection::transport() const noexcept {
    return session_ ? session_->transport() : transport_kind::polling;
}

HTTPHOOKS_DECL std::string const& client_connection::id() const noexcept {
    static std::string const none;
    return session_ ? session_->id() : none;
}

HTTPHOOKS_DECL asio::any_io_executor client_connection::get_executor() const {
    return session_ ? session_->executor() : asio::any_io_executor();
}

}  // namespace httphooks::engineio
