// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The seven types of hooks, in the order in which they run.
*/

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace httphooks {

/** The seven types of hooks; their values are their run order.

    Listeners are started and nobody waits for them. Pre- and post-responders run one after another
    in the order of their registration; responders are started together.
*/
enum class hook_type : std::uint8_t {
    /// Input: reads the request as it came.
    request_listener,
    /// Pre-processing: passes, replaces the request, or ends the chain with a response.
    pre_responder,
    /// Pre-processing: reads the request as the pre-responders left it.
    pre_listener,
    /// Processing: sets its own response.
    responder,
    /// Post-processing: reads the request and the responses so far.
    post_listener,
    /// Post-processing: passes, replaces the responses, or ends the chain with its own.
    post_responder,
    /// Output: reads the final response, after it was handed over.
    response_listener,
};

/// The seven types in run order.
inline constexpr std::array<hook_type, 7> hook_types{
    hook_type::request_listener,  hook_type::pre_responder, hook_type::pre_listener,
    hook_type::responder,         hook_type::post_listener, hook_type::post_responder,
    hook_type::response_listener,
};

/// Whether hooks of this type may change what becomes of the request.
constexpr bool is_responder(hook_type type) noexcept {
    return type == hook_type::pre_responder || type == hook_type::responder ||
           type == hook_type::post_responder;
}

/// Whether hooks of this type only read, and nobody waits for them.
constexpr bool is_listener(hook_type type) noexcept {
    return !is_responder(type);
}

/// The type's name, as in "pre-responder".
constexpr std::string_view to_string(hook_type type) noexcept {
    constexpr std::array<std::string_view, 7> names{
        "request-listener", "pre-responder",  "pre-listener",     "responder",
        "post-listener",    "post-responder", "response-listener"};
    return names[static_cast<std::size_t>(type)];
}

/// The type of this name, or nothing.
constexpr std::optional<hook_type> hook_type_from_string(std::string_view name) noexcept {
    for (hook_type type : hook_types)
        if (to_string(type) == name) return type;
    return std::nullopt;
}

}  // namespace httphooks
