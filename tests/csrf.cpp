// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/csrf.hpp>
#include <httphooks/tls_cookie_keys.hpp>

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "support/catch.hpp"
#include "support/hooks.hpp"

namespace {

namespace hh = httphooks;
using hh::field;
using hh::verb;

using csrf_headers = std::initializer_list<std::pair<std::string_view, std::string_view>>;

/// A browser with cookies and the token of a page, in front of a guard.
struct csrf_fixture : hh::test::fixture {
    hh::sessions sessions{};
    hh::csrf guard;
    std::string cookies{};
    std::string token{};

    explicit csrf_fixture(hh::csrf_options o = {}) : guard(sessions, std::move(o)) { set_up(); }
    csrf_fixture(hh::cookie_keys keys, hh::csrf_options o) : guard(keys, std::move(o)) { set_up(); }

    void set_up() {
        hooks.pre_responder(hh::any_verb, "/*", guard);
        hooks.get("/token", [g = guard](auto& c) { return g.token(c); });
        hooks.post("/login", [s = sessions](auto& c) {
            s.of(c).rotate();
            return "done";
        });
        hooks.responder(hh::any_verb, "/do", [](auto&) { return "done"; });
    }

    hh::response ask(verb method, std::string_view target, csrf_headers headers,
                     std::string body = {}, hh::origin from = {}) {
        auto r = hh::test::make_request(method, target, std::move(body));
        if (!cookies.empty()) r.set(field::cookie, cookies);
        for (auto const& [name, value] : headers) r.insert(name, value);
        auto reply = hh::testing::inject(hooks, std::move(r), std::move(from));
        if (std::string_view const set = reply[field::set_cookie]; !set.empty())
            cookies = set.substr(0, set.find(';'));
        return reply;
    }
    void open_page() { token = ask(verb::get, "/token", {}).body(); }
    unsigned post(csrf_headers headers, std::string body = {}) {
        return ask(verb::post, "/do", headers, std::move(body)).result_int();
    }
};

std::string const csrf_key(32, 'k');

}  // namespace

TEST_CASE("a request with the token of its session passes, in a header or in a form") {
    csrf_fixture f;
    f.open_page();
    CHECK(f.post({{"X-CSRF-Token", f.token}}) == 200);
    CHECK(f.post({{"Content-Type", "application/x-www-form-urlencoded"}},
                 "a=1&csrf_token=" + f.token) == 200);
    CHECK(f.post({{"Content-Type", "multipart/form-data; boundary=b"}},
                 "--b\r\nContent-Disposition: form-data; name=csrf_token\r\n\r\n" + f.token +
                     "\r\n--b--") == 200);
    f.open_page();
    CHECK(f.post({{"X-CSRF-Token", f.token}}) == 200);
}

TEST_CASE("all tokens that a client without a cookie is given at once are good") {
    csrf_fixture f(hh::cookie_keys({csrf_key}), {});
    f.hooks.get("/two", [g = f.guard](auto& c) { return g.token(c) + "," + g.token(c); });
    f.hooks.post_responder(verb::get, "/two", [g = f.guard](auto& c) {
        auto reply = c.responses().front();
        reply.body() += "," + g.token(c);
        c.replace_response(std::move(reply));
    });
    hh::response const page = f.ask(verb::get, "/two", {});
    CHECK(page.count(field::set_cookie) == 1);
    std::string const tokens = page.body();
    std::size_t const first = tokens.find(','), second = tokens.find(',', first + 1);
    REQUIRE(second != tokens.npos);
    CHECK(f.post({{"X-CSRF-Token", tokens.substr(0, first)}}) == 200);
    CHECK(f.post({{"X-CSRF-Token", tokens.substr(first + 1, second - first - 1)}}) == 200);
    CHECK(f.post({{"X-CSRF-Token", tokens.substr(second + 1)}}) == 200);
    CHECK(f.ask(verb::get, "/two", {}).count(field::set_cookie) == 0);
}

TEST_CASE("a request without a token, or with a wrong one, is refused") {
    csrf_fixture f;
    f.open_page();
    CHECK(f.post({}) == 403);
    CHECK(f.post({{"X-CSRF-Token", ""}}) == 403);
    CHECK(f.post({{"X-CSRF-Token", "wrong"}}) == 403);
    CHECK(f.post({{"X-CSRF-Token", std::string(f.token.size(), 'A')}}) == 403);
    CHECK(f.post({{"X-CSRF-Token", f.token + f.token}}) == 403);
    CHECK(f.post({{"X-CSRF-Token", f.token}, {"X-CSRF-Token", f.token}}) == 403);
    CHECK(f.post({{"Content-Type", "application/x-www-form-urlencoded"}}, "csrf_token=") == 403);
    CHECK(f.post({{"Content-Type", "text/plain"}}, "csrf_token=" + f.token) == 403);
    // a header that is there counts, not the form
    CHECK(f.post({{"X-CSRF-Token", "x"}, {"Content-Type", "application/x-www-form-urlencoded"}},
                 "csrf_token=" + f.token) == 403);
    f.cookies.clear();
    CHECK(f.post({{"X-CSRF-Token", f.token}}) == 403);
    CHECK(f.ask(verb::put, "/do", {}).result_int() == 403);
    CHECK(f.ask(verb::delete_, "/do", {}).result_int() == 403);
}

TEST_CASE("a token is good with its own session alone") {
    csrf_fixture f;
    f.open_page();
    std::string const token = f.token;
    f.cookies.clear();
    f.open_page();
    CHECK(f.post({{"X-CSRF-Token", token}}) == 403);
    CHECK(f.post({{"X-CSRF-Token", f.token}}) == 200);
}

TEST_CASE("methods that change nothing pass") {
    csrf_fixture f;
    CHECK(f.ask(verb::get, "/do", {{"Sec-Fetch-Site", "cross-site"}}).result_int() == 200);
    CHECK(f.ask(verb::head, "/do", {}).result_int() == 200);
    CHECK(f.ask(verb::options, "/do", {}).result_int() == 200);
    CHECK(f.ask(verb::trace, "/do", {}).result_int() == 200);
    CHECK(f.cookies.empty());
}

TEST_CASE("what comes from another site is refused, with the token too") {
    csrf_fixture f;
    f.open_page();
    auto const post = [&f](csrf_headers headers) {
        auto r = hh::test::make_request(verb::post, "/do");
        r.set(field::cookie, f.cookies);
        r.set("X-CSRF-Token", f.token);
        for (auto const& [name, value] : headers) r.insert(name, value);
        return f.send(std::move(r)).result_int();
    };
    CHECK(post({{"Sec-Fetch-Site", "same-origin"}}) == 200);
    CHECK(post({{"Sec-Fetch-Site", "none"}}) == 200);
    CHECK(post({{"Sec-Fetch-Site", "same-site"}}) == 403);
    CHECK(post({{"Sec-Fetch-Site", "cross-site"}}) == 403);
    CHECK(post({{"Sec-Fetch-Site", ""}}) == 403);
    CHECK(post({{"Sec-Fetch-Site", "same-origin"}, {"Sec-Fetch-Site", "cross-site"}}) == 403);
    CHECK(post({{"Origin", "http://test"}}) == 200);
    CHECK(post({{"Origin", "https://TEST"}}) == 200);
    CHECK(post({{"Origin", "http://test:8080"}}) == 403);
    CHECK(post({{"Origin", "http://evil"}}) == 403);
    CHECK(post({{"Origin", "http://test.evil"}}) == 403);
    CHECK(post({{"Origin", "null"}}) == 403);
    CHECK(post({{"Origin", ""}}) == 403);
    CHECK(post({{"Origin", "http://test"}, {"Origin", "http://evil"}}) == 403);
    CHECK(post({{"Origin", "http://test"}, {"Host", "evil"}}) == 403);
}

TEST_CASE("over TLS a page without TLS is another site") {
    csrf_fixture f;
    f.open_page();
    hh::origin const tls(hh::transport::http, {}, true);
    CHECK(f.ask(verb::post, "/do", {{"X-CSRF-Token", f.token}, {"Origin", "http://test"}}, {}, tls)
              .result_int() == 403);
    CHECK(f.ask(verb::post, "/do", {{"X-CSRF-Token", f.token}, {"Origin", "https://test"}}, {}, tls)
              .result_int() == 200);
}

TEST_CASE("pages of other origins may send when they are listed, with the token") {
    csrf_fixture f({.origins = {"https://app.example"}});
    f.open_page();
    CHECK(f.post({{"X-CSRF-Token", f.token},
                  {"Origin", "https://app.example"},
                  {"Sec-Fetch-Site", "cross-site"}}) == 200);
    CHECK(f.post({{"Origin", "https://app.example"}}) == 403);
    CHECK(f.post({{"X-CSRF-Token", f.token}, {"Origin", "https://other.example"}}) == 403);
}

TEST_CASE("a token changes its text each time, and its secret at a login") {
    csrf_fixture f;
    f.open_page();
    std::string const first = f.token;
    f.open_page();
    CHECK(f.token != first);
    CHECK(f.token.size() == first.size());
    CHECK(f.post({{"X-CSRF-Token", first}}) == 200);
    CHECK(f.ask(verb::post, "/login", {{"X-CSRF-Token", f.token}}).result_int() == 200);
    CHECK(f.post({{"X-CSRF-Token", f.token}}) == 403);
    f.open_page();
    CHECK(f.post({{"X-CSRF-Token", f.token}}) == 200);
}

TEST_CASE("a guard with keys has its token in a signed cookie") {
    csrf_fixture f(
        hh::cookie_keys({csrf_key}),
        {.header = "X-XSRF-TOKEN", .cookie = {.name = "XSRF-TOKEN", .http_only = false}});
    CHECK(f.post({}) == 403);
    auto const page = f.ask(verb::get, "/token", {});
    CHECK(page[field::set_cookie] == f.cookies + "; Path=/; SameSite=Lax");
    f.token = page.body();
    CHECK(f.post({{"X-XSRF-TOKEN", f.token}}) == 200);
    // what a script reads from the cookie will do
    CHECK(f.post({{"X-XSRF-TOKEN", f.cookies.substr(f.cookies.find('=') + 1)}}) == 200);
    CHECK(f.post({{"X-XSRF-TOKEN", "x"}}) == 403);
    CHECK(f.post({}) == 403);
    std::string const before = f.cookies;
    CHECK_FALSE(f.ask(verb::get, "/token", {}).contains(field::set_cookie));
    f.cookies = "XSRF-TOKEN=chosen";
    CHECK(f.post({{"X-XSRF-TOKEN", "chosen"}}) == 403);
    f.cookies = before;
    f.cookies.back() = f.cookies.back() == 'A' ? 'E' : 'A';
    CHECK(f.post({{"X-XSRF-TOKEN", f.cookies.substr(f.cookies.find('=') + 1)}}) == 403);
}

TEST_CASE("a signed token may be bound to the cookie of a login") {
    csrf_fixture f(hh::cookie_keys({csrf_key}), {.bound_to = "sid"});
    f.cookies = "sid=ann";
    f.open_page();
    std::string const signed_cookie = f.cookies;
    f.cookies = "sid=ann; " + signed_cookie;
    CHECK(f.post({{"X-CSRF-Token", f.token}}) == 200);
    f.cookies = "sid=bob; " + signed_cookie;
    CHECK(f.post({{"X-CSRF-Token", f.token}}) == 403);
    f.cookies = signed_cookie;
    CHECK(f.post({{"X-CSRF-Token", f.token}}) == 403);
}

TEST_CASE("over a socket its handshake says where it comes from, and the message has the token") {
    csrf_fixture f;
    f.open_page();
    auto const from = [&f](std::string_view origin) {
        auto handshake = std::make_shared<hh::request>(hh::test::make_request(verb::get, "/s"));
        handshake->set(field::cookie, f.cookies);
        handshake->set(field::origin, origin);
        return hh::origin(hh::transport::websocket, {}, false, std::move(handshake));
    };
    auto const ask = [&f](csrf_headers headers, hh::origin o) {
        auto r = hh::test::make_request(verb::post, "/do");
        for (auto const& [name, value] : headers) r.insert(name, value);
        return hh::testing::inject(f.hooks, std::move(r), std::move(o)).result_int();
    };
    CHECK(ask({{"X-CSRF-Token", f.token}}, from("http://test")) == 200);
    CHECK(ask({}, from("http://test")) == 403);
    CHECK(ask({{"X-CSRF-Token", f.token}, {"Origin", "http://test"}}, from("http://evil")) == 403);
}

TEST_CASE("a guard's options that cannot be meant are refused") {
    CHECK_THROWS_AS(hh::csrf(hh::sessions(), {.header = "a b"}), std::invalid_argument);
    hh::cookie_keys const keys({csrf_key});
    CHECK_THROWS_AS(hh::csrf(hh::sessions(), {.bound_to = "sid"}), std::invalid_argument);
    CHECK_THROWS_AS(hh::csrf(keys, {.header = ""}), std::invalid_argument);
    CHECK_THROWS_AS(hh::csrf(keys, {.cookie = {.name = ""}}), std::invalid_argument);
}
