// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Messages of a subscriber, read where they are.
*/

#include <httphooks/config.hpp>
#include <httphooks/redis/message.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace httphooks::redis::detail {

/// What bytes begin with.
enum class pushed : std::uint8_t {
    /// A message.
    message,
    /// The beginning of one, as far as can be seen.
    unfinished,
    /// Something else, or nothing that Redis sends.
    other,
};

/** Reads the message that bytes begin with.
    @param to refers to the bytes
    @param size how many of them it has
    @par Source
    Redis serialization protocol, version 2: message, pmessage and smessage */
pushed read_pushed(std::string_view bytes, message& to, std::size_t& size) noexcept;

}  // namespace httphooks::redis::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/redis/detail/impl/pushed_message.ipp>
#endif
