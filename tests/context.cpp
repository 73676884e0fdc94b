// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/context.hpp>
#include <httphooks/multi_response.hpp>

#include <nlohmann/json.hpp>

#include "support/catch.hpp"
#include "support/hooks.hpp"

using namespace httphooks;
using namespace httphooks::test;

namespace {

// What each type may do; what it may not do is not there.
template <class C>
concept sets_response = requires(C& c) {
    c.set_response(status::ok);
};
template <class C>
concept has_reply_headers = requires(C& c) {
    c.reply_headers();
};
template <class C>
concept passes = requires(C& c) {
    c.pass();
};
template <class C>
concept ends = requires(C& c) {
    c.end(response());
};
template <class C>
concept replaces_request = requires(C& c) {
    c.replace_request(fields());
};
template <class C>
concept replaces_response = requires(C& c) {
    c.replace_response(response());
};
template <class C>
concept reads_responses = requires(C& c) {
    c.responses();
};
template <class C>
concept reads_response = requires(C& c) {
    c.response();
};
template <class C>
concept has_state = requires(C& c) {
    c.state();
};
template <class C>
concept sets_file = requires(C& c) {
    c.set_response(response(), std::shared_ptr<file_body>());
};

struct state {
    int value = 0;
};

template <hook_type Type>
constexpr bool allowed_is_right() {
    using C = basic_context<Type>;
    constexpr bool pre = Type == hook_type::pre_responder;
    constexpr bool post = Type == hook_type::post_responder;
    constexpr bool responds = is_responder(Type);
    return sets_response<C> == responds && has_reply_headers<C> == responds &&
           passes<C> == (pre || post) && ends<C> == pre && replaces_request<C> == pre &&
           replaces_response<C> == post &&
           reads_responses<C> ==
               (post || Type == hook_type::post_listener || Type == hook_type::response_listener) &&
           reads_response<C> == (Type == hook_type::response_listener) &&
           sets_file<C> == (Type == hook_type::responder) && !has_state<C> &&
           has_state<basic_context<Type, state>> && C::may_respond == responds && C::type == Type;
}

static_assert(allowed_is_right<hook_type::request_listener>());
static_assert(allowed_is_right<hook_type::pre_responder>());
static_assert(allowed_is_right<hook_type::pre_listener>());
static_assert(allowed_is_right<hook_type::responder>());
static_assert(allowed_is_right<hook_type::post_listener>());
static_assert(allowed_is_right<hook_type::post_responder>());
static_assert(allowed_is_right<hook_type::response_listener>());
static_assert(!std::is_copy_constructible_v<responder_context>);

}  // namespace

TEST_CASE("parameters are decoded, and empty when they are absent") {
    fixture t;
    t.hooks.get("/a/:one/*rest", [&](auto& c) {
        CHECK(c.param("one") == "x y");
        CHECK(c.param("rest") == "p/q%r");
        CHECK(c.has_param("one"));
        CHECK_FALSE(c.has_param("none"));
        CHECK(c.param("none").empty());
        CHECK(c.path() == "/a/x%20y/p/q%25r");
        CHECK(c.request().target() == "/a//x%20y/./p/q%25r?k=v");
        return "r";
    });
    CHECK(t.get("/a//x%20y/./p/q%25r?k=v").body() == "r");
    CHECK(t.errors.text() == "");
}

TEST_CASE("a parameter's value stays where it is, however many are asked for") {
    fixture t;
    t.hooks.get("/:a/:b/:c", [](auto& c) {
        auto const one = c.param("a");
        auto const two = c.param("b");
        for (int i = 0; i < 100; ++i) (void)c.param("c");
        return text(one, two, c.param("c"));
    });
    CHECK(t.get("/%20/%25/%3f").body() == " %?");
}

TEST_CASE("the query is decoded as a form, key by key") {
    fixture t;
    t.hooks.get("/*", [](auto& c) {
        CHECK(c.query("a") == "1 2");
        CHECK(c.query("empty").empty());
        CHECK(c.has_query("empty"));
        CHECK(c.has_query("flag"));
        CHECK_FALSE(c.has_query("none"));
        CHECK(c.query("none").empty());
        CHECK(c.query("a b") == "c&d");
        CHECK(c.query("bad") == "%zz");
        auto const all = c.query_all("a");
        REQUIRE(all.size() == 3);
        CHECK(all[0] == "1 2");
        CHECK(all[1] == "3");
        CHECK(all[2] == "4+");
        CHECK(c.query_all("none").empty());
        return "r";
    });
    CHECK(t.get("/?a=1+2&empty=&flag&a=3&a%20b=c%26d&bad=%zz&a=4%2B").body() == "r");
    CHECK(t.errors.text() == "");
    t.hooks.clear();
    t.hooks.get("/*", [](auto& c) { return text(c.has_query("a"), c.query_all("a").size()); });
    CHECK(t.get("/").body() == "false0");
}

TEST_CASE("a body that is no JSON is the client's fault, what a hook then misses in it its own") {
    fixture t;
    auto const refused = [](response const& r) {
        CHECK(r.body() == R"({"error":"Malformed JSON"})");
        CHECK(r[field::content_type] == "application/json");
        return r.result() == status::bad_request;
    };
    t.hooks.post("/value", [](auto& c) { return c.json().at("a"); });
    t.hooks.post("/ordered", [](auto& c) { return c.template json<nlohmann::ordered_json>(); });
    t.hooks.post("/coroutine", [](auto& c) -> asio::awaitable<nlohmann::json> {
        co_await turns();
        co_return c.json();
    });
    t.hooks.post("/callback", [](auto& c, auto done) {
        c.set_response(c.json());
        done();
    });
    t.hooks.post("/caught", [](auto& c) -> std::string {
        try {
            return c.json().dump();
        } catch (nlohmann::json::parse_error const&) {
            return "caught";
        }
    });
    t.hooks.post("/own", [](auto&) { return nlohmann::json::parse("{"); });
    t.hooks.pre_responder(verb::post, "/guarded", [](auto& c) {
        c.reply_headers().set("X-A", "1");
        if (c.json().empty()) return;
        c.pass();
    });
    t.hooks.post("/guarded", [](auto&) { return "r"; });
    t.hooks.post_responder(verb::post, "/after",
                           [](auto& c) { c.replace_response(json(c.json())); });
    t.hooks.post("/after", [](auto&) { return "r"; });
    t.hooks.post_listener(verb::post, "/heard", [](auto& c) { c.json(); });
    t.hooks.post("/heard", [](auto&) { return "r"; });

    CHECK(t.send(verb::post, "/value", R"({"a":[1,2]})").body() == "[1,2]");
    for (std::string const body : {"{", "", "{\"a\":\"\xFF\"}", "1e999"}) {
        INFO(body);
        for (auto const* target : {"/value", "/ordered", "/coroutine", "/callback", "/after"})
            CHECK(refused(t.send(verb::post, target, body)));
        response const guarded = t.send(verb::post, "/guarded", body);
        CHECK(refused(guarded));
        CHECK(guarded["X-A"] == "1");
    }
    CHECK(t.errors.size() == 4 * 6);  // each is told to the error handler
    CHECK(t.send(verb::post, "/caught", "{").body() == "caught");
    CHECK(t.send(verb::post, "/heard", "{").body() == "r");
    CHECK(t.send(verb::post, "/value", R"({"b":1})").result() == status::internal_server_error);
    CHECK(t.send(verb::post, "/own", "{}").result() == status::internal_server_error);
}

TEST_CASE("JSON that is nested deeper than the stack is high is refused before it is read") {
    fixture t;
    auto const nested = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
    t.hooks.post("/echo", [](auto& c) { return c.json(); });
    t.hooks.post("/flat", [](auto& c) { return c.json(1); });
    CHECK(t.send(verb::post, "/echo", nested(200)).body() == nested(200));
    for (std::size_t const depth : {201u, 500'000u}) {
        response const r = t.send(verb::post, "/echo", nested(depth));
        CHECK(r.result() == status::bad_request);
        CHECK(r.body() == R"({"error":"Malformed JSON"})");
    }
    CHECK(t.errors.text().find("nested too deep") != std::string::npos);
    std::string const flat = R"(["[[\"[[{","{{\\"])";  // brackets within strings are none
    CHECK(t.send(verb::post, "/flat", flat).body() == flat);
    CHECK(t.send(verb::post, "/flat", "[{}]").result() == status::bad_request);
    std::string deep_object;
    for (int i = 0; i < 300; ++i) deep_object += R"({"a":)";
    CHECK(t.send(verb::post, "/echo", deep_object).result() == status::bad_request);
}

TEST_CASE("a body that is no JSON is one part of the reply when other responders answer too") {
    fixture t;
    t.hooks.post("/*", [](auto& c) -> asio::awaitable<nlohmann::json> {
        co_await turns();
        co_return c.json();
    });
    t.hooks.post("/*", [](auto&) { return "r"; });
    auto const parts = parse_multi_response(t.send(verb::post, "/", "{"));
    REQUIRE(parts.has_value());
    REQUIRE(parts->size() == 2);
    CHECK((*parts)[0].result() == status::bad_request);
    CHECK((*parts)[0].body() == R"({"error":"Malformed JSON"})");
    CHECK((*parts)[1].body() == "r");
}

TEST_CASE("a context knows its hook and where the request came from") {
    fixture t;
    auto const handshake = std::make_shared<request const>(verb::get, "/echo/websocket", 11);
    asio::ip::tcp::endpoint const peer(asio::ip::make_address("192.0.2.7"), 4711);
    t.hooks.get("/:x",
                [&](auto& c) {
                    CHECK(c.hook().options.name == "named");
                    CHECK(c.hook().pattern == "/:x");
                    CHECK(c.hook().type == hook_type::responder);
                    CHECK(c.origin().transport() == transport::sockjs);
                    CHECK(c.origin().peer() == peer);
                    CHECK(c.origin().tls());
                    CHECK(c.origin().handshake() == handshake);
                    CHECK(c.id() != 0);
                    CHECK_FALSE(c.cancellation_slot().is_connected());
                    return "r";
                },
                {.name = "named"});
    CHECK(testing::inject(t.hooks, make_request(verb::get, "/a"),
                          origin(transport::sockjs, peer, true, handshake))
              .body() == "r");
    CHECK(t.errors.text() == "");
}

TEST_CASE("set_response takes statuses of 200 to 599, and the last one set counts") {
    fixture t;
    t.hooks.get("/*", [](auto& c) {
        for (unsigned code : {0u, 100u, 199u, 600u, 999u}) {
            response r(status::ok, 11);
            r.result(code);
            CHECK_THROWS_AS(c.set_response(r), system_error);
        }
        c.set_response(status::ok, "first");
        c.set_response("second");
        c.set_response(nlohmann::json{{"third", 3}});
        response last = make_response(status::ok, "last");
        last.result(599u);
        c.set_response(std::move(last));
    });
    response const r = t.get("/");
    CHECK(r.result_int() == 599);
    CHECK(r.body() == "last");
    CHECK(t.errors.text() == "");
}

TEST_CASE("set_response has the content type that it is given, or none") {
    fixture t;
    t.hooks.get("/none", [](auto& c) { c.set_response(status::ok, "x"); });
    t.hooks.get("/given", [](auto& c) { c.set_response(status::ok, "x", "text/x"); });
    t.hooks.get("/text", [](auto& c) { c.set_response("x"); });
    CHECK(t.get("/none").count(field::content_type) == 0);
    CHECK(t.get("/given")[field::content_type] == "text/x");
    CHECK(t.get("/text")[field::content_type] == "text/plain; charset=utf-8");
}

TEST_CASE("a pass does not undo an end, whatever comes first") {
    fixture t;
    t.hooks.get("/*", [](auto&) { return "r"; });
    t.hooks.pre_responder(any_verb, "/end-pass", [](auto& c) {
        c.set_response(status::forbidden);
        c.pass();
    });
    t.hooks.pre_responder(any_verb, "/pass-end", [](auto& c) {
        c.pass();
        c.set_response(status::forbidden);
    });
    t.hooks.pre_responder(any_verb, "/end-2xx", [](auto& c) {
        c.set_response(status::forbidden);
        c.set_response(status::ok);
    });
    t.hooks.pre_responder(any_verb, "/end-replace", [](auto& c) {
        c.set_response(status::forbidden);
        c.replace_request(fields());
    });
    for (char const* target : {"/end-pass", "/pass-end", "/end-2xx", "/end-replace"})
        CHECK(t.get(target).result() == status::forbidden);
}
