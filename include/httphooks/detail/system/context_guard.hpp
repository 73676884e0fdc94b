// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Notices, in debug builds, that an execution context is destroyed before what uses it.
*/

#include <httphooks/config.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>

#include <atomic>
#include <cassert>
#include <memory>

namespace httphooks::detail {

/** A member of what owns sockets or timers, behind them. When it is destroyed after the context
    that they belong to, their destructors would use what is gone: an assertion says so. */
class context_guard {
public:
    /// Watches nothing.
    context_guard() = default;
    explicit context_guard(asio::any_io_executor const& executor)
        : gone_(asio::use_service<witness>(asio::query(executor, asio::execution::context)).gone) {}
    context_guard(context_guard const&) = delete;
    context_guard& operator=(context_guard const&) = delete;
    ~context_guard() {
        assert(
            !(gone_ && *gone_) &&
            "an io_context was destroyed before a server or client of httphooks that runs on it");
    }

    void watch(asio::any_io_executor const& executor) { gone_ = context_guard(executor).gone_; }

private:
    /// Dies with the context.
    class witness final : public asio::execution_context::service {
    public:
        static inline asio::execution_context::id id;

        explicit witness(asio::execution_context& context)
            : asio::execution_context::service(context) {}
        ~witness() override { *gone = true; }

        std::shared_ptr<std::atomic<bool>> gone = std::make_shared<std::atomic<bool>>(false);

    private:
        void shutdown() override {}
    };

    std::shared_ptr<std::atomic<bool>> gone_{};
};

}  // namespace httphooks::detail
