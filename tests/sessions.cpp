// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/sessions.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/hooks.hpp"
#include "support/session_hooks.hpp"

namespace {

namespace hh = httphooks;
using namespace std::chrono_literals;
using hh::field;
using hh::verb;

/// A browser with one cookie, in front of hooks whose sessions have a clock that is set.
struct session_fixture : hh::test::fixture {
    std::shared_ptr<hh::session_time> time = std::make_shared<hh::session_time>(1000h);
    hh::memory_session_store store{};
    hh::sessions sessions;
    std::string cookie{};
    std::string last_set_cookie{};

    explicit session_fixture(hh::session_options o = {}) : sessions(with_clock(o, time), store) {
        support::add_session_hooks(hooks, sessions);
        hooks.get("/unused", [](auto&) { return "hello"; });
    }

    static hh::session_options with_clock(hh::session_options o,
                                          std::shared_ptr<hh::session_time> time) {
        o.now = [time] { return *time; };
        return o;
    }

    hh::response ask(verb method, std::string_view target, hh::origin from = {}) {
        auto r = hh::test::make_request(method, target);
        if (!cookie.empty()) r.set(field::cookie, cookie);
        auto reply = hh::testing::inject(hooks, std::move(r), std::move(from));
        last_set_cookie = reply[field::set_cookie];
        if (!last_set_cookie.empty()) cookie = last_set_cookie.substr(0, last_set_cookie.find(';'));
        CHECK(reply.count(field::set_cookie) <= 1);
        return reply;
    }
    std::string value(std::string_view name) {
        return ask(verb::get, "/get/" + std::string(name)).body();
    }
};

/// A request that opens a socket, with a cookie.
hh::origin socket_origin(std::string_view cookie) {
    auto handshake = std::make_shared<hh::request>(verb::get, "/socket", 11);
    handshake->set(field::cookie, cookie);
    return hh::origin(hh::transport::websocket, {}, false, std::move(handshake));
}

}  // namespace

TEST_CASE("a session keeps values for a client") {
    session_fixture f;
    CHECK(f.value("a") == "-");
    f.ask(verb::post, "/set/a/1");
    CHECK(f.cookie.starts_with("sid="));
    CHECK(f.cookie.size() == 4 + 43);
    CHECK(f.last_set_cookie == f.cookie + "; Path=/; HttpOnly; SameSite=Lax");
    CHECK(f.value("a") == "+1");
    CHECK(f.value("b") == "+");
    f.cookie.clear();
    CHECK(f.value("a") == "-");
    CHECK(f.errors.entries().empty());
}

TEST_CASE("no session is made, and no cookie sent, until a value is set") {
    session_fixture f;
    CHECK(f.value("a") == "-");
    f.ask(verb::post, "/login/ann");
    std::string const cookie = f.cookie;
    f.cookie.clear();
    f.ask(verb::post, "/logout");
    CHECK(f.last_set_cookie.empty());
    CHECK(f.store.size() == 1);
    f.cookie = cookie;
    CHECK(f.value("user") == "+ann");
    CHECK(f.last_set_cookie.empty());
    f.ask(verb::post, "/set/a/1");
    CHECK(f.last_set_cookie.empty());
}

TEST_CASE("sessions are not looked up for a request that does not use them") {
    struct counting_store {
        std::shared_ptr<int> loads;
        hh::memory_session_store store{};
        std::optional<hh::session_record> load(std::string_view id) {
            ++*loads;
            return store.load(id);
        }
        void create(std::string_view id, hh::session_record const& r, hh::session_time expires) {
            store.create(id, r, expires);
        }
        bool update(std::string_view id, hh::session_changes const& c, hh::session_time used,
                    hh::session_time expires) {
            return store.update(id, c, used, expires);
        }
        void remove(std::string_view id) { store.remove(id); }
    };
    auto const loads = std::make_shared<int>(0);
    hh::test::fixture f;
    hh::sessions const sessions({}, counting_store{loads});
    f.hooks.get("/unused", [](auto&) {});
    f.hooks.get("/used", [sessions](auto& c) {
        sessions.of(c);
        sessions.of(c);
    });
    f.hooks.response_listener(verb::get, "/used", [sessions](auto& c) { sessions.of(c); });
    auto r = hh::test::make_request(verb::get, "/unused");
    r.set(field::cookie, "sid=" + std::string(43, 'A'));
    f.send(r);
    CHECK(*loads == 0);
    r.target("/used");
    f.send(r);
    CHECK(*loads == 1);
    r.set(field::cookie, "sid=too_short");
    f.send(r);
    r.set(field::cookie, "sid=" + std::string(42, 'A') + "=");
    f.send(r);
    r.erase(field::cookie);
    f.send(r);
    CHECK(*loads == 1);
}

TEST_CASE("all hooks of a request share its session") {
    session_fixture f;
    f.hooks.pre_responder(verb::get, "/shared", [s = f.sessions](auto& c) {
        s.of(c).set("a", "1");
        c.pass();
    });
    f.hooks.get("/shared", [s = f.sessions](auto& c) {
        std::string const a = s.of(c).get("a");
        s.of(c).set("a", a + "2");
        return a;
    });
    f.hooks.response_listener(verb::get, "/shared", [s = f.sessions, &f](auto& c) {
        static_assert(std::is_const_v<std::remove_reference_t<decltype(s.of(c))>>);
        f.log.add(s.of(c).get("a"));
    });
    CHECK(f.ask(verb::get, "/shared").body() == "1");
    CHECK(f.log.text() == "12");
    CHECK(f.value("a") == "+12");
}

TEST_CASE("an id that a client chose names no session, and is not taken over") {
    session_fixture f;
    std::string const chosen = "sid=" + std::string(43, 'A');
    f.cookie = chosen;
    CHECK(f.value("a") == "-");
    f.ask(verb::post, "/set/a/1");
    CHECK(f.cookie != chosen);
    CHECK(f.value("a") == "+1");
    f.cookie = chosen;
    CHECK(f.value("a") == "-");
}

TEST_CASE("a login gives the session a new id, and keeps its values") {
    session_fixture f;
    f.ask(verb::post, "/set/cart/book");
    std::string const before = f.cookie;
    f.ask(verb::post, "/login/ann");
    std::string const after = f.cookie;
    CHECK(before != after);
    CHECK(f.value("user") == "+ann");
    CHECK(f.value("cart") == "+book");
    f.cookie = before;
    CHECK(f.value("user") == "-");
    CHECK(f.store.size() == 1);
}

TEST_CASE("a session that is destroyed is gone at once, and its cookie too") {
    session_fixture f;
    f.ask(verb::post, "/login/ann");
    std::string const before = f.cookie;
    f.ask(verb::post, "/logout");
    CHECK(f.last_set_cookie ==
          "sid=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax");
    CHECK(f.store.size() == 0);
    f.cookie = before;
    CHECK(f.value("user") == "-");
}

TEST_CASE("after a session is destroyed a value makes another one") {
    session_fixture f;
    f.hooks.post("/again", [s = f.sessions](auto& c) {
        auto& session = s.of(c);
        session.destroy();
        CHECK_FALSE(session.exists());
        session.set("b", "2");
        CHECK(session.exists());
    });
    f.ask(verb::post, "/set/a/1");
    std::string const before = f.cookie;
    f.ask(verb::post, "/again");
    CHECK(f.cookie != before);
    CHECK(f.value("a") == "+");
    CHECK(f.value("b") == "+2");
    CHECK(f.store.size() == 1);
}

TEST_CASE("a session that is destroyed while another request uses it does not come back") {
    session_fixture f;
    f.ask(verb::post, "/set/a/1");
    f.hooks.post("/slow/:how", [&f, s = f.sessions](auto& c) {
        s.of(c).set("a", "2");
        if (c.param("how") == "rotate") s.of(c).rotate();
        hh::testing::inject(f.hooks, [&f] {
            auto r = hh::test::make_request(verb::post, "/logout");
            r.set(field::cookie, f.cookie);
            return r;
        }());
    });
    std::string const before = f.cookie;
    f.ask(verb::post, "/slow/change");
    CHECK(f.store.size() == 0);
    CHECK(f.value("a") == "-");
    f.cookie.clear();
    f.ask(verb::post, "/set/a/1");
    f.ask(verb::post, "/slow/rotate");
    CHECK(f.last_set_cookie.empty());
    CHECK(f.store.size() == 0);
}

TEST_CASE("requests that change different values of a session at a time lose none") {
    session_fixture f;
    f.ask(verb::post, "/set/a/1");
    f.hooks.post("/outer", [&f, s = f.sessions](auto& c) {
        s.of(c).set("a", "2");
        auto r = hh::test::make_request(verb::post, "/set/b/3");
        r.set(field::cookie, f.cookie);
        hh::testing::inject(f.hooks, std::move(r));
    });
    f.ask(verb::post, "/outer");
    CHECK(f.value("a") == "+2");
    CHECK(f.value("b") == "+3");
}

TEST_CASE("values are erased and cleared") {
    session_fixture f;
    f.hooks.post("/erase/:name", [s = f.sessions](auto& c) {
        auto& session = s.of(c);
        session.erase(c.param("name"));
        CHECK_FALSE(session.has(c.param("name")));
        CHECK(session.get(c.param("name")).empty());
    });
    f.hooks.post("/clear", [s = f.sessions](auto& c) {
        s.of(c).clear();
        CHECK(s.of(c).values().empty());
        s.of(c).set("c", "3");
        CHECK(s.of(c).values() == hh::session_values{{"c", "3"}});
    });
    f.hooks.post("/nothing", [s = f.sessions](auto& c) {
        s.of(c).set("a", "1");
        s.of(c).erase("a");
        s.of(c).erase("b");
    });
    f.ask(verb::post, "/nothing");
    CHECK(f.cookie.empty());
    f.ask(verb::post, "/set/a/1");
    f.ask(verb::post, "/set/b/2");
    f.ask(verb::post, "/erase/a");
    CHECK(f.value("a") == "+");
    CHECK(f.value("b") == "+2");
    f.ask(verb::post, "/clear");
    CHECK(f.value("b") == "+");
    CHECK(f.value("c") == "+3");
    CHECK(f.store.size() == 1);
}

TEST_CASE("a value is a number when it is one") {
    session_fixture f;
    f.hooks.get("/count", [s = f.sessions](auto& c) {
        auto& session = s.of(c);
        session.set("views", session.get("views", 0) + 1);
        session.set("far", std::uint64_t{1} << 63);
        session.set("text", "12x");
        CHECK(session.get("far", 7) == 7);
        CHECK(session.get("text", 8) == 8);
        CHECK(session.get("far", std::uint64_t{0}) == std::uint64_t{1} << 63);
        return hh::text(session.get("views", -1));
    });
    CHECK(f.ask(verb::get, "/count").body() == "1");
    CHECK(f.ask(verb::get, "/count").body() == "2");
    CHECK(f.errors.entries().empty());
}

TEST_CASE("a session that is not used ends") {
    session_fixture f({.idle = 10s});
    f.ask(verb::post, "/set/a/1");
    *f.time += 9s;
    CHECK(f.value("a") == "+1");
    *f.time += 9s;
    CHECK(f.value("a") == "+1");
    *f.time += 10s;
    CHECK(f.value("a") == "-");
    CHECK(f.store.size() == 0);
}

TEST_CASE("a session that is used ends, too") {
    session_fixture f({.idle = 10s, .absolute = 25s});
    f.ask(verb::post, "/set/a/1");
    for (int i = 0; i < 4; ++i) {
        *f.time += 6s;
        CHECK(f.value("a") == "+1");
    }
    f.ask(verb::post, "/login/ann");
    *f.time += 1s;
    CHECK(f.value("user") == "-");
}

TEST_CASE("as a pre-responder sessions have each request count as a use") {
    session_fixture f({.idle = 10s});
    f.hooks.pre_responder(hh::any_verb, "/unused", f.sessions);
    f.ask(verb::post, "/set/a/1");
    *f.time += 9s;
    CHECK(f.ask(verb::get, "/unused").body() == "hello");
    *f.time += 9s;
    CHECK(f.value("a") == "+1");
    f.cookie.clear();
    CHECK(f.ask(verb::get, "/unused").body() == "hello");
    CHECK(f.last_set_cookie.empty());
}

TEST_CASE("a persistent cookie is sent with each use") {
    session_fixture f({.cookie = {.name = "__Host-id", .same_site = hh::same_site::strict},
                       .idle = 100s,
                       .absolute = 150s,
                       .persistent = true});
    f.ask(verb::post, "/set/a/1");
    CHECK(f.last_set_cookie ==
          f.cookie + "; Path=/; Max-Age=100; Secure; HttpOnly; SameSite=Strict");
    std::string const before = f.cookie;
    *f.time += 60s;
    CHECK(f.value("a") == "+1");
    CHECK(f.cookie == before);
    CHECK(f.last_set_cookie ==
          f.cookie + "; Path=/; Max-Age=90; Secure; HttpOnly; SameSite=Strict");
    f.ask(verb::get, "/unused");
    CHECK(f.last_set_cookie.empty());
}

TEST_CASE("the cookie is Secure when the client came by TLS") {
    session_fixture f;
    f.ask(verb::post, "/set/a/1", hh::origin(hh::transport::http, {}, true));
    CHECK(f.last_set_cookie == f.cookie + "; Path=/; Secure; HttpOnly; SameSite=Lax");
}

TEST_CASE("a session is saved, and its cookie sent, whatever the reply becomes") {
    session_fixture f;
    auto const visit = [s = f.sessions](auto& c) {
        s.of(c).set("visited", std::string(c.path()));
        c.pass();
    };
    f.hooks.pre_responder(hh::any_verb, "/nowhere", visit);
    f.hooks.pre_responder(hh::any_verb, "/refused", visit);
    f.hooks.pre_responder(hh::any_verb, "/refused",
                          [](auto& c) { c.set_response(hh::status::forbidden); });
    f.hooks.get("/broken", [s = f.sessions](auto& c) -> std::string {
        s.of(c).set("visited", "broken");
        throw std::runtime_error("broken");
    });
    CHECK(f.ask(verb::get, "/nowhere").result_int() == 404);
    CHECK(f.value("visited") == "+/nowhere");
    CHECK(f.ask(verb::get, "/refused").result_int() == 403);
    CHECK(f.value("visited") == "+/refused");
    CHECK(f.ask(verb::get, "/broken").result_int() == 500);
    CHECK(f.value("visited") == "+broken");
}

TEST_CASE("a session that cannot be saved is a 500, which is reported") {
    struct full_store {
        std::optional<hh::session_record> load(std::string_view) { return std::nullopt; }
        void create(std::string_view, hh::session_record const&, hh::session_time) {
            throw std::runtime_error("the store is full");
        }
        bool update(std::string_view, hh::session_changes const&, hh::session_time,
                    hh::session_time) {
            return false;
        }
        void remove(std::string_view) {}
    };
    hh::test::fixture f;
    f.hooks.get("/", [s = hh::sessions({}, full_store())](auto& c) {
        s.of(c).set("a", "1");
        return "hello";
    });
    f.hooks.response_listener(verb::get, "/", [&f](auto& c) { f.log.add(c.response().body()); });
    auto const reply = f.get("/");
    CHECK(reply.result_int() == 500);
    CHECK_FALSE(reply.contains(field::set_cookie));
    CHECK(f.log.text() == R"({"error":"Internal server error"})");
    CHECK(f.errors.text() == "responder: the store is full");
}

TEST_CASE("a session does not grow beyond its limit") {
    session_fixture f({.bytes = 20});
    f.hooks.post("/grow", [s = f.sessions](auto& c) {
        auto& session = s.of(c);
        session.set("a", std::string(19, 'x'));
        CHECK_THROWS_AS(session.set("a", std::string(20, 'x')), std::length_error);
        CHECK_THROWS_AS(session.set("b", ""), std::length_error);
        session.erase("a");
        session.set("b", std::string(19, 'x'));
        return hh::status::ok;
    });
    CHECK(f.ask(verb::post, "/grow").result_int() == 200);
    CHECK(f.errors.entries().empty());
}

TEST_CASE("two kinds of sessions do not meet") {
    session_fixture f;
    hh::sessions const other({.cookie = {.name = "other"}});
    f.hooks.post("/both", [one = f.sessions, other](auto& c) {
        one.of(c).set("a", "1");
        other.of(c).set("a", "2");
    });
    auto const reply = f.send(verb::post, "/both");
    CHECK(reply.count(field::set_cookie) == 2);
    auto r = hh::test::make_request(verb::get, "/get/a");
    std::string cookies;
    auto const [first, last] = reply.equal_range(field::set_cookie);
    for (auto s = first; s != last; ++s)
        cookies.append(s->value().substr(0, s->value().find(';'))).append("; ");
    r.set(field::cookie, cookies);
    CHECK(f.send(r).body() == "+1");
    CHECK(other.find(r).get("a") == "2");
}

TEST_CASE("a hook that replaces the request does not change whose session it is") {
    session_fixture f;
    f.ask(verb::post, "/login/ann");
    std::string const ann = f.cookie;
    f.hooks.pre_responder(verb::get, "/get/user", [ann](auto& c) {
        hh::fields headers;
        headers.set(field::cookie, ann);
        c.replace_request(std::move(headers));
    });
    f.cookie.clear();
    CHECK(f.value("user") == "-");
}

TEST_CASE("a handshake's session is found by its request") {
    session_fixture f({.idle = 10s});
    f.ask(verb::post, "/login/ann");
    auto r = hh::test::make_request(verb::get, "/socket");
    CHECK_FALSE(f.sessions.find(r));
    CHECK(f.sessions.find(r).get("user").empty());
    r.set(field::cookie, f.cookie);
    *f.time += 9s;
    auto const found = f.sessions.find(r);
    CHECK(found);
    CHECK(found.get("user") == "ann");
    CHECK(found.has("user"));
    CHECK_FALSE(found.has("admin"));
    CHECK(found.get("admin").empty());
    *f.time += 9s;
    CHECK(f.sessions.find(r));
    *f.time += 10s;
    CHECK_FALSE(f.sessions.find(r));
    CHECK(found.get("user") == "ann");
}

TEST_CASE("over a socket the session is that of its handshake, whatever a message claims") {
    session_fixture f;
    f.ask(verb::post, "/login/ann");
    std::string const ann = f.cookie;
    CHECK(f.ask(verb::get, "/get/user", socket_origin(ann)).body() == "+ann");
    f.cookie = ann;
    CHECK(f.ask(verb::get, "/get/user", socket_origin("")).body() == "-");
    f.cookie.clear();
    f.ask(verb::post, "/set/a/1", socket_origin(ann));
    CHECK(f.last_set_cookie.empty());
    CHECK(f.ask(verb::get, "/get/a", socket_origin(ann)).body() == "+1");
    f.ask(verb::post, "/logout", socket_origin(ann));
    CHECK(f.last_set_cookie.empty());
    CHECK(f.ask(verb::get, "/get/a", socket_origin(ann)).body() == "-");
}

TEST_CASE("over a socket a session is neither made nor rotated") {
    session_fixture f;
    CHECK(f.ask(verb::post, "/set/a/1", socket_origin("")).result_int() == 500);
    f.ask(verb::post, "/set/a/1");
    std::string const cookie = f.cookie;
    CHECK(f.ask(verb::post, "/login/ann", socket_origin(cookie)).result_int() == 500);
    CHECK(f.errors.entries() ==
          std::vector<std::string>(2,
                                   "responder: a session can be neither made nor rotated over a "
                                   "socket: it sends no cookie"));
    f.cookie = cookie;
    CHECK(f.value("a") == "+1");
}

TEST_CASE("sessions refuse options that cannot be meant") {
    CHECK_THROWS_AS(hh::sessions({.idle = 0s}), std::invalid_argument);
    CHECK_THROWS_AS(hh::sessions({.absolute = -1s}), std::invalid_argument);
    CHECK_THROWS_AS(hh::sessions({.cookie = {.name = "a b"}}), std::invalid_argument);
    CHECK_THROWS_AS(hh::sessions({.cookie = {.name = "__Host-a", .path = "/x"}}),
                    std::invalid_argument);
    CHECK_THROWS_AS(hh::sessions({.cookie = {.name = "a", .value = "1"}}), std::invalid_argument);
    CHECK_THROWS_AS(hh::sessions({.cookie = {.name = "a", .max_age = 1s}}), std::invalid_argument);
}

TEST_CASE("ids of sessions do not repeat") {
    session_fixture f;
    std::set<std::string> seen;
    for (int i = 0; i < 200; ++i) {
        f.cookie.clear();
        f.ask(verb::post, "/set/a/1");
        CHECK(seen.insert(f.cookie).second);
    }
}

TEST_CASE("a session is used by requests on many threads") {
    session_fixture f;
    f.ask(verb::post, "/set/a/1");
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&f, t] {
            for (int i = 0; i < 50; ++i) {
                auto const name = std::to_string(t) + "-" + std::to_string(i);
                auto r = hh::test::make_request(verb::post, "/set/" + name + "/1");
                r.set(field::cookie, f.cookie);
                hh::testing::inject(f.hooks, std::move(r));
            }
        });
    for (auto& t : threads) t.join();
    for (int t = 0; t < 4; ++t) CHECK(f.value(std::to_string(t) + "-49") == "+1");
}

TEST_CASE("hooks of one request that run at a time use its session") {
    session_fixture f;
    for (int i = 0; i < 3; ++i)
        f.hooks.get("/together", [s = f.sessions, i](auto& c) -> hh::asio::awaitable<void> {
            auto& session = s.of(c);
            co_await hh::test::turns(3 - i);
            session.set(std::to_string(i), i);
        });
    f.ask(verb::get, "/together");
    for (int i = 0; i < 3; ++i) CHECK(f.value(std::to_string(i)) == "+" + std::to_string(i));
}
