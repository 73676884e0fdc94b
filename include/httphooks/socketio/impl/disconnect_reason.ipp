// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/disconnect_reason.hpp>

#include <httphooks/engineio/error.hpp>

#include <string_view>

namespace httphooks::socketio {

HTTPHOOKS_DECL std::string_view to_string(disconnect_reason why) noexcept {
    switch (why) {
        case disconnect_reason::transport_error:
            return "transport error";
        case disconnect_reason::transport_close:
            return "transport close";
        case disconnect_reason::forced_close:
            return "forced close";
        case disconnect_reason::ping_timeout:
            return "ping timeout";
        case disconnect_reason::parse_error:
            return "parse error";
        case disconnect_reason::server_shutting_down:
            return "server shutting down";
        case disconnect_reason::forced_server_close:
            return "forced server close";
        case disconnect_reason::client_namespace_disconnect:
            return "client namespace disconnect";
        case disconnect_reason::server_namespace_disconnect:
            return "server namespace disconnect";
    }
    return "transport error";
}

HTTPHOOKS_DECL disconnect_reason to_disconnect_reason(engineio::close_reason why) noexcept {
    switch (why) {
        case engineio::close_reason::transport_error:
            return disconnect_reason::transport_error;
        case engineio::close_reason::transport_close:
            return disconnect_reason::transport_close;
        case engineio::close_reason::forced_close:
            return disconnect_reason::forced_close;
        case engineio::close_reason::ping_timeout:
            return disconnect_reason::ping_timeout;
        case engineio::close_reason::parse_error:
            return disconnect_reason::parse_error;
        case engineio::close_reason::server_shutting_down:
            return disconnect_reason::server_shutting_down;
    }
    return disconnect_reason::transport_error;
}

}  // namespace httphooks::socketio
