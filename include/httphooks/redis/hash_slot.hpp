// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Where a key of a Redis cluster is.
*/

#include <httphooks/config.hpp>

#include <cstdint>
#include <string_view>

namespace httphooks::redis {

/** The hash slot of a key or of a sharded channel, 0 to 16383. When there is something between the
    first `{` and the first `}` behind it, that alone counts.
    @par Source
    Redis cluster specification, key distribution model and hash tags */
std::uint16_t hash_slot(std::string_view key) noexcept;

}  // namespace httphooks::redis

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/redis/impl/hash_slot.ipp>
#endif
