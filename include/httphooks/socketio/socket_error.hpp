// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a socket tells of events that were not handled.
*/

#include <httphooks/error.hpp>
#include <httphooks/socketio/ack.hpp>
#include <httphooks/socketio/event.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <optional>
#include <string>

namespace httphooks::socketio {

/// Why an event was not handled; see socket::on_error().
struct socket_error {
    /// In words that the other side may see: a middleware's, or those of `code`.
    std::string message{};
    /// What a middleware told besides.
    std::optional<nlohmann::json> data{};
    /// The name of the event.
    std::string event{};
    /// Which argument is wrong, from 0 on; nothing: it is not that.
    std::optional<std::size_t> argument{};
    /// error::missing_argument or error::bad_argument: what is wrong with the argument.
    /// error::handler_failed: a handler threw. None: a middleware refused the event.
    error_code code{};
    /// Answers the other side in place of the handler, if it asked.
    acknowledgement ack{};
};

}  // namespace httphooks::socketio
