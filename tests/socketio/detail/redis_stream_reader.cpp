// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/detail/redis_stream_reader.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/redis_server.hpp"

namespace asio = boost::asio;
namespace hh = httphooks;
using httphooks::socketio::detail::redis_stream_reader;
using httphooks::socketio::detail::stream_entry;
using httphooks::socketio::detail::stream_listener;
using httphooks::socketio::detail::stream_place;
using support::eventually;
using support::redis_server;
using namespace std::chrono_literals;
using list = std::vector<std::string>;

namespace {

/// Notes entries.
struct entry_listener final : stream_listener {
    void on_entry(stream_entry const& e) override {
        if (during) during(e);
        std::lock_guard const lock(mutex);
        got.emplace_back(e.data);
    }
    void on_begin(std::string_view) override {}
    void on_away() override {}
    void on_failure(hh::error_code) override {}

    list entries() {
        std::lock_guard const lock(mutex);
        return got;
    }

    std::function<void(stream_entry const&)> during{};
    std::mutex mutex{};
    list got{};
};

/// A reader of the stream "s".
struct reader_test {
    reader_test() {
        reader->add("/", listener);
        reader->begin();
        REQUIRE(eventually([&] { return reader->has_begun(); }));
    }
    ~reader_test() {
        reader.reset();
        work.reset();
        context.stop();
    }

    void add(std::string const& data, std::string const& nsp = "/") const {
        redis.ask("XADD s * uid u nsp " + nsp + " type 3 data " + data);
    }
    bool got(list const& all) {
        return eventually([&] { return listener->entries() == all; });
    }
    /// Whether another thread is not kept waiting by who calls this.
    bool is_free() {
        auto const asked = std::async(std::launch::async, [this] {
            reader->when_read({}, 1ms, [](auto const&) {});
            return reader->has_begun();
        });
        return asked.wait_for(10s) == std::future_status::ready;
    }

    redis_server redis{};
    asio::io_context context{};
    asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
    std::shared_ptr<entry_listener> listener = std::make_shared<entry_listener>();
    std::shared_ptr<redis_stream_reader> reader = std::make_shared<redis_stream_reader>(
        context.get_executor(), hh::redis::options{redis.url()}, "s", 100, 200ms, 1'000);
    std::jthread thread{[this] { context.run(); }};
};

}  // namespace

TEST_CASE("others use a reader while it passes an entry, or tells that it has") {
    if (!redis_server::installed()) return;
    reader_test t;
    std::promise<bool> passing;
    std::promise<std::pair<bool, list>> telling;
    t.listener->during = [&](stream_entry const& e) {
        auto const here = stream_place::parse(e.offset);
        passing.set_value(t.is_free());
        t.reader->when_read(*here, 10s, [&, here](std::optional<stream_place> place) {
            telling.set_value({t.is_free() && place == here, t.listener->entries()});
        });
    };
    t.add("a");
    auto passed = passing.get_future();
    REQUIRE(passed.wait_for(20s) == std::future_status::ready);
    CHECK(passed.get());
    auto told = telling.get_future();
    REQUIRE(told.wait_for(20s) == std::future_status::ready);
    CHECK(told.get() == std::pair(true, list{"a"}));
}

TEST_CASE("a listener that goes leaves the one that has come in its place") {
    if (!redis_server::installed()) return;
    reader_test t;
    auto const old = std::exchange(t.listener, std::make_shared<entry_listener>());
    t.reader->add("/", t.listener);
    CHECK_FALSE(t.reader->remove("/", *old));
    t.add("a");
    t.add("b", "/other");
    t.add("c");
    CHECK(t.got({"a", "c"}));
    CHECK(old->entries().empty());
    CHECK(t.reader->remove("/", *t.listener));
}
