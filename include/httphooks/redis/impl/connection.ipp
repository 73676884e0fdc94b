// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/redis/connection.hpp>

#include <httphooks/redis/detail/connection_core.hpp>
#include <httphooks/redis/detail/owned.hpp>

#include <functional>
#include <memory>
#include <utility>

namespace httphooks::redis {

namespace detail {

HTTPHOOKS_DECL void begin_command(connection_core& core, command_ptr c) {
    core.submit(std::move(c));
}

}  // namespace detail

HTTPHOOKS_DECL connection::connection(executor_type const& executor, options o)
    : core_(detail::owned(std::make_shared<detail::connection_core>(executor, std::move(o)))) {}

HTTPHOOKS_DECL connection::executor_type connection::get_executor() const noexcept {
    return core_->executor();
}

HTTPHOOKS_DECL void connection::connect() const {
    core_->connect();
}

HTTPHOOKS_DECL connection_state connection::state() const noexcept {
    return core_->state();
}

HTTPHOOKS_DECL void connection::on_state(
    std::function<void(connection_state, error_code)> f) const {
    core_->on_state(std::move(f));
}

HTTPHOOKS_DECL connection_stats connection::stats() const {
    return core_->stats();
}

HTTPHOOKS_DECL bool connection::is_cluster() const noexcept {
    return core_->is_cluster();
}

HTTPHOOKS_DECL void connection::submit(detail::command_ptr c) const {
    core_->submit(std::move(c));
}

HTTPHOOKS_DECL void connection::close() const {
    core_->close();
}

}  // namespace httphooks::redis
