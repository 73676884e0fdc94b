// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What the other side is told of an event that was not handled.
*/

#include <httphooks/error.hpp>
#include <httphooks/socketio/ack.hpp>
#include <httphooks/socketio/bad_argument.hpp>
#include <httphooks/socketio/detail/typed_handler.hpp>
#include <httphooks/socketio/error.hpp>
#include <httphooks/socketio/socket_error.hpp>

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace httphooks::socketio::detail {

/// Answers with an object, unless there is an answer already.
inline void answer_error(acknowledgement const& ack, socket_error const& what) {
    if (!ack) return;
    auto object = nlohmann::json::object({{"error", what.message}});
    if (what.data) object["data"] = *what.data;
    ack(object);
}

/// What is told of an event whose handler threw.
inline socket_error handler_failure(std::string_view event, acknowledgement const& ack) {
    error_code const code = error::handler_failed;
    return {code.message(), std::nullopt, std::string(event), std::nullopt, code, ack};
}

/// What is told of an event that does not fit a handler.
inline socket_error unfit_event(bad_argument const& what, acknowledgement const& ack) {
    return {what.what.message(), std::nullopt, std::string(what.event), what.index, what.what, ack};
}

/// What an event is answered that no handler took.
inline socket_error not_handled(incoming_call const& call) {
    error_code const code = call.unfit != 0 ? call.why : make_error_code(error::no_handler);
    return {code.message(), std::nullopt, {}, std::nullopt, code, {}};
}

}  // namespace httphooks::socketio::detail
