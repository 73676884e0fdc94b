// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a server has refused, as one text.
*/

#include <httphooks/server_counters.hpp>

#include <string>

namespace support {

/// "reason: times; reason: times".
inline std::string refusals(httphooks::server_counters const& c) {
    std::string text;
    for (auto const& [reason, n] : c.refusals())
        text += (text.empty() ? "" : "; ") + reason + ": " + std::to_string(n);
    return text;
}

}  // namespace support
