// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The hooks of a registry as a table to read: in the order in which they run, with warnings.
*/

#include <httphooks/config.hpp>
#include <httphooks/hook.hpp>
#include <httphooks/hook_type.hpp>
#include <httphooks/responders.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks {

/// What may be wrong with a hook.
enum class hook_warning : std::uint8_t {
    /// A responder or a mount of requests that no pre-responder sees: nothing guards it.
    unguarded,
    /// A hook that no request can reach.
    never_runs,
    /// A responder of requests that another one answers too: the reply is made of both. With
    /// responders::best, one that is as specific as another, so that the first one answers.
    overlap,
    /// The guard of all that is below a path, as "/admin/*", where nothing guards "/admin" itself.
    unguarded_base,
    /// A pattern with "{id}", "<int>" or ":id(...)", which other libraries read as parameters; here
    /// all but ":id" is text.
    foreign_syntax,
    /// A responder that would read the body of a request as a stream, as another one would: such a
    /// request is answered with 500.
    several_streams,
};

/// The warning's name, as in "never-runs".
constexpr std::string_view to_string(hook_warning w) noexcept {
    switch (w) {
        case hook_warning::unguarded:
            break;
        case hook_warning::never_runs:
            return "never-runs";
        case hook_warning::overlap:
            return "overlap";
        case hook_warning::unguarded_base:
            return "unguarded-base";
        case hook_warning::foreign_syntax:
            return "foreign-syntax";
        case hook_warning::several_streams:
            return "several-streams";
    }
    return "unguarded";
}

/// Another responder of the same requests.
struct hook_overlap {
    /// The other one's place in the table; see hook_description::order.
    std::size_t order = 0;
    /// The target of a request that both are for, as "/users/me".
    std::string example{};
    /// Whether both answer it; else only the one that was registered first does.
    bool together = true;
};

/// When a pre-responder runs, as to the body of a request; one whose body a responder reads as a
/// stream passes all of them before its body comes.
enum class guard_time : std::uint8_t {
    /// When the body is there: it, or one in front of it, needs the body.
    with_body,
    /// When the header has come.
    before_body,
    /// For some requests before the body, for others with it: for these, one in front of it needs
    /// the body.
    either,
};

/// The time's name, as in "before-body".
constexpr std::string_view to_string(guard_time t) noexcept {
    switch (t) {
        case guard_time::with_body:
            break;
        case guard_time::before_body:
            return "before-body";
        case guard_time::either:
            return "either";
    }
    return "with-body";
}

/// Where a hook stands among the others.
enum class hook_role : std::uint8_t {
    /// Runs for what its verb and pattern match.
    matched,
    /// Runs when no responder matches.
    default_responder,
    /// Answers for paths that no responder serves.
    no_match,
    /// No hook: a mount beside the hooks, which serves `hook.pattern` and what is below.
    mount,
};

/// A hook of a registry as data.
struct hook_description {
    /// As it was registered.
    hook_info hook{};
    /// What it runs for.
    hook_role role = hook_role::matched;
    /// Its place in the order in which the hooks run, from 1: by type, then as registered.
    std::size_t order = 0;
    /// The names of the pattern's parameters.
    std::vector<std::string> parameters{};
    /// What may be wrong with it.
    std::vector<hook_warning> warnings{};
    /// With whom it overlaps, if it is warned of that.
    std::vector<hook_overlap> overlaps{};
    /// When it runs, if it is a pre-responder; what cannot be decided quickly is before the body.
    guard_time runs = guard_time::with_body;
};

/// What describe() is told.
struct describe_options {
    /// The prefixes of the mounts beside the hooks, as "/socket.io": requests below them never
    /// reach a hook. A server knows them: http::server::mounts_beside().
    std::vector<std::string> mounts{};
    /// The prefixes of the mounts that these hooks guard.
    std::vector<std::string> guarded_mounts{};
    /// Which responders run; basic_registry::describe() says what its registry was created with.
    httphooks::responders responders = httphooks::responders::all;
};

/** The hooks in the order in which they run, then the mounts.

    A responder is guarded when each path that it serves is matched by a pre-responder of its verb,
    or of any; a guard that asks for a query or a fragment counts only for a responder of the same
    pattern. A hook never runs when a mount has all its paths, or when it is the no-match handler
    beside a default responder. A mount is guarded when it is behind these hooks and its prefix and
    all below are matched by pre-responders of GET and by those of POST, or of any verb. Two
    responders overlap when both would run for a request: a fallback and one that is none never do,
    nor do those of GET and of HEAD, nor two that differ in how specific they are where only the
    best runs. What cannot be decided quickly is warned of as unguarded, and not as an overlap.

    @param hooks as basic_registry::describe() passes them on
*/
std::vector<hook_description> describe(std::vector<hook_description> hooks,
                                       describe_options const& o = {});

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/describe.ipp>
#endif
