// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    WebSocket messages that are framed once and sent to many connections.
*/

#include <httphooks/config.hpp>
#include <httphooks/websocket/events.hpp>

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace httphooks::websocket {

namespace detail {
class channel_output;
}

/// Messages of a server, framed once for any number of connections. Copies share them.
class prepared_message {
public:
    /// One message. @param binary whether the data are bytes; else they are text
    explicit prepared_message(std::string_view data, bool binary = false);
    /// Several messages: nothing comes between them, and all of them are sent, or none.
    explicit prepared_message(std::span<message const> several);

    /// The frames.
    std::string const& bytes() const noexcept { return *bytes_; }

private:
    friend class detail::channel_output;

    std::shared_ptr<std::string const> bytes_;
};

}  // namespace httphooks::websocket

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/websocket/impl/prepared_message.ipp>
#endif
