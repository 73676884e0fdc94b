// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/failure.hpp>

#include <httphooks/http_error.hpp>
#include <httphooks/metrics.hpp>
#include <httphooks/multi_response.hpp>

#include <boost/asio/detached.hpp>

#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/hooks.hpp"

using namespace httphooks;
using namespace httphooks::test;
using namespace std::chrono_literals;

namespace {

/// A registry whose failures are told of in the log, and replied to with their reason.
struct failing_fixture {
    journal told;
    fixture t;

    explicit failing_fixture(registry_options o = {}) : t(with(std::move(o))) {}

    registry_options with(registry_options o) {
        o.on_failure = [this](failure const& f) {
            std::string entry(to_string(f.reason));
            entry += " " + std::to_string(static_cast<unsigned>(f.status)) + " " +
                     std::string(f.path) + " " + (f.hook ? f.hook->pattern : "-") + " " + f.what();
            told.add(entry);
            response r =
                make_response(f.status, "<" + std::string(to_string(f.reason)) + ">", "a/b");
            r.set("X-Failure", "1");
            return r;
        };
        return o;
    }
};

}  // namespace

TEST_CASE("every failure has a name of its own") {
    std::set<std::string_view> names;
    for (int i = 0; i <= static_cast<int>(failure_reason::refused); ++i)
        names.insert(to_string(static_cast<failure_reason>(i)));
    CHECK(names.size() == 8);
    CHECK(names.contains("time-limit"));
}

TEST_CASE("on_failure is asked for what fails in a hook, and says what is replied") {
    failing_fixture f;
    auto& hooks = f.t.hooks;
    std::string expected;
    auto code = status::internal_server_error;
    hooks.get("/*", [](auto&) { return "r"; });
    SECTION("a guard that throws") {
        hooks.pre_responder(any_verb, "/*x", [](auto&) { throw std::runtime_error("boom"); });
        expected = "exception 500 /x /*x boom";
    }
    SECTION("a guard that throws later") {
        hooks.pre_responder(any_verb, "/*x", [](auto&) -> asio::awaitable<void> {
            co_await turns();
            throw 7;
        });
        expected = "exception 500 /x /*x a hook threw an unknown exception";
    }
    SECTION("a guard that reports an error") {
        hooks.pre_responder(any_verb, "/*x", [](auto&, auto done) { done(error::invalid_base64); });
        expected = "error 500 /x /*x invalid base64";
    }
    SECTION("a guard that does not decide") {
        hooks.pre_responder(any_verb, "/*x", [](auto&) {});
        expected = "undecided 500 /x /*x a pre-responder finished without a decision";
    }
    SECTION("a guard that takes too long") {
        hooks.pre_responder(any_verb, "/*x",
                            [](auto&) -> asio::awaitable<void> { co_await forever(); },
                            {.time_limit = 1ms});
        expected = "time-limit 504 /x /*x a hook exceeded its time limit";
        code = status::gateway_timeout;
    }
    SECTION("a guard whose response none can send") {
        hooks.pre_responder(any_verb, "/*x", [](auto& c) {
            response r;
            r.result(700);
            c.end(std::move(r));
        });
        expected = "invalid-replacement 500 /x /*x status is not in 200 to 599";
    }
    SECTION("an http_error") {
        hooks.pre_responder(any_verb, "/*x", [](auto&) { throw http_error(status::locked, "l"); });
        expected = "exception 423 /x /*x l";
        code = status::locked;
    }
    SECTION("a post-responder") {
        hooks.post_responder(any_verb, "/*x", [](auto&) { throw std::runtime_error("boom"); });
        expected = "exception 500 /x /*x boom";
    }
    response const r = f.t.get("/x");
    CHECK(r.result() == code);
    CHECK(r[field::content_type] == "a/b");
    CHECK(r.body().starts_with("<"));
    CHECK(r["X-Failure"] == "1");
    REQUIRE(f.told.size() == 1);
    CHECK(f.told.text().starts_with(expected));
}

TEST_CASE("reply_headers are merged behind on_failure") {
    failing_fixture f;
    f.t.hooks.pre_responder(any_verb, "/*", [](auto& c) {
        c.reply_headers().set("X-Failure", "the hook's");
        c.pass();
    });
    CHECK(f.t.get("/").result() == status::not_found);
    CHECK(f.t.get("/")["X-Failure"] == "the hook's");
}

TEST_CASE("on_failure is asked for a responder that fails, when its response is the reply") {
    failing_fixture f;
    f.t.hooks.get("/one", [](auto&) { throw std::runtime_error("boom"); });
    f.t.hooks.get("/silent", [](auto&) {});
    f.t.hooks.get("/silent", [](auto&, auto) {});
    f.t.hooks.get("/two", [](auto&) { return "r"; });
    f.t.hooks.get("/two", [](auto&) -> asio::awaitable<void> {
        co_await turns();
        throw std::runtime_error("later");
    });
    f.t.hooks.get("/limit", [](auto&) -> asio::awaitable<void> { co_await forever(); },
                  {.time_limit = 1ms});
    f.t.hooks.get("/replaced", [](auto&) { throw std::runtime_error("boom"); });
    f.t.hooks.post_responder(any_verb, "/replaced",
                             [](auto& c) { c.replace_response(text("replaced")); });
    CHECK(f.t.get("/one").body() == "<exception>");
    CHECK(f.t.get("/silent").body() == "<error>");
    CHECK(f.t.get("/limit").body() == "<time-limit>");
    CHECK(f.told.entries() ==
          std::vector<std::string>{
              "exception 500 /one /one boom",
              "error 500 /silent /silent a hook dropped its done without calling it",
              "time-limit 504 /limit /limit a hook exceeded its time limit"});
    // a part of a reply is none, nor is what a hook put in its place
    response const two = f.t.get("/two");
    CHECK(two.result() == status::accepted);
    CHECK((*parse_multi_response(two))[1].body() == R"({"error":"Internal server error"})");
    CHECK(f.t.get("/replaced").body() == "replaced");
    CHECK(f.told.size() == 3);
}

TEST_CASE("on_failure is asked when nothing serves the request, and when it is none") {
    failing_fixture f;
    f.t.hooks.get("/a", [](auto&) { return "a"; });
    f.t.hooks.post("/a", [](auto&) { return "a"; }, {.body_limit = 3});
    CHECK(f.t.get("/b").body() == "<no-match>");
    response const r = f.t.send(verb::put, "/a");
    CHECK(r.body() == "<method-not-allowed>");
    CHECK(r[field::allow] == "GET, HEAD, POST, OPTIONS");
    CHECK(f.t.get("/a%zz").body() == "<refused>");
    CHECK(f.t.send(verb::post, "/a", "long").body() == "<refused>");
    request unknown = make_request(verb::get, "/a");
    unknown.method_string("BREW");
    CHECK(f.t.send(std::move(unknown)).body() == "<refused>");
    CHECK(f.told.entries() == std::vector<std::string>{
                                  "no-match 404 /b - no-match",
                                  "method-not-allowed 405 /a - method-not-allowed",
                                  "refused 400 / - malformed percent escape",
                                  "refused 413 /a - refused",
                                  "refused 501 /a - unknown method",
                              });
    CHECK(f.t.send(verb::head, "/b").result() == status::not_found);
    CHECK(f.t.send(verb::head, "/b")[field::content_length] == "10");
    CHECK(f.t.send(verb::options, "/a").result() == status::no_content);
}

TEST_CASE("on_failure is not asked for what hooks chose") {
    failing_fixture f;
    f.t.hooks.get("/set", [](auto&) { return status::not_found; });
    f.t.hooks.get("/error", [](auto&) { return error_response(status::bad_gateway); });
    f.t.hooks.get("/guarded", [](auto&) { return "r"; });
    f.t.hooks.pre_responder(any_verb, "/guarded", [](auto&) { return status::forbidden; });
    f.t.hooks.no_match([](auto&) { return status::gone; });
    CHECK(f.t.get("/set").result() == status::not_found);
    CHECK(f.t.get("/error").result() == status::bad_gateway);
    CHECK(f.t.get("/guarded").result() == status::forbidden);
    CHECK(f.t.get("/none").result() == status::gone);
    CHECK(f.told.size() == 0);
}

TEST_CASE("on_failure cannot make a failure a success, nor an open guard of a closed one") {
    unsigned wanted = 200;
    fixture t({.on_failure = [&](failure const&) {
        response r = text("all is well");
        r.result(wanted);
        r.reason("Fine");
        return r;
    }});
    t.hooks.get("/*", [&t](auto&) {
        t.log.add("responder");
        return "secret";
    });
    t.hooks.pre_responder(any_verb, "/*", [](auto&) {});
    for (unsigned const code : {0u, 100u, 101u, 200u, 204u, 299u, 600u, 999u}) {
        wanted = code;
        response const r = t.get("/");
        CHECK(r.result() == status::internal_server_error);
        CHECK(r.reason() == "Internal Server Error");
        CHECK(r.body() == "all is well");
    }
    for (unsigned const code : {300u, 302u, 399u, 400u, 418u, 599u}) {
        wanted = code;
        CHECK(t.get("/").result_int() == code);
    }
    CHECK(t.log.size() == 0);
    CHECK(t.errors.entries().size() == 15);
    CHECK(t.errors.entries()[1] == "responder: on_failure cannot make a failure a success: 0");
}

TEST_CASE("on_failure sends the client elsewhere, and Allow of a 405 stays") {
    fixture t({.on_failure = [](failure const&) {
        response r = make_response(status::found);
        r.set(field::location, "/login");
        return r;
    }});
    t.hooks.post("/a", [](auto&) { return "a"; });
    t.hooks.get("/b", [](auto&) -> std::string { throw http_error(status::unauthorized); });
    response r = t.get("/b");
    CHECK(r.result() == status::found);
    CHECK(r[field::location] == "/login");
    r = t.get("/a");
    CHECK(r.result() == status::found);
    CHECK(r[field::location] == "/login");
    CHECK(r[field::allow] == "POST, OPTIONS");
    CHECK(t.errors.text().empty());
}

TEST_CASE("when on_failure throws, the first reply stands") {
    fixture t({.on_failure = [](failure const&) -> response { throw std::runtime_error("mine"); }});
    t.hooks.post("/a", [](auto&) { return "a"; });
    response const r = t.get("/a");
    CHECK(r.result() == status::method_not_allowed);
    CHECK(r.body() == "Method Not Allowed");
    CHECK(r[field::allow] == "POST, OPTIONS");
    CHECK(t.errors.text() == "responder: mine");
}

TEST_CASE("what on_failure gives is no better than what a hook sets, and Allow stays") {
    bool first = false;
    fixture t({.on_failure = [&](failure const& f) {
        if (first) return f.reply;
        response r = make_response(status::not_found, "n", "text/plain");
        r.set(field::allow, "TRACE");
        r.set(field::connection, "close");
        r.set(field::content_length, "1");
        return r;
    }});
    t.hooks.post("/a", [](auto&) { return "a"; });
    for (int i = 0; i < 2; ++i) {
        response const r = t.get("/a");
        CHECK(r.result() == status::not_found);
        CHECK(r[field::allow] == "POST, OPTIONS");
        CHECK(r.count(field::connection) == 0);
        CHECK(r[field::content_length] == "1");
    }
    CHECK(t.errors.entries() ==
          std::vector<std::string>{"responder: a header field that the library makes is not taken "
                                   "from a hook: Connection"});
    first = true;
    response const r = t.get("/a");
    CHECK(r.result() == status::method_not_allowed);
    CHECK(r.body() == "Method Not Allowed");
    CHECK(r[field::allow] == "POST, OPTIONS");
}

TEST_CASE("on_failure sees the request as the hooks left it, and who asked") {
    std::string seen;
    fixture t({.on_failure = [&](failure const& f) {
        seen = std::string(f.request["X-Id"]) + " " + std::string(f.request.method_string()) + " " +
               std::string(to_string(f.origin.transport())) + " " +
               (f.exchange_id != 0 ? "numbered " : "") + f.reply.body();
        return f.reply;
    }});
    t.hooks.pre_responder(any_verb, "/*", [](auto& c) {
        fields more;
        more.set("X-Id", "7");
        c.replace_request(std::move(more));
    });
    CHECK(t.get("/").body() == "Not Found");
    CHECK(seen == "7 GET inject numbered Not Found");
}

TEST_CASE("response-listeners and tracers see what is refused before a hook runs") {
    fixture t;
    metrics numbers(t.hooks);
    t.hooks.get("/a", [](auto&) { return "a"; }, {.body_limit = 3});
    t.hooks.request_listener(any_verb, "/*", [&t](auto&) { t.log.add("request"); });
    t.hooks.response_listener(any_verb, "/*", [&t](auto& c) {
        t.log.add("/*:" + std::to_string(c.response().result_int()) + ":" +
                  std::string(c.request().target()) + ":" + std::string(c.path()));
    });
    t.hooks.response_listener(verb::get, "/a", [&t](auto& c) -> asio::awaitable<void> {
        co_await turns();
        t.log.add("/a:" + std::to_string(c.response().result_int()));
    });
    CHECK(t.get("/a/../..").result() == status::bad_request);
    CHECK(t.send(verb::get, "/a", "long").result() == status::payload_too_large);
    t.context.restart();
    t.context.run();
    request unknown = make_request(verb::get, "/a");
    unknown.method_string("BREW");
    CHECK(t.send(std::move(unknown)).result() == status::not_implemented);
    CHECK(t.log.entries() ==
          std::vector<std::string>{"/*:400:/a/../..:/", "/*:413:/a:/a", "/a:413", "/*:501:/a:/a"});
    std::string const text = numbers.text();
    for (auto const* const code : {"400", "413", "501"})
        CHECK(text.find("status=\"" + std::string(code) + "\"") != text.npos);
    CHECK(t.hooks.stats().exchanges == 0);
}

TEST_CASE("an option that has no effect is told when the hook is registered") {
    fixture t;
    t.hooks.get("/a", [](auto&) { return "a"; }, {.time_limit = 1s});
    t.hooks.get("/b", [](auto&) -> asio::awaitable<void> { co_return; }, {.time_limit = 1s});
    t.hooks.no_match([](auto&) { return "n"; }, {.body_limit = 7});
    t.hooks.pre_responder(any_verb, "/c", [](auto& c) { c.pass(); }, {.fallback = true});
    t.hooks.add(hook::of_type<hook_type::response_listener>(any_verb, "/c", [](auto&) {},
                                                            {.fallback = true}));
    t.hooks.default_responder([](auto&) { return "d"; }, {.fallback = true});
    t.hooks.get("/d", [](auto&) { return "d"; }, {.fallback = true});
    std::string const text = "responder: an option has no effect: ";
    CHECK(t.errors.entries() ==
          std::vector<std::string>{text + "time_limit of a callback that completes when it returns",
                                   text + "body_limit of a responder that is not found by its "
                                          "pattern",
                                   "pre-" + text + "fallback of a hook that is no responder",
                                   "response-listener: an option has no effect: fallback of a hook "
                                   "that is no responder",
                                   text + "fallback of a responder that is not found by its "
                                          "pattern"});
}
