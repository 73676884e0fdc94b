// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Which fields belong to the framing of a message, and so to whoever writes it.
*/

#include <httphooks/message.hpp>

namespace httphooks::detail {

/// Whether a field is computed by who writes the message, never taken from who made it.
constexpr bool is_framing_field(field name) noexcept {
    switch (name) {
        case field::connection:
        case field::content_length:
        case field::keep_alive:
        case field::proxy_connection:
        case field::te:
        case field::trailer:
        case field::transfer_encoding:
        case field::upgrade:
            return true;
        default:
            return false;
    }
}

}  // namespace httphooks::detail
