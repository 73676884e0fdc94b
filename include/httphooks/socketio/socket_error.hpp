// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a socket tells of events that were not handled.
*/

#include <httphooks/error.hpp>
#include <httphooks/socketio/event.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <optional>
#include <string>

namespace httphooks::socketio {

/// Why an event was not handled; see socket::on_error().
struct socket_error {
    /// In words: a middleware's, or what is wrong with an argument.
    std::string message{};
    /// What a middleware told besides.
    std::optional<nlohmann::json> data{};
    /// The name of the event.
    std::string event{};
    /// Which argument is wrong, from 0 on; nothing: a middleware refused the event.
    std::optional<std::size_t> argument{};
    /// What is wrong with it: error::missing_argument or error::bad_argument.
    error_code code{};
};

}  // namespace httphooks::socketio
