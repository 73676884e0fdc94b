// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    SHA-256 (FIPS 180-4), by which sessions are found without their ids being kept.
*/

#include <httphooks/config.hpp>

#include <string>
#include <string_view>

namespace httphooks::redis::detail {

/// The SHA-256 digest of a text: 32 bytes.
std::string sha256(std::string_view text);

}  // namespace httphooks::redis::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/redis/detail/impl/sha256.ipp>
#endif
