// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/describe.hpp>

#include <httphooks/detail/routes/compiled_pattern.hpp>
#include <httphooks/detail/routes/path_coverage.hpp>
#include <httphooks/detail/routes/path_matcher.hpp>
#include <httphooks/detail/routes/specificity.hpp>
#include <httphooks/hook.hpp>
#include <httphooks/hook_type.hpp>
#include <httphooks/message.hpp>
#include <httphooks/responders.hpp>
#include <httphooks/route_pattern.hpp>
#include <httphooks/url.hpp>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks {

namespace detail {

/// What a pattern asks of a request, apart from its verb.
struct pattern_reach {
    explicit pattern_reach(route_pattern p)
        : pattern(std::move(p)),
          path(compiled().has_path ? path_automaton(compiled().path) : path_automaton()),
          path_alone(compiled().query.empty() && compiled().other_query_keys &&
                     !compiled().has_fragment),
          specificity(specificity_of(compiled())) {}

    compiled_pattern const& compiled() const noexcept { return pattern.compiled(); }

    route_pattern pattern;
    path_automaton path;
    /// Whether nothing is asked of query and fragment.
    bool path_alone;
    std::string specificity;
};

/// Whether hooks of one verb see all requests that hooks of another see.
inline bool sees_all_of(verb watcher, verb watched) noexcept {
    return watcher == any_verb || watcher == watched ||
           (watcher == verb::get && watched == verb::head);
}

/// A query that two patterns match, with its '?'; empty: they ask for none; nothing: there is none.
inline std::optional<std::string> common_query(compiled_pattern const& a,
                                               compiled_pattern const& b) {
    std::string text;
    auto const rule_of = [](compiled_pattern const& p, std::string const& key) {
        for (query_rule const& rule : p.query)
            if (rule.key == key) return &rule;
        return static_cast<query_rule const*>(nullptr);
    };
    auto const is_free = [](query_rule::wanted const& w) { return w.capture != path_token::none; };
    auto const add = [&](query_rule const& r, query_rule const* s) {
        std::size_t const count = std::max(r.values.size(), s ? s->values.size() : 0);
        for (std::size_t i = 0; i < count; ++i) {
            query_rule::wanted value{"x", 0};
            for (query_rule const* rule : {&r, s}) {
                if (!rule) continue;
                // only a last value that is captured may be followed by others
                if (i >= rule->values.size() && !is_free(rule->values.back())) return false;
                auto const& wanted = rule->values[std::min(i, rule->values.size() - 1)];
                if (is_free(wanted)) continue;
                if (!is_free(value) && value.value != wanted.value) return false;
                value = wanted;
            }
            text += text.empty() ? '?' : '&';
            text += form_encode(r.key) + '=' + form_encode(value.value);
        }
        return true;
    };
    for (query_rule const& r : a.query) {
        query_rule const* const s = rule_of(b, r.key);
        if ((!s && !b.other_query_keys) || !add(r, s)) return std::nullopt;
    }
    for (query_rule const& r : b.query) {
        if (rule_of(a, r.key)) continue;
        if (!a.other_query_keys || !add(r, nullptr)) return std::nullopt;
    }
    return text;
}

/// The target of a request that both patterns match.
inline std::optional<std::string> common_target(pattern_reach const& a, pattern_reach const& b) {
    std::optional<std::string> target = path_automaton::common(a.path, b.path, true);
    if (!target) return target;
    auto const query = common_query(a.compiled(), b.compiled());
    if (!query) return std::nullopt;
    *target += *query;
    bool const both = a.compiled().has_fragment && b.compiled().has_fragment;
    if (both || a.compiled().has_fragment || b.compiled().has_fragment) {
        path_automaton const first((a.compiled().has_fragment ? a : b).compiled().fragment);
        path_automaton const second((b.compiled().has_fragment ? b : a).compiled().fragment);
        auto const fragment = path_automaton::common(first, second, false);
        if (!fragment) return fragment;
        *target += '#' + *fragment;
    }
    return target;
}

/// Whether two responders that match the same target both run for a method.
inline bool run_together(hook_info const& a, hook_info const& b) noexcept {
    return a.options.fallback == b.options.fallback &&
           (a.method == b.method || a.method == any_verb || b.method == any_verb);
}

/// What is above all that the pattern of a guard matches, as "/admin" is above "/admin/*".
inline std::optional<path_automaton> base_of(compiled_pattern const& guard) {
    using kind = path_token::kind_type;
    auto const& tokens = guard.path.tokens();
    if (tokens.size() < 2 || tokens.back().kind != kind::splat) return std::nullopt;
    if (!tokens[tokens.size() - 2].text.ends_with('/')) return std::nullopt;
    path_matcher base;
    if (guard.path.rooted()) base.root();
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
        std::string_view text = tokens[i].text;
        if (i + 2 == tokens.size()) text.remove_suffix(1);
        if (tokens[i].kind != kind::literal)
            base.add_capture(tokens[i].kind, path_token::none);
        else if (!text.empty())
            base.add_literal(text);
    }
    return path_automaton(base);
}

/// Whether a pattern is written as other libraries write theirs.
inline bool is_foreign(std::string_view pattern) noexcept {
    pattern = pattern.substr(0, pattern.find_first_of("?#"));
    for (auto const& [open, close] : {std::pair('{', '}'), std::pair('<', '>')}) {
        auto const begin = pattern.find(open);
        if (begin != pattern.npos && pattern.find(close, begin) != pattern.npos) return true;
    }
    for (auto at = pattern.find('('); at != pattern.npos; at = pattern.find('(', at + 1)) {
        auto name = at;
        while (name > 0 && (std::isalnum(static_cast<unsigned char>(pattern[name - 1])) != 0 ||
                            pattern[name - 1] == '_'))
            --name;
        if (name < at && name > 0 && pattern[name - 1] == ':') return true;
    }
    return false;
}

/// The paths that mounts have.
inline std::vector<path_automaton> paths_of(std::vector<std::string> const& prefixes) {
    std::vector<path_automaton> paths;
    for (std::string const& prefix : prefixes) {
        paths.push_back(path_automaton::of(prefix));
        paths.push_back(path_automaton::below(prefix));
    }
    return paths;
}

/// Whether hooks of a type run for a request that a guarded mount is to serve, or may refuse it.
inline bool runs_before_mounts(hook_type type) noexcept {
    return type == hook_type::request_listener || type == hook_type::pre_responder ||
           type == hook_type::pre_listener || type == hook_type::response_listener;
}

/// The table of hooks while its warnings are put together.
class described_hooks {
public:
    described_hooks(std::vector<hook_description>& hooks, describe_options const& o)
        : hooks_(hooks),
          responders_(o.responders),
          unseen_(paths_of(o.mounts)),
          mounted_(paths_of(o.guarded_mounts)) {
        for (std::size_t i = 0; i < hooks.size(); ++i) {
            route_pattern pattern(hooks[i].hook.pattern);
            hooks[i].order = i + 1;
            hooks[i].parameters = pattern.names();
            reach_.emplace_back(std::move(pattern));
        }
        for (path_automaton const& path : unseen_) mounted_.push_back(path);
        has_default_ = std::ranges::any_of(hooks, [](hook_description const& h) {
            return h.role == hook_role::default_responder;
        });
        for (std::size_t i = 0; i < hooks.size(); ++i) never_runs_.push_back(is_unreachable(i));
    }

    void warn() {
        for (std::size_t i = 0; i < hooks_.size(); ++i) {
            hook_description& h = hooks_[i];
            if (never_runs_[i]) {
                h.warnings.push_back(hook_warning::never_runs);
                continue;
            }
            if (h.role != hook_role::matched) continue;
            if (h.hook.type == hook_type::responder) {
                if (!is_guarded(i)) h.warnings.push_back(hook_warning::unguarded);
                find_overlaps(i);
                if (!h.overlaps.empty()) h.warnings.push_back(hook_warning::overlap);
                if (shares_stream(h)) h.warnings.push_back(hook_warning::several_streams);
            }
            if (h.hook.type == hook_type::pre_responder) h.runs = time_of(i);
            if (h.hook.type == hook_type::pre_responder && leaves_base_open(i))
                h.warnings.push_back(hook_warning::unguarded_base);
            if (is_foreign(h.hook.pattern)) h.warnings.push_back(hook_warning::foreign_syntax);
        }
    }

    /// Adds the mounts to the hooks, when these have their warnings.
    void add_mounts(describe_options const& o) {
        std::vector<hook_description> mounts;
        auto const add = [&](std::string const& prefix, bool guarded) {
            hook_description& m = mounts.emplace_back();
            m.hook.type = hook_type::responder;
            m.hook.method = any_verb;
            m.hook.pattern = prefix;
            m.role = hook_role::mount;
            m.order = hooks_.size() + mounts.size();
            if (!guarded) m.warnings.push_back(hook_warning::unguarded);
        };
        for (std::string const& prefix : o.guarded_mounts)
            add(prefix,
                is_guarded_mount(prefix, verb::get) && is_guarded_mount(prefix, verb::post));
        for (std::string const& prefix : o.mounts) add(prefix, false);
        for (hook_description& m : mounts) hooks_.push_back(std::move(m));
    }

private:
    bool is_unreachable(std::size_t i) const {
        if (hooks_[i].role == hook_role::matched) {
            auto const& taken = runs_before_mounts(hooks_[i].hook.type) ? unseen_ : mounted_;
            return !taken.empty() && covered(reach_[i].path, taken);
        }
        return hooks_[i].role == hook_role::no_match && has_default_;
    }

    /// Whether the pre-responders that see all of a verb are for this pattern.
    /// @param guards what counts as guarded already
    template <class Predicate>
    std::vector<path_automaton> guards_of(verb method, std::vector<path_automaton> guards,
                                          Predicate found) const {
        for (std::size_t g = 0; g < hooks_.size(); ++g) {
            if (hooks_[g].hook.type != hook_type::pre_responder ||
                !sees_all_of(hooks_[g].hook.method, method))
                continue;
            found(g);
            if (reach_[g].path_alone) guards.push_back(reach_[g].path);
        }
        return guards;
    }

    bool is_guarded(std::size_t i) const {
        bool same = false;
        auto const guards = guards_of(hooks_[i].hook.method, mounted_, [&](std::size_t g) {
            same = same || hooks_[g].hook.pattern == hooks_[i].hook.pattern;
        });
        return same || covered(reach_[i].path, guards);
    }

    bool leaves_base_open(std::size_t i) const {
        auto const base = base_of(reach_[i].compiled());
        return base &&
               !covered(*base, guards_of(hooks_[i].hook.method, unseen_, [](std::size_t) {}));
    }

    /// Whether pre-responders see all requests of a verb below a prefix.
    bool is_guarded_mount(std::string const& prefix, verb method) const {
        auto const guards = guards_of(method, {}, [](std::size_t) {});
        return covered(path_automaton::of(prefix), guards) &&
               covered(path_automaton::below(prefix), guards);
    }

    void find_overlaps(std::size_t i) {
        for (std::size_t k = 0; k < hooks_.size(); ++k) {
            hook_description const& other = hooks_[k];
            if (k == i || other.hook.type != hook_type::responder ||
                other.role != hook_role::matched || !run_together(hooks_[i].hook, other.hook) ||
                never_runs_[k])
                continue;
            bool const picked = responders_ == responders::best || other.hook.options.fallback;
            if (picked && reach_[i].specificity != reach_[k].specificity) continue;
            // the example is the same for both
            auto example = common_target(reach_[std::min(i, k)], reach_[std::max(i, k)]);
            if (example) hooks_[i].overlaps.push_back({other.order, std::move(*example), !picked});
        }
    }

    /// Whether another responder would read the same body.
    bool shares_stream(hook_description const& h) const {
        auto const& hooks = hooks_;
        return h.hook.options.body == body::stream &&
               std::ranges::any_of(h.overlaps, [&hooks](hook_overlap const& o) {
                   return o.together && hooks[o.order - 1].hook.options.body == body::stream;
               });
    }

    guard_time time_of(std::size_t i) const {
        if (hooks_[i].hook.options.needs_body) return guard_time::with_body;
        std::vector<path_automaton> later;
        bool meets = false;
        for (std::size_t g = 0; g < i; ++g) {
            hook_info const& other = hooks_[g].hook;
            verb const method = hooks_[i].hook.method;
            if (other.type != hook_type::pre_responder || !other.options.needs_body) continue;
            bool const all = sees_all_of(other.method, method);
            if (!all && !sees_all_of(method, other.method)) continue;
            meets = meets || common_target(reach_[g], reach_[i]);
            if (all && reach_[g].path_alone) later.push_back(reach_[g].path);
        }
        if (!meets) return guard_time::before_body;
        return covered(reach_[i].path, later) ? guard_time::with_body : guard_time::either;
    }

    std::vector<hook_description>& hooks_;
    responders responders_;
    std::vector<pattern_reach> reach_{};
    /// The paths of mounts that hooks do not see, and those of all mounts.
    std::vector<path_automaton> unseen_;
    std::vector<path_automaton> mounted_;
    bool has_default_ = false;
    std::vector<bool> never_runs_;
};

}  // namespace detail

HTTPHOOKS_DECL std::vector<hook_description> describe(std::vector<hook_description> hooks,
                                                      describe_options const& o) {
    for (std::size_t i = 0; i < hooks.size(); ++i) hooks[i].order = i;
    std::sort(hooks.begin(), hooks.end(), [](hook_description const& a, hook_description const& b) {
        if (a.hook.type != b.hook.type) return a.hook.type < b.hook.type;
        return a.role != b.role ? a.role < b.role : a.order < b.order;
    });
    detail::described_hooks described(hooks, o);
    described.warn();
    described.add_mounts(o);
    return hooks;
}

}  // namespace httphooks
