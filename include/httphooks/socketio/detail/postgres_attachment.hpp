// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Notifications of PostgreSQL that tell of a row.
*/

#include <httphooks/config.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace httphooks::socketio::detail {

/// Where the message of a notification is.
struct postgres_attachment {
    /// The number of its row, as PostgreSQL writes a bigint; empty: the notification is the
    /// message.
    std::string row{};
    /// The server that sends it; empty if it does not say.
    std::string uid{};
};

/// Reads a notification as far as it tells where the message is. @return nothing: it is malformed
std::optional<postgres_attachment> read_postgres_attachment(std::string_view payload);

}  // namespace httphooks::socketio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/detail/impl/postgres_attachment.ipp>
#endif
