// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/cookie.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "support/hooks.hpp"

namespace {

namespace hh = httphooks;
using hh::field;
using hh::verb;

/// The value of the cookie in a request that has these Cookie fields; "-": none.
std::string cookie_in(std::initializer_list<std::string_view> lines, std::string_view name) {
    hh::fields f;
    for (auto const line : lines) f.insert(field::cookie, line);
    return std::string(hh::cookie_value(f, name).value_or("-"));
}

std::vector<std::string> set_cookies(hh::fields const& reply) {
    std::vector<std::string> all;
    auto const [first, last] = reply.equal_range(field::set_cookie);
    for (auto f = first; f != last; ++f) all.emplace_back(f->value());
    return all;
}

using cookie_lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a cookie is found by its name, case and all") {
    CHECK(cookie_in({"a=1; b=2; B=3"}, "a") == "1");
    CHECK(cookie_in({"a=1; b=2; B=3"}, "b") == "2");
    CHECK(cookie_in({"a=1; b=2; B=3"}, "B") == "3");
    CHECK(cookie_in({"a=1; b=2"}, "c") == "-");
    CHECK(cookie_in({"aa=1"}, "a") == "-");
    CHECK(cookie_in({}, "a") == "-");
}

TEST_CASE("of several cookies of one name the first counts") {
    CHECK(cookie_in({"a=1; a=2"}, "a") == "1");
    CHECK(cookie_in({"b=0; a=1", "a=2; c=3"}, "a") == "1");
    CHECK(cookie_in({"b=0; a=1", "a=2; c=3"}, "c") == "3");
}

TEST_CASE("a Cookie field is read leniently") {
    CHECK(cookie_in({"a=1;b=2;;  c = 3 ;"}, "b") == "2");
    CHECK(cookie_in({"a=1;b=2;;  c = 3 ;"}, "c") == "3");
    CHECK(cookie_in({"flag; a=1"}, "a") == "1");
    CHECK(cookie_in({"flag; a=1"}, "flag") == "-");
    CHECK(cookie_in({"=nameless; a=1"}, "") == "-");
    CHECK(cookie_in({"a=b=c"}, "a") == "b=c");
    CHECK(cookie_in({"a="}, "a").empty());
    CHECK(cookie_in({"a=\"quoted text\""}, "a") == "quoted text");
    CHECK(cookie_in({"a=\""}, "a") == "\"");
    CHECK(cookie_in({"a=\"\"; b=\"x"}, "a").empty());
    CHECK(cookie_in({"a=\"\"; b=\"x"}, "b") == "\"x");
    CHECK(cookie_in({"a=%41+b"}, "a") == "%41+b");
    CHECK(cookie_in({"n\xc3\xa4me=v\xc3\xa4lue"}, "n\xc3\xa4me") == "v\xc3\xa4lue");
    CHECK(cookie_in({"a=1, b=2"}, "a") == "1, b=2");
    CHECK(cookie_in({";;;;====;;"}, "a") == "-");
}

TEST_CASE("all cookies are listed in their order") {
    hh::fields f;
    f.insert(field::cookie, "b=2; a=1; none; b=3");
    f.insert(field::cookie, "c=\"4\"");
    std::string all;
    for (auto const& [name, value] : hh::cookies(f))
        all.append(name).append("=").append(value).append(" ");
    CHECK(all == "b=2 a=1 b=3 c=4 ");
}

TEST_CASE("a cookie has a path, HttpOnly and SameSite unless it is said otherwise") {
    CHECK(hh::cookie{.name = "a", .value = "1"}.to_string(false) ==
          "a=1; Path=/; HttpOnly; SameSite=Lax");
    CHECK(hh::cookie{.name = "a", .path = {}, .same_site = hh::same_site::unset, .http_only = false}
              .to_string(false) == "a=");
}

TEST_CASE("a cookie has the attributes that are said") {
    using namespace std::chrono;
    hh::cookie const c{.name = "a",
                       .value = "1=2&x",
                       .path = "/shop",
                       .domain = "example.com",
                       .max_age = minutes(2),
                       .expires = system_clock::time_point(seconds(784111777)),
                       .same_site = hh::same_site::strict,
                       .partitioned = true};
    CHECK(c.to_string(false) ==
          "a=1=2&x; Path=/shop; Domain=example.com; Max-Age=120; "
          "Expires=Sun, 06 Nov 1994 08:49:37 GMT; Secure; HttpOnly; SameSite=Strict; Partitioned");
}

TEST_CASE("a cookie is Secure when the client came by TLS, unless it is said otherwise") {
    auto const secure = [](hh::cookie const& c, bool tls) {
        return c.to_string(tls).find("; Secure") != std::string::npos;
    };
    CHECK(secure({.name = "a"}, true));
    CHECK_FALSE(secure({.name = "a"}, false));
    CHECK(secure({.name = "a", .secure = true}, false));
    CHECK_FALSE(secure({.name = "a", .secure = false}, true));
    CHECK(secure({.name = "__Host-a"}, false));
    CHECK(secure({.name = "__Secure-a"}, false));
    CHECK(secure({.name = "a", .same_site = hh::same_site::none}, false));
    CHECK(secure({.name = "a", .partitioned = true}, false));
}

TEST_CASE("a cookie that browsers drop is refused") {
    auto const refused = [](hh::cookie const& c) {
        CHECK_THROWS_AS(c.to_string(true), std::invalid_argument);
    };
    refused({.name = "__Host-a", .secure = false});
    refused({.name = "__Host-a", .path = "/shop"});
    refused({.name = "__Host-a", .path = {}});
    refused({.name = "__Host-a", .domain = "example.com"});
    refused({.name = "__host-a", .domain = "example.com"});
    refused({.name = "__Secure-a", .secure = false});
    refused({.name = "a", .same_site = hh::same_site::none, .secure = false});
    refused({.name = "a", .secure = false, .partitioned = true});
    refused({.name = "a", .value = std::string(4096, 'x')});
    refused({.name = "a", .path = "/" + std::string(1024, 'x')});
    CHECK(hh::cookie{.name = "__Secure-a", .path = "/shop", .domain = "a.example"}.to_string(
              true) == "__Secure-a=; Path=/shop; Domain=a.example; Secure; HttpOnly; SameSite=Lax");
}

TEST_CASE("a cookie carries no line break, and nothing that ends its value, to the wire") {
    for (std::string const bad :
         {"\r\nX: 1", "\n", ";", ",", " ", "\"", "\\", "\x7f", "\x80", "\t", "a; Domain=evil"}) {
        CAPTURE(bad);
        CHECK_THROWS_AS((hh::cookie{.name = "a", .value = bad}.to_string(false)),
                        std::invalid_argument);
        CHECK_THROWS_AS((hh::cookie{.name = "a" + bad}.to_string(false)), std::invalid_argument);
        CHECK_THROWS_AS((hh::cookie{.name = "a", .domain = "a" + bad}.to_string(false)),
                        std::invalid_argument);
    }
    std::string const null("a\0b", 3);
    CHECK_THROWS_AS((hh::cookie{.name = "a", .value = null}.to_string(false)),
                    std::invalid_argument);
    for (std::string const bad : {"x", "/a;b", "/a\nb", "/\x7f", "/\xc3\xa4"})
        CHECK_THROWS_AS((hh::cookie{.name = "a", .path = bad}.to_string(false)),
                        std::invalid_argument);
    for (std::string const bad : {"", "a=b", "a b", "a;b", "a\nb", "\xc3\xa4"})
        CHECK_THROWS_AS((hh::cookie{.name = bad}.to_string(false)), std::invalid_argument);
}

TEST_CASE("a reply has one Set-Cookie a cookie, the last one that was set for its scope") {
    hh::fields reply;
    hh::set_cookie(reply, {.name = "a", .value = "1"}, false);
    hh::set_cookie(reply, {.name = "b", .value = "1"}, false);
    hh::set_cookie(reply, {.name = "a", .value = "2", .path = "/x"}, false);
    hh::set_cookie(reply, {.name = "a", .value = "3", .domain = "x"}, false);
    hh::set_cookie(reply, {.name = "a", .value = "4", .http_only = false}, false);
    hh::set_cookie(reply, {.name = "aa", .value = "5"}, false);
    CHECK(set_cookies(reply) == cookie_lines{"b=1; Path=/; HttpOnly; SameSite=Lax",
                                             "a=2; Path=/x; HttpOnly; SameSite=Lax",
                                             "a=3; Path=/; Domain=x; HttpOnly; SameSite=Lax",
                                             "a=4; Path=/; SameSite=Lax",
                                             "aa=5; Path=/; HttpOnly; SameSite=Lax"});
}

TEST_CASE("an expired cookie has the scope of the one that it deletes") {
    CHECK(hh::expired({.name = "__Host-a", .value = "1"}).to_string(false) ==
          "__Host-a=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; HttpOnly; "
          "SameSite=Lax");
}

TEST_CASE("hooks read the cookies of a request") {
    hh::test::fixture f;
    f.hooks.get("/", [](auto& c) {
        return hh::text(c.cookie("theme"), c.has_cookie("theme"), c.cookie("none"),
                        c.has_cookie("none"));
    });
    auto r = hh::test::make_request(verb::get, "/");
    r.set(field::cookie, "theme=dark");
    CHECK(f.send(r).body() == "darktruefalse");
}

TEST_CASE("responders of every kind set and delete cookies") {
    hh::test::fixture f;
    f.hooks.pre_responder(hh::any_verb, "/*", [](auto& c) {
        c.set_cookie({.name = "pre", .value = "1"});
        c.pass();
    });
    f.hooks.get("/", [](auto& c) {
        c.set_cookie({.name = "now", .value = "2", .path = "/x"});
        c.delete_cookie("old");
        c.delete_cookie({.name = "older", .path = "/x", .domain = "example.com"});
        return "hello";
    });
    f.hooks.post_responder(hh::any_verb, "/*",
                           [](auto& c) { c.set_cookie({.name = "post", .value = "3"}); });
    auto const reply = f.get("/");
    CHECK(reply.body() == "hello");
    CHECK(set_cookies(reply) ==
          cookie_lines{
              "pre=1; Path=/; HttpOnly; SameSite=Lax", "now=2; Path=/x; HttpOnly; SameSite=Lax",
              "old=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; "
              "SameSite=Lax",
              "older=; Path=/x; Domain=example.com; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 "
              "GMT; HttpOnly; SameSite=Lax",
              "post=3; Path=/; HttpOnly; SameSite=Lax"});
    CHECK(set_cookies(f.get("/nowhere")).front() == "pre=1; Path=/; HttpOnly; SameSite=Lax");
    CHECK(f.errors.entries().empty());
}

TEST_CASE("a cookie that a hook sets is Secure when the client came by TLS") {
    hh::test::fixture f;
    f.hooks.get("/", [](auto& c) { c.set_cookie({.name = "a"}); });
    auto const by = [&f](bool tls) {
        auto const reply = hh::testing::inject(f.hooks, hh::test::make_request(verb::get, "/"),
                                               hh::origin(hh::transport::http, {}, tls));
        return set_cookies(reply);
    };
    CHECK(by(true) == cookie_lines{"a=; Path=/; Secure; HttpOnly; SameSite=Lax"});
    CHECK(by(false) == cookie_lines{"a=; Path=/; HttpOnly; SameSite=Lax"});
}

TEST_CASE("a hook that sets an invalid cookie fails, and nothing of it reaches the reply") {
    hh::test::fixture f;
    f.hooks.get("/", [](auto& c) {
        c.set_cookie({.name = "a", .value = "x\r\nX-Injected: 1"});
        return "hello";
    });
    auto const reply = f.get("/");
    CHECK(reply.result_int() == 500);
    CHECK(reply.wire().find("Injected") == std::string_view::npos);
    CHECK(f.errors.entries() ==
          cookie_lines{"responder: cookie \"a\": its value has a byte that no cookie may have"});
}
