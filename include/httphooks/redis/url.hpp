// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The address of a Redis server.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace httphooks::redis {

/** The URL of a Redis server, split.

    @par Source
    The URI schemes `redis` and `rediss` as registered with IANA; `unix` as redis-py has it */
struct url {
    /// Whether the scheme is rediss.
    bool tls = false;
    /// A name or an address; IPv6 without brackets. Empty: a socket of the file system.
    std::string host{};
    /// The port.
    std::uint16_t port = 6379;
    /// The path of a socket of the file system.
    std::string path{};
    /// The ACL user; empty: the default user.
    std::string user{};
    /// The password; empty: none is sent.
    std::string password{};
    /// The number of the database.
    std::uint32_t database = 0;

    /** Splits a text.
        @return error::invalid_url: another scheme, no host, a port or a database that is no number,
            an escape that is none, a user without a password, a blank or a control character */
    static result<url> parse(std::string_view text);
};

}  // namespace httphooks::redis

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/redis/impl/url.ipp>
#endif
