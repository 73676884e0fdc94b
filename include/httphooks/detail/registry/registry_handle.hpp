// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A registry, whatever its hooks share.
*/

#include <httphooks/config.hpp>
#include <httphooks/describe.hpp>
#include <httphooks/detail/registry/exchange_factory.hpp>
#include <httphooks/detail/runs/hook_callback.hpp>
#include <httphooks/detail/runs/make_state.hpp>
#include <httphooks/hook.hpp>
#include <httphooks/message.hpp>
#include <httphooks/origin.hpp>
#include <httphooks/registry_options.hpp>
#include <httphooks/registry_stats.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/system_executor.hpp>

#include <memory>
#include <source_location>
#include <span>
#include <string_view>
#include <vector>

namespace httphooks {

class exchange_tracer;

namespace detail {

struct hook_entry;
class registry_core;
class registry_services;

using hook_entry_ptr = std::shared_ptr<hook_entry const>;

/// A hook for any number of registries.
hook_entry_ptr make_hook(hook_type type, verb method, std::string_view pattern,
                         hook_callback&& callback, hook_options&& options,
                         std::source_location const& where);

/// What stands in for the executor of a registry that has none; a template, so that only who makes
/// such a registry compiles it.
template <class Executor = asio::system_executor>
asio::any_io_executor stand_in_executor() {
    return Executor();
}
#ifdef HTTPHOOKS_SEPARATE_COMPILATION
extern template asio::any_io_executor stand_in_executor();
#endif

/// Copies are handles to one registry. See basic_registry.
class registry_handle {
public:
    registry_handle(asio::any_io_executor executor, registry_options options, state_type state);

    asio::any_io_executor const& executor() const noexcept { return executor_; }

    hook_id add(hook_entry_ptr const& hook) const;
    std::vector<hook_id> add(std::span<hook_entry_ptr const> hooks) const;
    void remove(std::span<hook_id const> ids) const;
    void clear() const;
    void default_responder(hook_entry_ptr hook) const;
    void no_match(hook_entry_ptr hook) const;

    std::vector<hook_info> hooks() const;
    std::vector<hook_description> describe(describe_options const& o) const;

    void trace(std::shared_ptr<exchange_tracer> t) const;
    void untrace(std::shared_ptr<exchange_tracer> const& t) const;

    registry_stats stats() const;
    std::shared_ptr<registry_services> services() const;
    std::shared_ptr<registry_core const> core() const noexcept;

    /// A loop for one thread of a server.
    std::unique_ptr<exchange_factory> make_loop() const;
    /// The loop for callers on any thread.
    std::shared_ptr<exchange_factory> const& shared_loop() const noexcept { return shared_loop_; }

private:
    asio::any_io_executor executor_;
    std::shared_ptr<registry_core> core_;
    std::shared_ptr<exchange_factory> shared_loop_;
    state_type state_;
};

}  // namespace detail
}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/registry/impl/registry_handle.ipp>
#endif
