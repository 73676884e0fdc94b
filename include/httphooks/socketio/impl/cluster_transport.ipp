// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/cluster_transport.hpp>

#include <httphooks/detail/system/random_bits.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace httphooks::socketio::detail {

HTTPHOOKS_DECL std::string cluster_id() {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string id;
    for (int word = 0; word < 2; ++word) {
        std::uint32_t bits = httphooks::detail::random_bits::next();
        for (int i = 0; i < 8; ++i, bits >>= 4) id.push_back(digits[bits & 15]);
    }
    return id;
}

}  // namespace httphooks::socketio::detail
