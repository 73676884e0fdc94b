// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/registry/registry_handle.hpp>

#include <httphooks/detail/registry/hook_entry.hpp>
#include <httphooks/detail/registry/registry_core.hpp>
#include <httphooks/detail/registry/registry_loop.hpp>
#include <httphooks/detail/registry/services.hpp>
#include <httphooks/detail/routes/specificity.hpp>
#include <httphooks/detail/runs/pipeline.hpp>
#include <httphooks/error.hpp>
#include <httphooks/route_pattern.hpp>
#include <httphooks/trace.hpp>

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace httphooks::detail {

HTTPHOOKS_DECL hook_entry_ptr make_hook(hook_type type, verb method, std::string_view pattern,
                                        hook_callback&& callback, hook_options&& options,
                                        std::source_location const& where) {
    auto entry = std::make_shared<hook_entry>(
        hook_info{{}, type, method, std::string(pattern), std::move(options), where},
        route_pattern(pattern));
    entry->callback = std::move(callback);
    if (auto& limit = entry->info.options.time_limit; !limit) limit = entry->callback.time_limit;
    if (type == hook_type::responder)
        entry->specificity = specificity_of(entry->pattern.compiled());
    return entry;
}

HTTPHOOKS_DECL registry_handle::registry_handle(asio::any_io_executor executor,
                                                registry_options options, state_type state)
    : executor_(std::move(executor)),
      core_(std::make_shared<registry_core>(std::move(options))),
      shared_loop_(std::make_shared<shared_registry_loop>(core_, state)),
      state_(state) {}

#ifdef HTTPHOOKS_SEPARATE_COMPILATION
template asio::any_io_executor stand_in_executor();
#endif

/// Tells of the options of a hook that have no effect.
/// @param by_pattern whether it is found by its pattern
inline void tell_ignored_options(registry_services const& services, hook_entry const& entry,
                                 bool by_pattern = true) {
    hook_options const& o = entry.info.options;
    auto const tell = [&](char const* what) {
        services.report({entry.info, 0, make_error_code(error::option_ignored), nullptr, what});
    };
    if (o.time_limit && o.time_limit->count() > 0 && !entry.asynchronous())
        tell("time_limit of a callback that completes when it returns");
    if (!o.needs_body && entry.info.type != hook_type::pre_responder)
        tell("needs_body of a hook that is no pre-responder");
    if (o.body == body::stream && entry.info.type != hook_type::responder)
        tell("body of a hook that is no responder");
    if (o.body_limit && !by_pattern)
        tell("body_limit of a responder that is not found by its pattern");
    if (o.fallback && !by_pattern) tell("fallback of a responder that is not found by its pattern");
    if (o.fallback && entry.info.type != hook_type::responder)
        tell("fallback of a hook that is no responder");
}

HTTPHOOKS_DECL hook_id registry_handle::add(hook_entry_ptr const& hook) const {
    auto const entry = std::make_shared<hook_entry>(*hook);
    hook_id const id = core_->add(entry);
    tell_ignored_options(core_->services(), *entry);
    return id;
}

HTTPHOOKS_DECL std::vector<hook_id> registry_handle::add(
    std::span<hook_entry_ptr const> hooks) const {
    std::vector<std::shared_ptr<hook_entry>> entries;
    entries.reserve(hooks.size());
    for (auto const& h : hooks) entries.push_back(std::make_shared<hook_entry>(*h));
    auto const ids = core_->add(entries);
    for (auto const& e : entries) tell_ignored_options(core_->services(), *e);
    return ids;
}

HTTPHOOKS_DECL void registry_handle::remove(std::span<hook_id const> ids) const {
    core_->remove(ids);
}

HTTPHOOKS_DECL void registry_handle::clear() const {
    core_->clear();
}

HTTPHOOKS_DECL void registry_handle::default_responder(hook_entry_ptr hook) const {
    if (hook) tell_ignored_options(core_->services(), *hook, false);
    core_->default_responder(std::move(hook));
}

HTTPHOOKS_DECL void registry_handle::no_match(hook_entry_ptr hook) const {
    if (hook) tell_ignored_options(core_->services(), *hook, false);
    core_->no_match(std::move(hook));
}

HTTPHOOKS_DECL std::vector<hook_info> registry_handle::hooks() const {
    return core_->hooks();
}

HTTPHOOKS_DECL std::vector<hook_description> registry_handle::describe(
    describe_options const& o) const {
    return core_->describe(o);
}

HTTPHOOKS_DECL void registry_handle::trace(std::shared_ptr<exchange_tracer> t) const {
    core_->trace(std::move(t));
}

HTTPHOOKS_DECL void registry_handle::untrace(std::shared_ptr<exchange_tracer> const& t) const {
    core_->untrace(t);
}

HTTPHOOKS_DECL registry_stats registry_handle::stats() const {
    return core_->services().stats();
}

HTTPHOOKS_DECL std::shared_ptr<registry_services> registry_handle::services() const {
    return core_->shared_services();
}

HTTPHOOKS_DECL std::shared_ptr<registry_core const> registry_handle::core() const noexcept {
    return core_;
}

HTTPHOOKS_DECL std::unique_ptr<exchange_factory> registry_handle::make_loop() const {
    return std::make_unique<registry_loop>(core_, state_);
}

}  // namespace httphooks::detail
