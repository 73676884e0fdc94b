// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What tests of hooks share: requests, a registry that keeps the errors of its hooks, and waiting.
*/

#include <httphooks/registry.hpp>
#include <httphooks/testing.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::test {

/// A request with a Host.
inline request make_request(verb method, std::string_view target, std::string body = {}) {
    request r(method, target, 11);
    r.set(field::host, "test");
    r.body() = std::move(body);
    return r;
}

/// What happened, in its order; from any thread.
class journal {
public:
    void add(std::string entry) {
        std::lock_guard const lock(mutex_);
        entries_.push_back(std::move(entry));
    }
    std::vector<std::string> entries() const {
        std::lock_guard const lock(mutex_);
        return entries_;
    }
    std::size_t size() const { return entries().size(); }
    /// All entries, a blank between them.
    std::string text() const {
        std::string all;
        for (auto const& entry : entries()) all += all.empty() ? entry : " " + entry;
        return all;
    }
    void clear() {
        std::lock_guard const lock(mutex_);
        entries_.clear();
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::string> entries_;
};

/// Options whose error handler writes "type: what" to the journal.
inline registry_options recording(journal& errors, registry_options options = {}) {
    options.error_handler = [&errors](hook_error const& e) {
        errors.add(std::string(to_string(e.hook.type)) + ": " + e.what());
    };
    return options;
}

/// A registry with a context, and the errors of its hooks.
template <class State = no_state>
struct basic_fixture {
    asio::io_context context;
    journal errors;
    journal log;
    basic_registry<State> hooks;

    explicit basic_fixture(registry_options options = {})
        : hooks(context.get_executor(), recording(errors, std::move(options))) {}

    response send(request r) { return testing::inject(hooks, std::move(r)); }
    response send(verb method, std::string_view target, std::string body = {}) {
        return send(make_request(method, target, std::move(body)));
    }
    response get(std::string_view target) { return send(verb::get, target); }
};

using fixture = basic_fixture<>;

/// Comes back through the executor, some turns later.
inline asio::awaitable<void> turns(int count = 1) {
    auto const executor = co_await asio::this_coro::executor;
    for (int i = 0; i < count; ++i) co_await asio::post(executor, asio::use_awaitable);
}

/// Comes back when the time has passed, or throws when it is cancelled.
inline asio::awaitable<void> pause(std::chrono::milliseconds time) {
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await timer.async_wait(asio::use_awaitable);
}

/// Never comes back, unless it is cancelled.
inline asio::awaitable<void> forever() {
    co_await pause(std::chrono::hours(24));
}

}  // namespace httphooks::test
