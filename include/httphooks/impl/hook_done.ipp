// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/hook_done.hpp>

#include <httphooks/detail/runs/async_run.hpp>
#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/error.hpp>

#include <atomic>
#include <exception>
#include <memory>
#include <utility>

namespace httphooks {

struct hook_done::guard {
    detail::async_run_ptr run;
    std::atomic<bool> called{false};

    explicit guard(detail::async_run& r) : run(&r) {}
    guard(guard const&) = delete;
    guard& operator=(guard const&) = delete;
    ~guard() {
        if (!called.load(std::memory_order_relaxed))
            run->close(make_error_code(error::dropped_done));
    }

    void call(error_code ec) noexcept {
        called.store(true, std::memory_order_relaxed);
        run->complete(ec);
    }
};

HTTPHOOKS_DECL hook_done::hook_done(detail::async_run& run)
    : shared_(std::allocate_shared<guard>(detail::recycling_allocator<guard>(), run)) {}

HTTPHOOKS_DECL void hook_done::operator()() const {
    shared_->call({});
}

HTTPHOOKS_DECL void hook_done::operator()(error_code ec) const {
    shared_->call(ec);
}

HTTPHOOKS_DECL void hook_done::fail(std::exception_ptr exception) const {
    shared_->called.store(true, std::memory_order_relaxed);
    shared_->run->fail(std::move(exception));
}

}  // namespace httphooks
