// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/describe.hpp>

#include <httphooks/detail/routes/path_coverage.hpp>
#include <httphooks/hook.hpp>
#include <httphooks/hook_type.hpp>
#include <httphooks/message.hpp>
#include <httphooks/route_pattern.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <tuple>
#include <vector>

namespace httphooks {

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

HTTPHOOKS_DECL std::vector<hook_description> describe(std::vector<hook_description> hooks,
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
