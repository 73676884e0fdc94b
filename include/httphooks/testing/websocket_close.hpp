// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    For tests: how a WebSocket ended.
*/

#include <httphooks/websocket/close_code.hpp>

#include <string>

namespace httphooks::testing {

/// How a WebSocket ended.
struct websocket_close {
    /// The code of the server's close frame; abnormal: it ended without one.
    websocket::close_code code = websocket::close_code::abnormal;
    /// In words.
    std::string reason{};
};

}  // namespace httphooks::testing
