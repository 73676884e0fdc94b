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

class message_codec;

namespace detail {
class channel_output;
}

/** Messages of a server, framed once for any number of connections. Copies share them.

    Connections with compressed messages that do not refer to earlier ones share these as well: they
    are compressed once, for the first of them. When one of several is not to be compressed, none
    is. */
class prepared_message {
public:
    /// One message. @param binary whether the data are bytes; else they are text
    explicit prepared_message(std::string_view data, bool binary = false);
    /// Several messages: nothing comes between them, and all of them are sent, or none.
    explicit prepared_message(std::span<message const> several);

    /// The frames, not compressed.
    std::string const& bytes() const noexcept;

private:
    friend class detail::channel_output;
    struct frames;

    /// The frames, to be written as they are.
    std::shared_ptr<std::string const> plain() const noexcept;
    /// The frames in the form that a codec without context makes of them; null: another codec was
    /// first, or they are not to be compressed.
    std::shared_ptr<std::string const> compressed(message_codec& codec) const;
    /// Whether they may be compressed.
    bool may_compress() const noexcept;

    std::shared_ptr<frames> frames_;
};

}  // namespace httphooks::websocket

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/websocket/impl/prepared_message.ipp>
#endif
