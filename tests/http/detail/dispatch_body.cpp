// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/http/detail/dispatch.hpp>

#include "support/catch.hpp"
#include "support/dispatched_bytes.hpp"

#include <boost/asio/cancellation_type.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace hh = httphooks;
namespace asio = boost::asio;
using support::chunked;
using support::count;
using support::dispatched_bytes;
using support::post;

namespace {

constexpr std::string_view get_b = "GET /b HTTP/1.1\r\nHost: a\r\nX-Pass: 1\r\n\r\n";

}  // namespace

TEST_CASE("a guard that needs no body refuses before 100 Continue, and the connection closes") {
    dispatched_bytes t;
    t.guard(false);
    t.echo();
    t.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    std::string const reply = t.take();
    CHECK(reply.starts_with("HTTP/1.1 401 "));
    CHECK(count(reply, "Connection: close\r\n") == 1);
    CHECK(t.bytes.closing());
    CHECK_FALSE(t.bytes.in_flight());
    CHECK_FALSE(t.bytes.partial());
    CHECK(t.log == "guard() ");
}

TEST_CASE(
    "what a guard refuses before the body is skipped within the budget, for the next request") {
    dispatched_bytes t({.linger_bytes = 60});
    t.guard(false);
    t.echo();
    t.hooks.get("/b", [](auto&) { return "b"; });
    SECTION("that is short enough") {
        std::string const request = GENERATE(post("", "12345678"), chunked("", "12345678"));
        std::string const head = request.substr(0, request.find("\r\n\r\n") + 4);
        t.send(head);
        std::string const reply = t.take();
        CHECK(reply.starts_with("HTTP/1.1 401 "));
        CHECK(count(reply, "Connection: close") == 0);
        CHECK(t.bytes.partial());
        t.send(request.substr(head.size()));
        CHECK(t.bytes.idle());
        t.send(get_b);
        CHECK(t.take().ends_with("\r\n\r\nb"));
        CHECK(t.settings->dropped == 0);
    }
    SECTION("whose length says that it is too long") {
        t.send(post("", std::string(61, 'x')));
        CHECK(count(t.take(), "Connection: close\r\n") == 1);
        CHECK(t.bytes.closing());
    }
    SECTION("that becomes too long") {
        t.send(chunked("", "1234567890"));
        CHECK(t.take().starts_with("HTTP/1.1 401 "));
        CHECK(t.bytes.closing());
        CHECK(t.settings->dropped == 0);
    }
    SECTION("that takes too long") {
        t.send(post("", "1234567").substr(0, 50));
        CHECK(t.take().starts_with("HTTP/1.1 401 "));
        t.pass(std::chrono::milliseconds(2000));
        REQUIRE(t.is_late());
        t.meet_deadline();
        CHECK(t.take().empty());
        CHECK(t.bytes.closing());
    }
    SECTION("that is malformed") {
        t.send("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzzzzz\r\n");
        CHECK(count(t.take(), "HTTP/1.1 ") == 1);
        CHECK(t.bytes.closing());
    }
    SECTION("that ends in the middle") {
        t.send(post("", "1234567").substr(0, 50));
        t.bytes.end_of_input();
        CHECK(count(t.take(), "HTTP/1.1 ") == 1);
        CHECK(t.bytes.closing());
    }
    CHECK(count(t.log, "responder") == 0);
}

TEST_CASE("every split of a request gives the same, whether hooks run before its body or behind") {
    bool const pass = GENERATE(true, false);
    bool const slow = GENERATE(true, false);
    bool const chunks = GENERATE(true, false);
    std::string const fields = pass ? "X-Pass: 1\r\n" : "";
    std::string const text =
        (chunks ? chunked(fields, "body") : post(fields, "body")) + std::string(get_b);
    for (std::size_t split = 0; split < text.size(); ++split) {
        dispatched_bytes t;
        if (slow)
            t.slow_guard();
        else
            t.guard(false);
        t.echo();
        t.hooks.get("/b", [](auto&) { return "b"; });
        auto const send = [&t](std::string const& piece) {
            t.send(piece);
            while (t.decide) {
                t.decide();
                t.run();
            }
        };
        send(text.substr(0, split));
        send(text.substr(split));
        std::string const replies = t.take();
        INFO(split);
        INFO(replies);
        REQUIRE(count(replies, "HTTP/1.1 ") == 2);
        REQUIRE(replies.starts_with(pass ? "HTTP/1.1 200 " : "HTTP/1.1 401 "));
        REQUIRE(replies.ends_with("\r\n\r\nb"));
        REQUIRE(count(replies, "\r\n\r\nbody") == (pass ? 1 : 0));
        REQUIRE(t.log.starts_with(slow ? "slow() " : "guard() "));
        REQUIRE(t.bytes.idle());
    }
}

TEST_CASE("while a guard runs no byte of the body is taken, and then the client is asked for it") {
    dispatched_bytes t;
    t.slow_guard();
    t.echo();
    t.send(
        "POST /a HTTP/1.1\r\nHost: a\r\nX-Pass: 1\r\nContent-Length: 4\r\n"
        "Expect: 100-continue\r\n\r\n");
    CHECK(t.take().empty());
    CHECK_FALSE(t.bytes.can_consume());
    CHECK(t.bytes.partial());
    t.decide();
    t.run();
    CHECK(t.take() == "HTTP/1.1 100 Continue\r\n\r\n");
    CHECK(t.bytes.can_consume());
    t.send("body");
    CHECK(t.take().ends_with("\r\n\r\nbody"));
    CHECK(t.log == "slow() responder(body) ");
}

TEST_CASE("a client that sends the body with the header is not asked for it") {
    dispatched_bytes t;
    t.slow_guard();
    t.echo();
    t.send(post("X-Pass: 1\r\nExpect: 100-continue\r\n", "body"));
    CHECK(t.input == "body");
    t.decide();
    t.run();
    std::string const reply = t.take();
    CHECK(reply.starts_with("HTTP/1.1 200 "));
    CHECK(reply.ends_with("\r\n\r\nbody"));
}

TEST_CASE(
    "guards run in the order of their registration, those before the first that needs the body "
    "early") {
    dispatched_bytes t;
    auto const add = [&t](char const* name, bool needs_body) {
        t.hooks.pre_responder(
            hh::any_verb, "/*",
            [&t, name](auto& c) {
                t.log.append(name).append("(").append(c.request().body()).append(") ");
                c.pass();
            },
            {.needs_body = needs_body});
    };
    t.hooks.request_listener(hh::any_verb, "/*", [&t](auto& c) {
        t.log += "listener(" + std::string(c.request().body()) + ") ";
    });
    add("1", false);
    add("2", false);
    add("3", true);
    add("4", false);
    t.echo();
    std::string const request = post("", "body");
    t.send(request.substr(0, request.size() - 4));
    CHECK(t.log == "1() 2() ");
    t.send("body");
    CHECK(t.log == "1() 2() listener(body) 3(body) 4(body) responder(body) ");
}

TEST_CASE(
    "what guards change before the body is in the request, and the listener's is as it came") {
    dispatched_bytes t;
    bool const listens = GENERATE(true, false);
    bool const content = GENERATE(true, false);
    t.hooks.pre_responder(hh::any_verb, "/*",
                          [&](auto& c) {
                              hh::fields more;
                              more.set("X-Added", "yes");
                              if (content)
                                  c.replace_request(std::move(more), "other");
                              else
                                  c.replace_request(std::move(more));
                          },
                          {.needs_body = false});
    if (listens)
        t.hooks.request_listener(hh::any_verb, "/*", [&t](auto& c) {
            t.log.append("listener ").append(c.request()["X-Added"]).append(c.request().body());
        });
    t.hooks.post("/*", [](auto& c) {
        return std::string(c.request()["X-Added"]) + " " + std::string(c.request().body()) + " " +
               std::string(c.request()[hh::field::content_length]);
    });
    t.send(post("", "body"));
    CHECK(t.take().ends_with(content ? "\r\n\r\nyes other 5" : "\r\n\r\nyes body 4"));
    CHECK(t.log == (listens ? "listener body" : ""));
}

TEST_CASE("a request whose body is refused while it comes gets one reply, and its hooks end") {
    dispatched_bytes t({.body_limit = 4});
    t.guard(false);
    t.echo();
    SECTION("because it is too long") {
        t.send(chunked("X-Pass: 1\r\n", "12345"));
        CHECK(t.take().starts_with("HTTP/1.1 413 "));
    }
    SECTION("because its framing is none") {
        t.send(
            "POST /a HTTP/1.1\r\nHost: a\r\nX-Pass: 1\r\nTransfer-Encoding: "
            "chunked\r\n\r\nzzzzz\r\n");
        CHECK(t.take().starts_with("HTTP/1.1 400 "));
    }
    SECTION("because it does not come") {
        t.send(post("X-Pass: 1\r\n", "1234").substr(0, 60));
        t.pass(std::chrono::milliseconds(10'000));
        REQUIRE(t.is_late());
        t.meet_deadline();
        CHECK(t.take().starts_with("HTTP/1.1 408 "));
    }
    SECTION("because something has failed") {
        std::string const request = post("X-Pass: 1\r\n", "1234");
        t.send(request.substr(0, request.size() - 1));
        t.bytes.fail();
        t.serve();
        CHECK(t.take().starts_with("HTTP/1.1 500 "));
    }
    CHECK(t.bytes.closing());
    CHECK_FALSE(t.bytes.in_flight());
    CHECK(t.log == "guard() ");
    CHECK(t.hooks.stats().exchanges == 0);
}

TEST_CASE("a body that is longer than its limit is refused before a guard runs") {
    dispatched_bytes t({.body_limit = 4});
    t.guard(false);
    t.echo();
    t.send(post("", "12345"));
    CHECK(t.take().starts_with("HTTP/1.1 413 "));
    CHECK(t.log.empty());
}

TEST_CASE("a client that goes while a guard runs or before its body has come gets no reply") {
    dispatched_bytes t;
    bool cancelled = false;
    t.hooks.pre_responder(
        hh::any_verb, "/*",
        [&](auto& c, auto done) {
            c.cancellation_slot().assign([&](asio::cancellation_type) { cancelled = true; });
            t.decide = [&c, d = std::make_shared<decltype(done)>(std::move(done))] {
                c.pass();
                (*d)();
            };
        },
        {.needs_body = false});
    t.echo();
    std::string const request = post("", "body");
    t.send(request.substr(0, request.size() - 2));
    SECTION("at once") {
        t.bytes.clear();
        t.run();
        CHECK(cancelled);
        t.decide();
    }
    SECTION("when it is asked for its body") {
        t.decide();
        t.run();
        t.bytes.end_of_input();
        CHECK(t.bytes.closing());
    }
    t.run();
    CHECK_FALSE(t.bytes.in_flight());
    CHECK(t.take().empty());
    CHECK(t.log.empty());
    t.decide = nullptr;
    CHECK(t.hooks.stats().exchanges == 0);
}

TEST_CASE("a guard that takes too long before the body is answered for with 504") {
    dispatched_bytes t;
    t.slow_guard();
    t.echo();
    t.send(post("X-Pass: 1\r\n", "body"));
    t.pass(std::chrono::milliseconds(30'000));
    REQUIRE(t.is_late());
    t.meet_deadline();
    CHECK(t.take().starts_with("HTTP/1.1 504 "));
    t.decide = nullptr;
}

TEST_CASE("a request that begins before its body keeps its place behind the replies that are due") {
    dispatched_bytes t;
    t.guard(false);
    t.echo();
    t.hooks.get("/later", [&t](auto&, auto done) {
        t.go_on = [d = std::make_shared<decltype(done)>(std::move(done))] { (*d)(); };
    });
    t.send("GET /later HTTP/1.1\r\nHost: a\r\nX-Pass: 1\r\n\r\n");
    SECTION("that is refused") {
        t.send(post("", "body"));
        CHECK(t.take().empty());
        t.go_on();
        t.run();
        std::string const replies = t.take();
        CHECK(replies.starts_with("HTTP/1.1 200 "));
        CHECK(count(replies, "HTTP/1.1 401 ") == 1);
    }
    SECTION("that is to be asked for its body") {
        t.send(
            "POST /a HTTP/1.1\r\nHost: a\r\nX-Pass: 1\r\nContent-Length: 4\r\n"
            "Expect: 100-continue\r\n\r\n");
        CHECK(t.take().empty());
        t.go_on();
        t.run();
        std::string const replies = t.take();
        CHECK(replies.starts_with("HTTP/1.1 200 "));
        CHECK(replies.ends_with("HTTP/1.1 100 Continue\r\n\r\n"));
        t.send("body");
        CHECK(t.take().ends_with("\r\n\r\nbody"));
    }
    SECTION("that is refused, and then the client goes") {
        t.send(post("", "body"));
        t.bytes.clear();
        t.go_on();
        t.run();
    }
    CHECK_FALSE(t.bytes.in_flight());
    t.go_on = nullptr;
}

TEST_CASE("a server that shuts down lets a request whose body is on its way end") {
    dispatched_bytes t;
    t.guard(false);
    t.echo();
    std::string const request = post("X-Pass: 1\r\n", "body");
    t.send(request.substr(0, request.size() - 4));
    t.loop.begin_drain();
    t.bytes.drain();
    t.send("body");
    std::string const reply = t.take();
    CHECK(reply.ends_with("\r\n\r\nbody"));
    CHECK(count(reply, "Connection: close\r\n") == 1);
    CHECK(t.bytes.closing());
}
