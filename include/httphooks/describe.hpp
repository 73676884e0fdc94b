// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The hooks of a registry as a table to read: in the order in which they run, with warnings.
*/

#include <httphooks/detail/routes/path_coverage.hpp>
#include <httphooks/hook.hpp>
#include <httphooks/hook_type.hpp>
#include <httphooks/message.hpp>
#include <httphooks/route_pattern.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace httphooks {

/// What may be wrong with a hook.
enum class hook_warning : std::uint8_t {
    /// A responder of requests that no pre-responder sees: nothing guards it.
    unguarded,
    /// A hook that no request can reach.
    never_runs,
};

/// The warning's name, as in "never-runs".
constexpr std::string_view to_string(hook_warning w) noexcept {
    return w == hook_warning::unguarded ? "unguarded" : "never-runs";
}

/// Where a hook stands among the others.
enum class hook_role : std::uint8_t {
    /// Runs for what its verb and pattern match.
    matched,
    /// Runs when no responder matches.
    default_responder,
    /// Answers for paths that no responder serves.
    no_match,
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
};

/// What describe() is told.
struct describe_options {
    /// The prefixes of the mounts beside the hooks, as "/socket.io": requests below them never
    /// reach a hook.
    std::vector<std::string> mounts{};
};

/** The hooks in the order in which they run.

    A responder is guarded when each path that it serves is matched by a pre-responder of its verb,
    or of any; a guard that asks for a query or a fragment counts only for a responder of the same
    pattern. A hook never runs when a mount has all its paths, or when it is the no-match handler
    beside a default responder. What cannot be decided quickly is warned of as unguarded.

    @param hooks as basic_registry::describe() passes them on
*/
std::vector<hook_description> describe(std::vector<hook_description> hooks,
                                       describe_options const& o = {});

// ---------------------------------------------------------------------------------------------

namespace detail {

/// What a pattern asks of a request, apart from its verb.
struct pattern_reach {
    explicit pattern_reach(route_pattern const& p)
        : text(p.text()),
          path(p.compiled().has_path ? path_automaton(p.compiled().path) : path_automaton()),
          path_alone(p.compiled().query.empty() && p.compiled().other_query_keys &&
                     !p.compiled().has_fragment) {}

    std::string text;
    path_automaton path;
    /// Whether nothing is asked of query and fragment.
    bool path_alone;
};

/// Whether hooks of one verb see all requests that hooks of another see.
inline bool sees_all_of(verb watcher, verb watched) noexcept {
    return watcher == any_verb || watcher == watched ||
           (watcher == verb::get && watched == verb::head);
}

}  // namespace detail

inline std::vector<hook_description> describe(std::vector<hook_description> hooks,
                                              describe_options const& o) {
    for (std::size_t i = 0; i < hooks.size(); ++i) hooks[i].order = i;
    std::ranges::sort(hooks, {}, [](hook_description const& h) {
        return std::tuple(h.hook.type, h.role, h.order);
    });
    std::vector<detail::pattern_reach> reach;
    for (std::size_t i = 0; i < hooks.size(); ++i) {
        route_pattern const pattern(hooks[i].hook.pattern);
        hooks[i].order = i + 1;
        hooks[i].parameters = pattern.names();
        reach.emplace_back(pattern);
    }
    std::vector<detail::path_automaton> mounted;
    for (std::string const& prefix : o.mounts) {
        mounted.push_back(detail::path_automaton::of(prefix));
        mounted.push_back(detail::path_automaton::below(prefix));
    }
    bool const has_default = std::ranges::any_of(
        hooks, [](hook_description const& h) { return h.role == hook_role::default_responder; });
    for (std::size_t i = 0; i < hooks.size(); ++i) {
        hook_description& h = hooks[i];
        if (h.role != hook_role::matched) {
            if (h.role == hook_role::no_match && has_default)
                h.warnings.push_back(hook_warning::never_runs);
            continue;
        }
        if (!mounted.empty() && detail::covered(reach[i].path, mounted)) {
            h.warnings.push_back(hook_warning::never_runs);
            continue;
        }
        if (h.hook.type != hook_type::responder) continue;
        std::vector<detail::path_automaton> guards = mounted;
        bool same = false;
        for (std::size_t g = 0; g < hooks.size(); ++g) {
            if (hooks[g].hook.type != hook_type::pre_responder ||
                !detail::sees_all_of(hooks[g].hook.method, h.hook.method))
                continue;
            same = same || reach[g].text == reach[i].text;
            if (reach[g].path_alone) guards.push_back(reach[g].path);
        }
        if (!same && !detail::covered(reach[i].path, guards))
            h.warnings.push_back(hook_warning::unguarded);
    }
    return hooks;
}

}  // namespace httphooks
