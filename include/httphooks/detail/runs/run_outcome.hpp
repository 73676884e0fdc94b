// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What one run of one hook decided and left behind.
*/

#include <httphooks/hook_type.hpp>
#include <httphooks/message.hpp>
#include <httphooks/trace.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace httphooks::detail {

/// What a hook decided so far. An end is never undone by a later pass.
enum class decision : std::uint8_t { none, pass, respond, replace, end };

/// The change that a pre-responder makes to the request.
struct request_patch {
    fields headers{};
    std::optional<std::string> content{};
};

/// What a run left behind.
struct run_outcome {
    decision decided = decision::none;
    std::optional<response> message{};
    std::optional<request_patch> patch{};
    fields reply_headers{};
};

/// What became of a run. @param failed whether it threw, or reported an error
inline hook_outcome outcome_of(run_outcome const& o, hook_type type, bool failed) noexcept {
    if (failed) return hook_outcome::failed;
    switch (o.decided) {
        case decision::none:
            return type == hook_type::pre_responder ? hook_outcome::failed : hook_outcome::passed;
        case decision::respond:
            return hook_outcome::responded;
        case decision::replace:
            return hook_outcome::replaced;
        case decision::end:
            return hook_outcome::ended;
        case decision::pass:
            break;
    }
    return o.patch ? hook_outcome::replaced : hook_outcome::passed;
}

}  // namespace httphooks::detail
