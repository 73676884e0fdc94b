// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/responders.hpp>

#include <httphooks/registry.hpp>
#include <httphooks/route_pattern.hpp>

#include <boost/asio/awaitable.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "support/hooks.hpp"

using namespace httphooks;
using httphooks::test::basic_fixture;
using httphooks::test::fixture;

namespace {

registry_options best() {
    registry_options o;
    o.responders = responders::best;
    return o;
}

hook_options as_fallback() {
    hook_options o;
    o.fallback = true;
    return o;
}

auto says(std::string text) {
    return [text](responder_context&) { return text; };
}

/// Which of two patterns answers, when the first, or the second, is registered first.
std::string winner(std::string const& a, std::string const& b, std::string_view target) {
    std::string won[2];
    for (int turn : {0, 1}) {
        fixture t(best());
        for (std::string const& pattern : {turn == 0 ? a : b, turn == 0 ? b : a})
            t.hooks.get(pattern, says(pattern));
        response const r = t.get(target);
        won[turn] =
            r.result() == status::ok ? std::string(r.body()) : std::to_string(r.result_int());
    }
    return won[0] == won[1] ? won[0] : "the first";
}

}  // namespace

TEST_CASE("Unless it is said otherwise every responder that matches runs") {
    fixture t;
    t.hooks.get("/users/:id", says("one of them"));
    t.hooks.get("/users/me", says("me"));
    CHECK(t.get("/users/me").result() == status::accepted);
    CHECK(t.get("/users/7").body() == "one of them");
}

TEST_CASE("The best responder is that of the most specific pattern") {
    CHECK(winner("/users/me", "/users/:id", "/users/me") == "/users/me");
    CHECK(winner("/users/:id", "/users/*rest", "/users/7") == "/users/:id");
    CHECK(winner("/:name", "/:name.:ext", "/a.b") == "/:name");
    CHECK(winner("/:name.:ext", "/*rest", "/a.b") == "/:name.:ext");
    CHECK(winner("/*name.js", "/*rest", "/a.js") == "/*name.js");
    CHECK(winner("/v:n", "/v*n", "/v1") == "/v:n");

    SECTION("segment by segment, from the left") {
        CHECK(winner("/a/:y", "/:x/b", "/a/b") == "/a/:y");
        CHECK(winner("/a/*", "/:x/b/c", "/a/b/c") == "/a/*");
        CHECK(winner("/a/b/:z", "/a/:y/c", "/a/b/c") == "/a/b/:z");
        CHECK(winner("/*any/x", "/*any", "/a/x") == "/*any/x");
    }
    SECTION("what ends before a splat") {
        CHECK(winner("/", "/*path", "/") == "/");
        CHECK(winner("/a", "/a/*path", "/a/") == "/a");
    }
    SECTION("a pattern of any path is a splat") {
        CHECK(winner("?a=:x", "/:x?a=:a", "/b?a=1") == "/:x?a=:a");
        CHECK(winner("?a=:x", "/*?b=:x&*", "/b?a=1") == "?a=:x");
    }
    SECTION("where the paths are equal the query decides") {
        CHECK(winner("/a", "/a?x=:x", "/a?x=1") == "/a?x=:x");
        CHECK(winner("/a?x=1", "/a?x=:x", "/a?x=1") == "/a?x=1");
        CHECK(winner("/a?x=1&y=2", "/a?x=1&y=:y", "/a?x=1&y=2") == "/a?x=1&y=2");
        CHECK(winner("/a?x=:x&y=:y&*", "/a?x=1&*", "/a?x=1&y=2") == "/a?x=1&*");
        CHECK(winner("/a?x=:x&y=:y&*", "/a?x=:x&*", "/a?x=1&y=2") == "/a?x=:x&y=:y&*");
        CHECK(winner("/a", "/:a?x=1", "/a?x=1") == "/a");
    }
    SECTION("of equal ones the first") {
        CHECK(winner("/:a", "/:b", "/x") == "the first");
        CHECK(winner("/a/*b", "/a/*", "/a/x") == "the first");
        CHECK(winner("/a-:x", "/:x-b", "/a-b") == "the first");
        CHECK(winner("/a?x=:x", "/a?x=:y", "/a?x=1") == "the first");
    }
}

TEST_CASE("The best responder has its own parameters") {
    fixture t(best());
    t.hooks.get("/:x/:y/:z", says("all"));
    t.hooks.get("/a/:y/:z.:e", [](responder_context& c) { return std::string(c.param("e")); });
    t.hooks.get("/a/:y/*rest", [](responder_context& c) {
        return std::string(c.param("y")) + "," + std::string(c.param("rest"));
    });
    CHECK(t.get("/a/b%20c/d.e").body() == "e");
    CHECK(t.get("/a/b%20c/d").body() == "b c,d");
    CHECK(t.get("/b/c/d").body() == "all");
}

TEST_CASE("Hooks of other types run as ever beside the best responder") {
    fixture t(best());
    auto const note = [&t](char const* name) {
        return [&t, name](auto& c) {
            t.log.add(name + std::string(c.param("x")));
            if constexpr (requires { c.pass(); }) c.pass();
        };
    };
    t.hooks.request_listener(any_verb, "/*x", note("listener:"));
    t.hooks.pre_responder(any_verb, "/:x", note("guard:"));
    t.hooks.pre_responder(any_verb, "/a", note("second guard:"));
    t.hooks.get("/:x", says("parameter"));
    t.hooks.get("/a", says("literal"));
    t.hooks.post_listener(any_verb, "/:x", [&t](post_listener_context const& c) {
        t.log.add(std::to_string(c.responses().size()));
    });
    t.hooks.post_responder(any_verb, "/*", note("after"));

    CHECK(t.get("/a").body() == "literal");
    CHECK(t.log.text() == "listener:a guard:a second guard: 1 after");
}

TEST_CASE("Asynchronous responders are chosen among, too") {
    fixture t(best());
    t.hooks.get("/:x", [](responder_context&) -> asio::awaitable<std::string> {
        co_await test::turns();
        co_return "parameter";
    });
    t.hooks.get("/a", [](responder_context&) -> asio::awaitable<std::string> {
        co_await test::turns();
        co_return "literal";
    });
    CHECK(t.get("/a").body() == "literal");
    CHECK(t.get("/b").body() == "parameter");
}

TEST_CASE("The best responder for HEAD is one for exactly HEAD, if there is one") {
    fixture t(best());
    t.hooks.get("/a", says("get"));
    t.hooks.responder(any_verb, "/:x", says("any"));
    CHECK(t.send(verb::head, "/a")[field::content_length] == "3");

    t.hooks.get("/a/b", says("the best of get"));
    t.hooks.head("/:x/b", [](responder_context& c) { c.set_response(status::no_content); });
    CHECK(t.send(verb::head, "/a/b").result() == status::no_content);
    CHECK(t.get("/a/b").body() == "the best of get");
}

TEST_CASE("Any method is no less specific than the method itself") {
    fixture t(best());
    t.hooks.responder(any_verb, "/a", says("any"));
    t.hooks.get("/a", says("get"));
    CHECK(t.get("/a").body() == "any");
}

TEST_CASE("The best responder's body limit counts, those of others do not") {
    fixture t(best());
    t.hooks.post("/:x", says("short"), {.body_limit = 2});
    t.hooks.post("/long", says("long"), {.body_limit = 10});
    CHECK(t.send(verb::post, "/long", "12345").body() == "long");
    CHECK(t.send(verb::post, "/long", "12345678901").result() == status::payload_too_large);
    CHECK(t.send(verb::post, "/other", "12345").result() == status::payload_too_large);
    auto const loop = t.hooks.make_loop();
    CHECK(loop->plan_body(test::make_request(verb::post, "/long")).limit == 10u);
    CHECK(loop->plan_body(test::make_request(verb::post, "/other")).limit == 2u);
}

TEST_CASE("A fallback runs only where no other responder matches") {
    bool const only_best = GENERATE(false, true);
    fixture t(only_best ? best() : registry_options());
    t.hooks.get("/*path", says("files"), as_fallback());
    t.hooks.get("/api/*", says("api"));
    t.hooks.get("/a", says("a"));

    CHECK(t.get("/a").body() == "a");
    CHECK(t.get("/api/x").body() == "api");
    CHECK(t.get("/b").body() == "files");
    CHECK(t.get("/").body() == "files");
    CHECK(t.send(verb::head, "/b")[field::content_length] == "5");
    CHECK(t.send(verb::head, "/a")[field::content_length] == "1");
}

TEST_CASE("Several responders that are no fallbacks still run together") {
    fixture t;
    t.hooks.get("/*path", says("files"), as_fallback());
    t.hooks.get("/:x", says("one"));
    t.hooks.get("/a", says("two"));
    auto const r = t.get("/a");
    CHECK(r.result() == status::accepted);
    CHECK(r.body().find("files") == std::string::npos);
}

TEST_CASE("Of several fallbacks the most specific one runs") {
    fixture t;
    t.hooks.get("/*", says("everything"), as_fallback());
    t.hooks.get("/docs/*", says("docs"), as_fallback());
    t.hooks.get("/docs/:page", says("page"), as_fallback());
    t.hooks.get("/docs/:other", says("other"), as_fallback());
    CHECK(t.get("/docs/a").body() == "page");
    CHECK(t.get("/docs/a/b").body() == "docs");
    CHECK(t.get("/a").body() == "everything");
}

TEST_CASE("A fallback does not answer other methods of a path that is served") {
    fixture t;
    t.hooks.get("/*path", says("files"), as_fallback());
    t.hooks.responder(any_verb, "/api/*", says("proxy"), as_fallback());
    t.hooks.post("/api/users", says("made"));

    auto const r = t.get("/api/users");
    CHECK(r.result() == status::method_not_allowed);
    CHECK(r[field::allow] == "POST, OPTIONS");
    CHECK(t.send(verb::head, "/api/users").result() == status::method_not_allowed);
    auto const options = t.send(verb::options, "/api/users");
    CHECK(options.result() == status::no_content);
    CHECK(options[field::allow] == "POST, OPTIONS");
    CHECK(t.send(verb::post, "/api/users").body() == "made");
    CHECK(t.send(verb::delete_, "/api/other").body() == "proxy");
}

TEST_CASE("A path that only fallbacks match is theirs") {
    fixture t;
    t.hooks.get("/*path", says("files"), as_fallback());
    t.hooks.post("/a", says("made"));
    t.hooks.request_listener(verb::put, "/*", [](request_listener_context const&) {});

    auto const r = t.send(verb::put, "/b");
    CHECK(r.result() == status::method_not_allowed);
    CHECK(r[field::allow] == "GET, HEAD, OPTIONS");
    auto const options = t.send(verb::options, "/b");
    CHECK(options.result() == status::no_content);
    CHECK(options[field::allow] == "GET, HEAD, OPTIONS");
    CHECK(t.send(verb::options, "*").result() == status::no_content);
}

TEST_CASE("A default responder stands behind the fallbacks") {
    fixture t;
    t.hooks.get("/files/*path", says("files"), as_fallback());
    t.hooks.post("/files/new", says("made"));
    t.hooks.default_responder(says("default"));
    CHECK(t.get("/files/a").body() == "files");
    CHECK(t.get("/files/new").body() == "default");
    CHECK(t.send(verb::post, "/files/a").body() == "default");
    CHECK(t.get("/").body() == "default");
}

TEST_CASE("A fallback for exactly HEAD stands before fallbacks for GET, and behind all others") {
    fixture t;
    t.hooks.head(
        "/*", [](responder_context& c) { c.set_response(status::no_content); }, as_fallback());
    t.hooks.get("/files/:x", says("file"), as_fallback());
    t.hooks.get("/a", says("a"));
    CHECK(t.send(verb::head, "/files/x").result() == status::no_content);
    CHECK(t.get("/files/x").body() == "file");
    CHECK(t.send(verb::head, "/a")[field::content_length] == "1");
}

TEST_CASE("Guards and listeners see requests of fallbacks") {
    fixture t;
    t.hooks.get("/*path", says("files"), as_fallback());
    t.hooks.pre_responder(any_verb, "/private/*",
                          [](pre_responder_context& c) { c.set_response(status::forbidden); });
    t.hooks.response_listener(any_verb, "/*", [&t](response_listener_context const& c) {
        t.log.add(std::to_string(c.response().result_int()));
    });
    CHECK(t.get("/private/x").result() == status::forbidden);
    CHECK(t.get("/x").result() == status::ok);
    CHECK(t.log.text() == "403 200");
}

TEST_CASE("Fallbacks may come and go while others run") {
    fixture t;
    t.hooks.get("/a", says("a"));
    CHECK(t.get("/b").result() == status::not_found);
    auto const id = t.hooks.get("/*", says("fallback"), as_fallback());
    CHECK(t.get("/b").body() == "fallback");
    CHECK(t.get("/a").body() == "a");
    t.hooks.remove(id);
    CHECK(t.get("/b").result() == status::not_found);
}
