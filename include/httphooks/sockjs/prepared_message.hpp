// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A message that is framed once and sent to many connections.
*/

#include <httphooks/config.hpp>
#include <httphooks/websocket/prepared_message.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace httphooks::sockjs {

/** A message, framed for every kind of transport. A cheap copy.

    @par Thread safety
    As a value; it does not change. */
class prepared_message {
public:
    /// @param text what is sent
    explicit prepared_message(std::string_view text);

    /// The message.
    std::string_view text() const noexcept { return forms_->text; }
    /// The message as a JSON string.
    std::string_view quoted() const noexcept { return forms_->quoted; }
    /// The message as a frame of WebSocket that holds a frame of SockJS.
    websocket::prepared_message const& websocket_frame() const noexcept {
        return forms_->websocket;
    }
    /// The message as a frame of WebSocket.
    websocket::prepared_message const& raw_frame() const noexcept { return forms_->raw; }

private:
    struct forms {
        std::string text;
        std::string quoted;
        websocket::prepared_message websocket;
        websocket::prepared_message raw;
    };

    std::shared_ptr<forms const> forms_;
};

}  // namespace httphooks::sockjs

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/impl/prepared_message.ipp>
#endif
