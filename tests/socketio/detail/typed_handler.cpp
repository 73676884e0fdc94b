// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/detail/typed_handler.hpp>

#include "support/catch.hpp"
#include "support/json_arguments.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace asio = boost::asio;
namespace sio = httphooks::socketio;
namespace detail = httphooks::socketio::detail;
using httphooks::error_code;
using nlohmann::json;
using sio::acknowledgement;
using sio::arguments;
using sio::error;

namespace {

/// Stands for a socket.
struct host final : detail::handler_host, detail::ack_target, std::enable_shared_from_this<host> {
    asio::any_io_executor executor() const override { return loop.get_executor(); }
    void on_bad_argument(detail::incoming_call const&, sio::bad_argument const& what) override {
        bad.push_back(std::string(what.event) + " " + std::to_string(what.index));
        why = what.what;
    }
    void on_exception(std::exception_ptr what, std::string_view event,
                      acknowledgement const& ack) override {
        thrown.push_back(what);
        failed = event;
        to_fail = ack;
    }
    std::shared_ptr<handler_host> handle() override { return shared_from_this(); }
    void acknowledge(std::uint64_t id, detail::payload&& answer) override {
        answers.push_back(std::to_string(id) + answer.text);
    }

    mutable asio::io_context loop;
    std::vector<std::string> bad;
    error_code why;
    std::vector<std::exception_ptr> thrown;
    std::string failed;
    acknowledgement to_fail;
    std::vector<std::string> answers;
};

/// One event on its way to handlers.
struct event {
    explicit event(std::string array, bool asked = true) : given(std::move(array)) {
        if (asked) ack = acknowledgement(socket, 7);
    }

    template <class F>
    void call(F f) {
        arguments const args = given.args();
        detail::event_handler const handler = detail::make_event_handler(std::move(f));
        handler({"say", args, ack, *socket});
    }
    template <class F>
    std::string answer(F f) {
        call(std::move(f));
        socket->loop.run();
        REQUIRE(socket->answers.size() == 1);
        return socket->answers.front();
    }

    support::json_arguments given;
    std::shared_ptr<host> socket = std::make_shared<host>();
    acknowledgement ack;
};

int add(int a, std::optional<int> b) {
    return a + b.value_or(100);
}

template <class F>
error_code acknowledged(F f, std::string const& array, error_code e = {}) {
    event source(array, false);
    detail::make_ack_handler(std::move(f))(e, source.given.args());
    return source.socket->why;
}

}  // namespace

TEST_CASE("a handler takes values of its own types") {
    event e(R"(["text",3,{"a":1},null,true])");
    int calls = 0;
    e.call([&](std::string text, int n, json const& j, std::optional<std::string> const& none,
               bool b) {
        ++calls;
        CHECK(text == "text");
        CHECK(n == 3);
        CHECK(j["a"] == 1);
        CHECK_FALSE(none);
        CHECK(b);
    });
    e.call([&](std::string_view text) { calls += text == "text"; });
    e.call([&](std::string const&, unsigned long long const& n) { calls += n == 3; });
    e.call([&](std::string& text) { calls += text == "text"; });
    e.call([&](std::string&& text) { calls += text == "text"; });
    e.call([&] { ++calls; });
    e.call([&](arguments const& a) { calls += a.size() == 5; });
    e.call([&](auto const& a) { calls += a.size() == 5; });
    CHECK(calls == 8);
    CHECK(e.socket->bad.empty());
    CHECK(e.socket->answers.empty());
}

TEST_CASE("what a handler returns is acknowledged") {
    CHECK(event("[1,2]").answer(add) == "7[3]");
    CHECK(event("[1]").answer(&add) == "7[101]");
    CHECK(event("[]").answer([] {
        return json{{"a", sio::bytes{}}};
    }) == R"(7[{"a":{"_placeholder":true,"num":0}}])");
    CHECK(event("[\"x\",2]").answer([](arguments const& a) { return a; }) == R"(7["x",2])");
    event silent("[1,2]", false);
    int calls = 0;
    silent.call([&](int a, int b) { return calls += a + b; });
    CHECK(calls == 3);
    CHECK(silent.socket->answers.empty());
}

TEST_CASE("a handler takes the acknowledgement last") {
    CHECK(event("[1]").answer([](int n, acknowledgement ack) { ack(n, "x"); }) == R"(7[1,"x"])");
    CHECK(event("[1]").answer([](arguments const& a, acknowledgement const& ack) { ack(a); }) ==
          "7[1]");
    CHECK(event("[1]").answer([](auto const& a, auto const& ack) { ack(a.size()); }) == "7[1]");
    event silent("[]", false);
    silent.call([](acknowledgement ack) { CHECK_FALSE(ack); });
}

TEST_CASE("all handlers of an event share its acknowledgement") {
    event e("[1]");
    e.call([](int n) { return n; });
    e.call([](int n, acknowledgement ack) { ack(n + 1); });
    CHECK(e.socket->answers == std::vector<std::string>{"7[1]"});
}

TEST_CASE("a handler is not called with what does not fit") {
    event e("[\"x\",3.5]");
    e.call([](std::string, int) { FAIL("called"); });
    CHECK(e.socket->bad == std::vector<std::string>{"say 1"});
    CHECK(e.socket->why == error::bad_argument);
    e.call([](std::string, double, acknowledgement ack, int) { ack(); });
    CHECK(e.socket->bad.back() == "say 3");
    CHECK(e.socket->why == error::missing_argument);
    e.call([](sio::bytes) { FAIL("called"); });
    CHECK(e.socket->bad.size() == 3);
    e.call([](int) -> asio::awaitable<void> {
        FAIL("called");
        co_return;
    });
    CHECK(e.socket->bad.size() == 4);
    CHECK(e.socket->answers.empty());
}

TEST_CASE("what a handler throws passes through") {
    event e("[]");
    CHECK_THROWS_AS(e.call([] { throw std::runtime_error("no"); }), std::runtime_error);
}

TEST_CASE("a coroutine is a handler, and has its values until it ends") {
    event e(R"(["a long text that needs memory of its own",{"x":[1]}])");
    auto shared = std::make_unique<int>(5);
    e.call([s = std::move(shared)](std::string_view text,
                                   json const& j) -> asio::awaitable<std::string> {
        auto const executor = co_await asio::this_coro::executor;
        co_await asio::post(executor, asio::use_awaitable);
        co_return std::string(text.substr(0, 6)) + j.dump() + std::to_string(*s);
    });
    e.call([](arguments const& all, acknowledgement ack) -> asio::awaitable<void> {
        auto const executor = co_await asio::this_coro::executor;
        co_await asio::post(executor, asio::use_awaitable);
        ack(all);
    });
    e.given.text.assign(e.given.text.size(), '-');
    CHECK(e.socket->answers.empty());
    e.socket->loop.run();
    REQUIRE(e.socket->answers.size() == 1);
    CHECK(e.socket->answers[0] == R"(7["a long{\"x\":[1]}5"])");
}

TEST_CASE("arguments that a coroutine takes whole last as long as it") {
    event e(R"(["a long text that needs memory of its own",{"x":[1]}])");
    e.call([](arguments const& all, acknowledgement ack) -> asio::awaitable<void> {
        auto const executor = co_await asio::this_coro::executor;
        co_await asio::post(executor, asio::use_awaitable);
        ack(all);
    });
    e.given.text.assign(e.given.text.size(), '-');
    e.socket->loop.run();
    REQUIRE(e.socket->answers.size() == 1);
    CHECK(e.socket->answers[0] == R"(7["a long text that needs memory of its own",{"x":[1]}])");
}

TEST_CASE("what a coroutine throws is told to the host") {
    event e("[]");
    e.call([]() -> asio::awaitable<int> {
        throw std::runtime_error("no");
        co_return 1;
    });
    e.call([]() -> asio::awaitable<void> {
        throw std::runtime_error("no");
        co_return;
    });
    e.socket->loop.run();
    CHECK(e.socket->thrown.size() == 2);
    CHECK(e.socket->failed == "say");
    CHECK(e.socket->to_fail);
    CHECK(e.socket->answers.empty());
}

TEST_CASE("functions of acknowledgements take an error, then values") {
    int calls = 0;
    acknowledged([&](error_code e, std::string const& s,
                     std::optional<int> n) { calls += !e && s == "x" && !n; },
                 "[\"x\"]");
    acknowledged([&](error_code e, arguments const& a) { calls += !e && a.size() == 2; }, "[1,2]");
    acknowledged([&](error_code e, auto const& a) { calls += !e && a.size() == 2; }, "[1,2]");
    acknowledged([&](error_code const& e) { calls += e == error::ack_timed_out; }, "[]",
                 error::ack_timed_out);
    acknowledged([&](error_code e, int n) { calls += e == error::ack_timed_out && n == 0; }, "[5]",
                 error::ack_timed_out);
    CHECK(calls == 5);
}

TEST_CASE("an acknowledgement that does not fit is an error") {
    error_code got;
    acknowledged([&](error_code e, int) { got = e; }, "[\"x\"]");
    CHECK(got == error::bad_argument);
    acknowledged([&](error_code e, int, int) { got = e; }, "[1]");
    CHECK(got == error::missing_argument);
}

TEST_CASE("only functions that take an error first are functions of acknowledgements") {
    auto const typed = [](error_code, int) {};
    auto const generic = [](auto, auto const&) {};
    auto const other = [](int) {};
    CHECK(detail::ack_function<decltype(typed)>);
    CHECK(detail::ack_function<decltype(generic)>);
    CHECK(detail::ack_function<void (*)(error_code)>);
    CHECK_FALSE(detail::ack_function<decltype(other)>);
    CHECK_FALSE(detail::ack_function<int>);
    CHECK_FALSE(detail::ack_function<json>);
    CHECK_FALSE(detail::ack_function<std::string>);
    CHECK_FALSE(detail::ack_function<asio::use_awaitable_t<>>);
}
