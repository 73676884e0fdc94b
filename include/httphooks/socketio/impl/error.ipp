// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/error.hpp>

#include <httphooks/error.hpp>

#include <string>

namespace httphooks::socketio {

namespace detail {

class socketio_error_category final : public boost::system::error_category {
public:
    char const* name() const noexcept override { return "httphooks.socketio"; }

    std::string message(int value) const override {
        switch (static_cast<error>(value)) {
            case error::unknown_type:
                return "unknown packet type";
            case error::bad_namespace:
                return "invalid namespace of a packet";
            case error::bad_id:
                return "invalid packet id";
            case error::bad_payload:
                return "invalid payload";
            case error::too_deep:
                return "nested too deep";
            case error::bad_event_name:
                return "invalid event name";
            case error::reserved_event:
                return "reserved event name";
            case error::bad_attachments:
                return "illegal attachments";
            case error::too_many_attachments:
                return "too many attachments";
            case error::too_large:
                return "packet too large";
            case error::missing_attachment:
                return "got text in place of an attachment";
            case error::unexpected_attachment:
                return "got bytes that were not announced";
            case error::bad_placeholder:
                return "placeholder without attachment";
            case error::missing_argument:
                return "argument missing";
            case error::bad_argument:
                return "argument of the wrong kind";
            case error::ack_timed_out:
                return "operation has timed out";
            case error::disconnected:
                return "socket has been disconnected";
            case error::invalid_namespace:
                return "Invalid namespace";
            case error::refused:
                return "refused by the server";
            case error::no_handler:
                return "no handler for the event";
            case error::handler_failed:
                return "internal error";
            case error::bad_cluster_message:
                return "malformed message of another server";
            case error::servers_timed_out:
                return "timeout reached: not all servers have answered";
            case error::servers_unreachable:
                return "the other servers cannot be reached";
            case error::messages_missed:
                return "messages of other servers were missed";
        }
        return "unknown error";
    }
};

}  // namespace detail

HTTPHOOKS_DECL boost::system::error_category const& error_category() noexcept {
    static detail::socketio_error_category const category;
    return category;
}

HTTPHOOKS_DECL error_code make_error_code(error e) noexcept {
    return error_code(static_cast<int>(e), error_category());
}

}  // namespace httphooks::socketio
