// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/registry/registry_core.hpp>

#include <httphooks/describe.hpp>
#include <httphooks/detail/registry/hook_entry.hpp>
#include <httphooks/error.hpp>
#include <httphooks/responders.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace httphooks::detail {

HTTPHOOKS_DECL hook_id registry_core::add(std::shared_ptr<hook_entry> hook) {
    std::vector<std::shared_ptr<hook_entry>> one;
    one.push_back(std::move(hook));
    return add(std::move(one)).front();
}

HTTPHOOKS_DECL std::vector<hook_id> registry_core::add(
    std::vector<std::shared_ptr<hook_entry>> hooks) {
    std::vector<hook_id> ids;
    ids.reserve(hooks.size());
    std::lock_guard const lock(mutex_);
    if (std::size_t const needed = hooks_.size() + hooks.size(); needed > hooks_.capacity())
        hooks_.reserve(std::max(needed, 2 * hooks_.capacity()));
    for (auto& hook : hooks) {
        hook->info.id = hook_id(++last_id_);
        ids.push_back(hook->info.id);
        hooks_.push_back(std::move(hook));
    }
    changed();
    return ids;
}

HTTPHOOKS_DECL void registry_core::remove(std::span<hook_id const> ids) {
    std::vector<hook_entry_ptr> removed;  // destroyed after the mutex: captures may do anything
    hook_table_ptr old;
    std::lock_guard const lock(mutex_);
    auto kept = hooks_;
    for (hook_id id : ids) {
        auto const at = std::find_if(kept.begin(), kept.end(),
                                     [id](hook_entry_ptr const& h) { return h->info.id == id; });
        if (at == kept.end())
            throw system_error(make_error_code(error::unknown_hook),
                               "hook " + std::to_string(id.value()));
        kept.erase(at);
    }
    removed = std::exchange(hooks_, std::move(kept));
    old = std::move(built_);
    built_version_ = 0;
    changed();
}

HTTPHOOKS_DECL void registry_core::clear() {
    std::vector<hook_entry_ptr> removed;
    hook_table_ptr old;
    std::lock_guard const lock(mutex_);
    removed.swap(hooks_);
    old = std::move(built_);
    built_version_ = 0;
    changed();
}

HTTPHOOKS_DECL void registry_core::default_responder(hook_entry_ptr hook) {
    std::lock_guard const lock(mutex_);
    default_responder_.swap(hook);
    changed();
}

HTTPHOOKS_DECL void registry_core::no_match(hook_entry_ptr hook) {
    std::lock_guard const lock(mutex_);
    no_match_.swap(hook);
    changed();
}

HTTPHOOKS_DECL void registry_core::trace(std::shared_ptr<exchange_tracer> t) {
    std::lock_guard const lock(mutex_);
    tracers_.push_back(std::move(t));
    changed();
}

HTTPHOOKS_DECL void registry_core::untrace(std::shared_ptr<exchange_tracer> const& t) {
    std::lock_guard const lock(mutex_);
    std::erase(tracers_, t);
    changed();
}

HTTPHOOKS_DECL std::vector<hook_info> registry_core::hooks() const {
    std::lock_guard const lock(mutex_);
    std::vector<hook_info> infos;
    infos.reserve(hooks_.size());
    for (auto const& hook : hooks_) infos.push_back(hook->info);
    return infos;
}

HTTPHOOKS_DECL std::vector<hook_description> registry_core::describe(describe_options o) const {
    o.responders = services_->options.responders;
    return httphooks::describe(descriptions(), o);
}

inline std::vector<hook_description> registry_core::descriptions() const {
    std::lock_guard const lock(mutex_);
    std::vector<hook_description> all;
    all.reserve(hooks_.size() + 2);
    for (auto const& hook : hooks_) all.push_back({hook->info});
    if (default_responder_) all.push_back({default_responder_->info, hook_role::default_responder});
    if (no_match_) all.push_back({no_match_->info, hook_role::no_match});
    return all;
}

HTTPHOOKS_DECL hook_table_ptr registry_core::table() {
    hook_table_ptr old;
    std::lock_guard const lock(mutex_);
    std::uint64_t const now = version_.load(std::memory_order_relaxed);
    if (built_version_ != now) {
        old = std::exchange(built_, build());
        built_version_ = now;
    }
    return built_;
}

inline hook_table_ptr registry_core::build() const {
    auto table = std::make_shared<hook_table>();
    table->services = services_;
    table->default_responder = default_responder_;
    table->no_match = no_match_;
    table->tracers = tracers_;
    if (auto const& ids = services_->options.request_id) table->ids = &*ids;
    table->hooks_traced =
        std::ranges::any_of(tracers_, [](auto const& t) { return t->watches_hooks(); });
    table->timed = !tracers_.empty();
    table->hooks = hooks_;
    std::sort(table->hooks.begin(), table->hooks.end(),
              [](hook_entry_ptr const& a, hook_entry_ptr const& b) {
                  return std::pair(a->info.type, a->info.id) < std::pair(b->info.type, b->info.id);
              });
    auto const runs_before = [](hook_info const& info) {
        return info.type == hook_type::responder
                   ? info.options.body == body::stream
                   : info.type == hook_type::pre_responder && !info.options.needs_body;
    };
    for (auto const& hook : {default_responder_, no_match_})
        if (hook && runs_before(hook->info)) table->before_bodies = true;
    table->picks_responders = services_->options.responders != responders::all;
    for (auto const& hook : table->hooks) {
        table->routes.insert(hook->info.method, hook->pattern, hook.get());
        if (hook->info.options.body_limit) table->has_body_limits = true;
        if (hook->info.type == hook_type::responder && hook->info.options.fallback)
            table->picks_responders = true;
        if (hook->callback.timed) table->timed = true;
        if (runs_before(hook->info)) table->before_bodies = true;
    }
    table->routes.build();
    return table;
}

}  // namespace httphooks::detail
