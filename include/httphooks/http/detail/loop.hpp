// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What the connections of one event loop share: hooks, options, deadlines, buffers.
*/

#include <httphooks/detail/registry/exchange_factory.hpp>
#include <httphooks/detail/registry/hook_entry.hpp>
#include <httphooks/detail/runs/body_budget.hpp>
#include <httphooks/detail/text/http_date.hpp>
#include <httphooks/http/detail/timer_wheel.hpp>
#include <httphooks/http/detail/trusted_networks.hpp>
#include <httphooks/http/mount.hpp>
#include <httphooks/http/options.hpp>
#include <httphooks/request_id.hpp>
#include <httphooks/server_counters.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

namespace httphooks::http::detail {

/// What all event loops of a server share; does not change while it runs.
struct server_settings {
    http::options options{};
    http::mounts mounts{};
    trusted_networks proxies{};
    std::shared_ptr<server_counters> counters = std::make_shared<server_counters>();
    /// What bodies may take; null: anything.
    std::shared_ptr<httphooks::detail::body_budget> bodies{};
    /// Bytes that the connections which are being closed have dropped.
    mutable std::atomic<std::uint64_t> dropped{0};
};

/// One event loop's share of a server, as far as requests are concerned. Not thread-safe.
class loop {
public:
    loop(asio::any_io_executor executor, std::unique_ptr<httphooks::detail::exchange_factory> hooks,
         std::shared_ptr<server_settings const> settings)
        : executor_(std::move(executor)),
          hooks_(std::move(hooks)),
          settings_(std::move(settings)),
          bodies_(settings_->bodies.get()),
          ids_(hooks_->table()->ids) {}

    asio::any_io_executor const& executor() const noexcept { return executor_; }
    httphooks::detail::exchange_factory& hooks() noexcept { return *hooks_; }
    http::options const& options() const noexcept { return settings_->options; }
    http::mounts const& mounts() const noexcept { return settings_->mounts; }
    trusted_networks const& proxies() const noexcept { return settings_->proxies; }
    server_counters& counters() const noexcept { return *settings_->counters; }
    std::atomic<std::uint64_t>& dropped() const noexcept { return settings_->dropped; }
    /// What bodies may take; null: anything.
    httphooks::detail::body_budget* bodies() const noexcept { return bodies_; }
    std::shared_ptr<httphooks::detail::body_budget> const& shared_bodies() const noexcept {
        return settings_->bodies;
    }
    /// Gives requests their ids; null: they have none.
    request_id const* ids() const noexcept { return ids_; }
    timer_wheel& wheel() noexcept { return wheel_; }

    /// The Date field's value.
    std::string_view date() const noexcept {
        return httphooks::detail::http_date(httphooks::detail::coarse_time());
    }

    /// Whether the server shuts down: every reply is the last of its connection.
    bool draining() const noexcept { return draining_; }
    void begin_drain() noexcept { draining_ = true; }

private:
    asio::any_io_executor executor_;
    std::unique_ptr<httphooks::detail::exchange_factory> hooks_;
    std::shared_ptr<server_settings const> settings_;
    httphooks::detail::body_budget* bodies_;
    request_id const* ids_;
    timer_wheel wheel_;
    bool draining_ = false;
};

}  // namespace httphooks::http::detail
