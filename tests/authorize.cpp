// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// basic_registry::async_authorize, and the exchanges behind it.

#include <httphooks/metrics.hpp>
#include <httphooks/registry.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/beast/http/empty_body.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "support/catch.hpp"
#include "support/hooks.hpp"

using namespace httphooks;
using namespace httphooks::test;
using namespace std::chrono_literals;

namespace {

/// What became of a request that hooks have judged.
struct judged {
    bool done = false;
    error_code ec{};
    std::optional<response> refusal{};

    bool goes_on() const { return done && !ec && !refusal; }
};

/// Hooks, and requests that they only judge.
struct gate : fixture {
    using fixture::fixture;

    judged judge(request const& r, origin from = {}) {
        judged j;
        hooks.async_authorize(r, std::move(from), [&](error_code ec, std::optional<response> out) {
            REQUIRE_FALSE(j.done);
            j = {true, ec, std::move(out)};
        });
        CHECK_FALSE(j.done);  // never within the call
        context.restart();
        context.run_for(20s);
        REQUIRE(j.done);
        return j;
    }
    judged judge(std::string_view target) { return judge(make_request(verb::get, target)); }
};

}  // namespace

TEST_CASE("a request that is only judged passes the hooks up to the responders, and no other") {
    gate t;
    t.hooks.request_listener(any_verb, "/*", [&](auto&) { t.log.add("request-listener"); });
    t.hooks.pre_responder(any_verb, "/*", [&](auto& c) {
        t.log.add("pre-responder");
        c.pass();
    });
    t.hooks.pre_listener(any_verb, "/*", [&](auto&) { t.log.add("pre-listener"); });
    t.hooks.responder(any_verb, "/*", [&](auto&) {
        t.log.add("responder");
        return "r";
    });
    t.hooks.post_listener(any_verb, "/*", [&](auto&) { t.log.add("post-listener"); });
    t.hooks.post_responder(any_verb, "/*", [&](auto& c) {
        t.log.add("post-responder");
        c.pass();
    });
    t.hooks.response_listener(any_verb, "/*", [&](auto&) { t.log.add("response-listener"); });
    t.hooks.default_responder([](auto&) { return "default"; });
    t.hooks.no_match([](auto&) { return "none"; });

    CHECK(t.judge("/live").goes_on());
    CHECK(t.log.text() == "request-listener pre-responder pre-listener");
    CHECK(t.hooks.stats().exchanges == 0);
}

TEST_CASE("a refusal of a request that is only judged is a reply, which response-listeners see") {
    gate t;
    t.hooks.pre_responder(any_verb, "/live", [](auto& c) {
        c.reply_headers().set("X-Why", "no token");
        c.end(make_response(status::unauthorized, "who?", "text/plain"));
    });
    t.hooks.pre_listener(any_verb, "/*", [&](auto&) { t.log.add("pre-listener"); });
    t.hooks.response_listener(
        any_verb, "/*", [&](auto& c) { t.log.add(std::to_string(c.response().result_int())); });

    auto const j = t.judge("/live");

    REQUIRE(j.refusal);
    CHECK(j.refusal->result() == status::unauthorized);
    CHECK(j.refusal->body() == "who?");
    CHECK((*j.refusal)["X-Why"] == "no token");
    CHECK((*j.refusal)[field::content_length] == "4");
    CHECK(j.refusal->contains(field::date));
    CHECK(t.log.text() == "pre-listener 401");
    CHECK(t.judge("/other").goes_on());
    CHECK(t.hooks.stats().exchanges == 0);
}

TEST_CASE("hooks that judge a request see its header on the normalised path, and no body") {
    gate t;
    t.hooks.pre_responder(any_verb, "/live/:room", [&](auto& c) {
        t.log.add(std::string(c.path()) + "|" + std::string(c.request().target()) + "|" +
                  std::string(c.request()["X-A"]) + "|" + std::string(c.param("room")) + "|" +
                  c.request().body() + "|" + std::string(to_string(c.origin().transport())));
        c.pass();
    });
    request r = make_request(verb::post, "//%6cive/./x?q=1", "content");
    r.set("X-A", "1");
    r.set("X-Httphooks-Hook-Type-Filter", "responder");

    CHECK(t.judge(r, origin(transport::websocket)).goes_on());
    CHECK(t.log.text() == "/live/x|//%6cive/./x?q=1|1|x||websocket");
    CHECK(r.body() == "content");
    CHECK(t.hooks.stats().spoofed_control_headers == 1);
}

TEST_CASE("a request that is only judged is refused when hooks take no such target or method") {
    gate t;
    t.hooks.pre_responder(any_verb, "/*", [&](auto& c) {
        t.log.add("guard");
        c.pass();
    });
    for (auto const* target : {"/%zz", "/%00", "/..", "/a/../../b", "x"}) {
        auto const j = t.judge(target);
        REQUIRE(j.refusal);
        CHECK(j.refusal->result() == status::bad_request);
    }
    request strange = make_request(verb::get, "/live");
    strange.method_string("BREW");
    auto const j = t.judge(strange);
    REQUIRE(j.refusal);
    CHECK(j.refusal->result() == status::not_implemented);
    CHECK(t.log.size() == 0);
}

TEST_CASE("hooks that fail leave no door open when they only judge") {
    gate t;
    t.hooks.pre_responder(any_verb, "/undecided", [](pre_responder_context&) {});
    t.hooks.pre_responder(any_verb, "/throws",
                          [](pre_responder_context&) { throw std::runtime_error("no"); });
    t.hooks.pre_responder(any_verb, "/drops", [](pre_responder_context&, hook_done) {});
    t.hooks.pre_responder(
        any_verb, "/slow",
        [](pre_responder_context&) -> asio::awaitable<void> { co_await forever(); },
        {.time_limit = 5ms});
    auto const status_of = [&](std::string_view target) {
        auto const j = t.judge(target);
        REQUIRE(j.refusal);
        return j.refusal->result_int();
    };
    CHECK(status_of("/undecided") == 500);
    CHECK(status_of("/throws") == 500);
    CHECK(status_of("/drops") == 500);
    CHECK(status_of("/slow") == 504);
    CHECK(t.errors.size() == 4);
}

TEST_CASE("a hook that judges may take its time, and the request goes on or does not") {
    gate t;
    t.hooks.pre_responder(any_verb, "/live", [&](auto& c) -> asio::awaitable<void> {
        co_await turns(3);
        if (c.query("token") == "good")
            c.pass();
        else
            c.set_response(make_response(status::forbidden));
    });
    CHECK(t.judge("/live?token=good").goes_on());
    auto const j = t.judge("/live?token=bad");
    REQUIRE(j.refusal);
    CHECK(j.refusal->result() == status::forbidden);
}

TEST_CASE("what a hook replaces of a request that is judged is for the hooks behind it") {
    gate t;
    t.hooks.pre_responder(any_verb, "/*", [](auto& c) {
        fields headers;
        headers.set("X-User", "7");
        c.replace_request(std::move(headers), "other");
    });
    t.hooks.pre_responder(any_verb, "/*", [&](auto& c) {
        t.log.add(std::string(c.request()["X-User"]) + "|" + c.request().body());
        c.pass();
    });
    CHECK(t.judge("/live").goes_on());
    CHECK(t.judge("/live").goes_on());
    CHECK(t.log.text() == "7| 7|");
    // told once a hook
    CHECK(t.errors.text() ==
          "pre-responder: a guard that does not see the content of a request cannot replace it");
}

TEST_CASE("judging takes any request of Beast's, in a coroutine or with any token") {
    gate t;
    t.hooks.pre_responder(any_verb, "/no", [](auto&) { return status::forbidden; });
    beast::http::request<beast::http::empty_body> r(verb::get, "/no", 11);
    std::optional<unsigned> status;
    auto judging = [&]() -> asio::awaitable<void> {
        auto const refusal = co_await t.hooks.async_authorize(r);
        if (refusal) status = refusal->result_int();
        r.target("/yes");
        auto const none = co_await t.hooks.async_authorize(r, origin());
        if (none) status = 0;
    };
    asio::co_spawn(t.context, judging, asio::detached);
    t.context.run_for(20s);
    CHECK(status == 403u);

    asio::thread_pool pool(2);
    auto future =
        t.hooks.async_authorize(r, asio::bind_executor(pool.get_executor(), asio::use_future));
    CHECK_FALSE(future.get());
    pool.join();
}

TEST_CASE("judging can be cancelled") {
    gate t;
    t.hooks.pre_responder(any_verb, "/*",
                          [](auto&) -> asio::awaitable<void> { co_await forever(); });
    asio::cancellation_signal stop;
    judged j;
    t.hooks.async_authorize(make_request(verb::get, "/live"),
                            asio::bind_cancellation_slot(
                                stop.slot(), [&](error_code ec, std::optional<response> refusal) {
                                    j = {true, ec, std::move(refusal)};
                                }));
    t.context.poll();
    CHECK_FALSE(j.done);
    stop.emit(asio::cancellation_type::terminal);
    t.context.restart();
    t.context.run_for(20s);
    REQUIRE(j.done);
    CHECK(j.ec == asio::error::operation_aborted);
    CHECK_FALSE(j.refusal);
    CHECK(t.hooks.stats().exchanges == 0);
}

TEST_CASE("metrics count the refusals of judged requests, not those that go on") {
    gate t;
    t.hooks.pre_responder(any_verb, "/no", [](auto&) { return status::forbidden; });
    metrics const numbers(t.hooks);
    t.judge("/yes");
    t.judge("/no");
    std::string const text = numbers.text();
    CHECK(text.find("status=\"403\"") != text.npos);
    CHECK(text.find("status=\"100\"") == text.npos);
    CHECK(text.find("httphooks_cancelled_total 0\n") != text.npos);
}

TEST_CASE("an exchange that judged is as good as new for the next request") {
    gate t;
    t.hooks.get("/live", [](auto&) { return "answer"; });
    CHECK(t.judge("/live").goes_on());
    CHECK(t.get("/live").body() == "answer");
    CHECK(t.get("/other").result() == status::not_found);
}
