// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/client_disconnect_reason.hpp>

#include <httphooks/engineio/error.hpp>

#include <string_view>

namespace httphooks::socketio {

HTTPHOOKS_DECL std::string_view to_string(client_disconnect_reason why) noexcept {
    switch (why) {
        case client_disconnect_reason::io_server_disconnect:
            return "io server disconnect";
        case client_disconnect_reason::io_client_disconnect:
            return "io client disconnect";
        case client_disconnect_reason::ping_timeout:
            return "ping timeout";
        case client_disconnect_reason::transport_close:
            return "transport close";
        case client_disconnect_reason::transport_error:
            return "transport error";
        case client_disconnect_reason::parse_error:
            return "parse error";
        case client_disconnect_reason::forced_close:
            return "forced close";
    }
    return "transport error";
}

HTTPHOOKS_DECL client_disconnect_reason
to_client_disconnect_reason(engineio::close_reason why) noexcept {
    switch (why) {
        case engineio::close_reason::transport_error:
            return client_disconnect_reason::transport_error;
        case engineio::close_reason::transport_close:
        case engineio::close_reason::server_shutting_down:
            return client_disconnect_reason::transport_close;
        case engineio::close_reason::forced_close:
            return client_disconnect_reason::forced_close;
        case engineio::close_reason::ping_timeout:
            return client_disconnect_reason::ping_timeout;
        case engineio::close_reason::parse_error:
            return client_disconnect_reason::parse_error;
    }
    return client_disconnect_reason::transport_error;
}

}  // namespace httphooks::socketio
