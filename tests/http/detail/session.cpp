// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/file_body.hpp>
#include <httphooks/http/detail/session.hpp>
#include <httphooks/into_response.hpp>

#include "support/catch.hpp"
#include "support/memory_server.hpp"

#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

using namespace std::chrono_literals;
using support::memory_client;
using support::memory_server;
using support::occurrences;
using support::take;

namespace hh = httphooks;

namespace {

/// Hooks that a test completes by hand.
struct parked {
    std::vector<std::function<void()>> waiting{};

    void add(memory_server& s) {
        s.registry.get("/wait/:n", [this](auto& c, auto done) {
            c.set_response(hh::text("waited ", c.param("n")));
            waiting.push_back([d = std::make_shared<decltype(done)>(std::move(done))] { (*d)(); });
        });
    }
};

void add_hello(memory_server& s) {
    s.registry.get("/hello", [](auto&) { return hh::text("hello"); });
    s.registry.post("/echo", [](auto& c) { return hh::text(c.request().body()); });
}

constexpr char get_hello[] = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";

bool closed_silently(memory_client& c) {
    return c.ended() && c.received().empty();
}

/// A mount that throws where it is told to.
struct moody_mount {
    std::string where{};

    std::string_view prefix() const { return "/moody"; }
    std::uint64_t body_limit() const { return 10 + angry("limit"); }
    void dress_refusal(hh::request const&, hh::response& r) const {
        r.body() = "half dressed";
        angry("dress");
        r.body() = "dressed";
    }
    hh::http::body_end body_begins(hh::request const&) const {
        angry("begin");
        return [self = *this](bool) { self.angry("end"); };
    }
    void async_serve(hh::http::connection, hh::request, hh::http::mount_handler) { angry("serve"); }

private:
    std::uint64_t angry(std::string_view at) const {
        if (where == at) throw std::string("no standard exception");
        return 0;
    }
};

/// A file that has become shorter than it was.
std::shared_ptr<hh::file_body> shrunken_file() {
    std::FILE* const f = std::tmpfile();
    REQUIRE(f);
    std::string const content(70'000, 'f');
    REQUIRE(std::fwrite(content.data(), 1, content.size(), f) == content.size());
    REQUIRE(std::fflush(f) == 0);
    int const own = ::dup(::fileno(f));
    std::fclose(f);
    return std::make_shared<hh::file_body>(own, 0, 100'000);
}

}  // namespace

TEST_CASE("an idle connection is closed after the idle timeout, without a reply") {
    memory_server s;
    add_hello(s);
    auto c = s.connect();
    s.pass(59s);
    CHECK_FALSE(c.ended());
    s.pass(1100ms);
    CHECK(closed_silently(c));
    CHECK(s.loop().size() == 0);
}

TEST_CASE("each request starts the idle timeout anew") {
    memory_server s;
    add_hello(s);
    auto c = s.connect();
    for (int i = 0; i < 5; ++i) {
        s.pass(40s);
        c.send(get_hello);
        s.run();
        CHECK(take(c).ends_with("hello"));
    }
    s.pass(61s);
    CHECK(closed_silently(c));
}

TEST_CASE("a header that trickles is cut short by the header timeout") {
    memory_server s;
    add_hello(s);
    auto c = s.connect();
    std::string const header = get_hello;
    for (int i = 0; i < 9; ++i) {
        c.send(header.substr(static_cast<std::size_t>(i), 1));
        s.run();
        s.pass(1s);
        CHECK_FALSE(c.ended());
    }
    c.send(header.substr(9, 1));
    s.run();
    s.pass(1100ms);
    CHECK(c.received().starts_with("HTTP/1.1 408 "));
    CHECK(c.ended());
}

TEST_CASE("a body may be slow, but not slower than the rate") {
    memory_server s;
    add_hello(s);
    auto c = s.connect();
    c.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n");
    s.run();
    SECTION("nothing comes within the grace period") {
        s.pass(9900ms);
        CHECK_FALSE(c.ended());
        s.pass(300ms);
        CHECK(c.received().starts_with("HTTP/1.1 408 "));
        CHECK(c.ended());
    }
    SECTION("fast enough") {
        for (int i = 0; i < 20; ++i) {
            c.send(std::string(1000, 'x'));
            s.run();
            s.pass(900ms);
        }
        CHECK(c.received().starts_with("HTTP/1.1 200 "));
    }
    SECTION("slower than the rate") {
        for (int i = 0; i < 12; ++i) {
            c.send(std::string(100, 'x'));
            s.run();
            s.pass(1s);
        }
        CHECK(c.received().starts_with("HTTP/1.1 408 "));
    }
}

TEST_CASE("a hook that is silent is answered for with 504, once") {
    memory_server s;
    parked p;
    p.add(s);
    auto c = s.connect();
    c.send("GET /wait/1 HTTP/1.1\r\nHost: a\r\n\r\n");
    s.run();
    REQUIRE(p.waiting.size() == 1);
    s.pass(29s);
    CHECK(c.received().empty());
    s.pass(1200ms);
    CHECK(c.received().starts_with("HTTP/1.1 504 "));
    p.waiting[0]();
    s.run();
    CHECK(occurrences(c.received(), "HTTP/1.1 ") == 1);
    c.send("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n");
    s.run();
    CHECK(occurrences(c.received(), "HTTP/1.1 404 ") == 1);
}

TEST_CASE("a client that reads nothing is cut after the write timeout") {
    memory_server s;
    add_hello(s);
    auto c = s.connect();
    c.window(10);
    c.send(get_hello);
    s.run();
    s.pass(29s);
    CHECK_FALSE(c.closed());
    s.pass(1200ms);
    CHECK(c.closed());
}

TEST_CASE("a client that reads slowly keeps its connection") {
    memory_server s;
    add_hello(s);
    auto c = s.connect();
    c.window(1);
    c.send(get_hello);
    s.run();
    for (int i = 0; i < 10; ++i) {
        s.pass(20s);
        c.window(1);
        s.run();
        CHECK_FALSE(c.closed());
    }
    c.window(100'000);
    s.run();
    CHECK(c.received().ends_with("hello"));
}

TEST_CASE("replies come in the order of the requests, whatever the order of the hooks") {
    memory_server s;
    parked p;
    p.add(s);
    add_hello(s);
    auto c = s.connect();
    c.send("GET /wait/1 HTTP/1.1\r\nHost: a\r\n\r\nGET /wait/2 HTTP/1.1\r\nHost: a\r\n\r\n");
    c.send(get_hello);
    s.run();
    REQUIRE(p.waiting.size() == 2);
    CHECK(c.received().empty());
    p.waiting[1]();
    s.run();
    CHECK(c.received().empty());
    p.waiting[0]();
    s.run();
    auto const all = take(c);
    CHECK(occurrences(all, "HTTP/1.1 200 OK") == 3);
    CHECK(all.find("waited 1") < all.find("waited 2"));
    CHECK(all.find("waited 2") < all.find("hello"));
}

TEST_CASE("at most sixteen requests of a connection are under way") {
    memory_server s;
    parked p;
    p.add(s);
    auto c = s.connect();
    for (int i = 0; i < 100; ++i)
        c.send("GET /wait/" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n");
    s.run();
    CHECK(p.waiting.size() == 16);
    for (std::size_t i = 0; i < 100; ++i) {
        REQUIRE(i < p.waiting.size());
        CHECK(p.waiting.size() <= i + 16);
        p.waiting[i]();
        s.run();
    }
    auto const all = take(c);
    CHECK(occurrences(all, "HTTP/1.1 200 OK") == 100);
    CHECK(all.ends_with("waited 99"));
}

TEST_CASE("a thousand pipelined requests are answered in order") {
    memory_server s;
    s.registry.get("/n/:n", [](auto& c) { return hh::text("<", c.param("n"), ">"); });
    auto c = s.connect();
    std::string all;
    std::string expected;
    for (int i = 0; i < 1000; ++i)
        all += "GET /n/" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
    c.send(all);
    s.run();
    std::size_t at = 0;
    for (int i = 0; i < 1000; ++i) {
        at = c.received().find("<" + std::to_string(i) + ">", at);
        REQUIRE(at != std::string::npos);
    }
    CHECK_FALSE(c.ended());
}

TEST_CASE("after a half-close the reply is still delivered") {
    memory_server s;
    parked p;
    p.add(s);
    auto c = s.connect();
    c.send("GET /wait/1 HTTP/1.1\r\nHost: a\r\n\r\n");
    c.finish();
    s.run();
    CHECK_FALSE(c.ended());
    REQUIRE(p.waiting.size() == 1);
    p.waiting[0]();
    s.run();
    CHECK(c.received().ends_with("waited 1"));
    CHECK(c.ended());
    CHECK(s.loop().size() == 0);
}

TEST_CASE("a half-close cancels the hooks where the options say so") {
    memory_server s({.cancel_on_half_close = true});
    parked p;
    p.add(s);
    bool cancelled = false;
    s.registry.get("/cancelled", [&](auto& c, auto done) {
        c.cancellation_slot().assign([&](auto) { cancelled = true; });
        p.waiting.push_back([d = std::make_shared<decltype(done)>(std::move(done))] { (*d)(); });
    });
    s.registry.get("/now", [](auto&) { return hh::text("now"); });

    auto quick = s.connect();
    quick.send("GET /now HTTP/1.1\r\nHost: a\r\n\r\n");
    quick.finish();
    s.run();
    CHECK(quick.received().ends_with("now"));
    CHECK(quick.ended());

    auto slow = s.connect();
    slow.send(
        "GET /now HTTP/1.1\r\nHost: a\r\n\r\nGET /cancelled HTTP/1.1\r\nHost: a\r\n\r\n"
        "GET /now HTTP/1.1\r\nHost: a\r\n\r\n");
    s.run();
    CHECK_FALSE(slow.ended());
    slow.finish();
    s.run();
    CHECK(slow.closed());
    CHECK(cancelled);
    CHECK(support::occurrences(slow.received(), "HTTP/1.1 200") == 1);
    CHECK(s.loop().size() == 0);
    REQUIRE(p.waiting.size() == 1);
    p.waiting[0]();
    s.run();
    CHECK(support::occurrences(slow.received(), "HTTP/1.1 200") == 1);
}

TEST_CASE("a reset cancels the hooks, and a late done is ignored") {
    memory_server s;
    parked p;
    p.add(s);
    auto c = s.connect();
    c.send("GET /wait/1 HTTP/1.1\r\nHost: a\r\n\r\n");
    s.run();
    REQUIRE(p.waiting.size() == 1);
    c.reset();
    s.run();
    CHECK(c.closed());
    CHECK(s.loop().size() == 0);
    p.waiting[0]();
    s.run();
    CHECK(c.received().empty());
}

TEST_CASE("whichever operation fails, the connection ends and nothing leaks") {
    std::size_t step = 0;
    for (bool failed = true; failed && step < 100; ++step) {
        memory_server s;
        parked p;
        p.add(s);
        add_hello(s);
        auto c = s.connect();
        c.fail_at(step + c.steps() - 1);
        c.window(50);
        for (int i = 0; i < 5 && !c.closed(); ++i) {
            c.send(i % 2 ? "GET /wait/1 HTTP/1.1\r\nHost: a\r\n\r\n" : get_hello);
            s.run();
            c.window(100);
            s.run();
        }
        for (std::size_t i = 0; i < p.waiting.size(); ++i) p.waiting[i]();
        for (int i = 0; i < 40 && !c.closed(); ++i) {
            c.window(100);
            s.run();
        }
        failed = c.closed();
        if (failed) CHECK(s.loop().size() == 0);
        if (!failed) CHECK(occurrences(c.received(), "HTTP/1.1 200 OK") == 5);
    }
    CHECK(step > 5);
    CHECK(step < 100);
}

TEST_CASE("100 is sent when the body is wanted, and only then") {
    memory_server s;
    add_hello(s);
    s.settings->options.body_limit = 10;
    auto c = s.connect();
    std::string const head =
        "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: ";
    SECTION("wanted") {
        c.send(head + "3\r\n\r\n");
        s.run();
        CHECK(take(c) == "HTTP/1.1 100 Continue\r\n\r\n");
        c.send("abc");
        s.run();
        CHECK(c.received().starts_with("HTTP/1.1 200 "));
        CHECK(c.received().ends_with("abc"));
    }
    SECTION("the body is there already") {
        c.send(head + "3\r\n\r\nabc");
        s.run();
        CHECK(c.received().starts_with("HTTP/1.1 200 "));
    }
    SECTION("too long") {
        c.send(head + "11\r\n\r\n");
        s.run();
        CHECK(c.received().starts_with("HTTP/1.1 413 "));
        CHECK(c.ended());
    }
    SECTION("behind a request whose reply takes its time") {
        parked p;
        p.add(s);
        c.send("GET /wait/1 HTTP/1.1\r\nHost: a\r\n\r\n" + head + "3\r\n\r\n");
        s.run();
        CHECK(c.received().empty());
        p.waiting.at(0)();
        s.run();
        CHECK(c.received().ends_with("waited 1HTTP/1.1 100 Continue\r\n\r\n"));
    }
}

TEST_CASE("after an error the client has two seconds and 64 MiB to see it") {
    memory_server s;
    CHECK(s.settings->options.linger_bytes == 64 * 1024 * 1024);
    s.settings->options.linger_bytes = 65'536;
    auto c = s.connect();
    c.send("nonsense\r\n\r\n");
    s.run();
    CHECK(c.received().starts_with("HTTP/1.1 400 "));
    CHECK(c.ended());
    CHECK_FALSE(c.closed());
    SECTION("it closes") {
        c.finish();
        s.run();
        CHECK(c.closed());
    }
    SECTION("time runs out") {
        s.pass(2100ms);
        CHECK(c.closed());
    }
    SECTION("it keeps sending") {
        c.send(std::string(65'536, 'x'));
        s.run();
        CHECK_FALSE(c.closed());
        c.send("x");
        s.run();
        CHECK(c.closed());
    }
    CHECK(occurrences(c.received(), "HTTP/1.1 ") == 1);
}

TEST_CASE("what clients send to connections that are being closed is limited for all together") {
    memory_server s;
    s.settings->options.linger_bytes_total = 100'000;
    auto const refused = [&] {
        auto c = s.connect();
        c.send("nonsense\r\n\r\n" + std::string(60'000, 'x'));
        s.run();
        CHECK(c.received().starts_with("HTTP/1.1 400 "));
        return c;
    };
    auto first = refused();
    CHECK_FALSE(first.closed());
    CHECK(refused().closed());
    first.finish();
    s.run();
    CHECK(first.closed());
    CHECK_FALSE(refused().closed());
}

TEST_CASE("what is no request is refused behind the replies that are due, mounts or not") {
    memory_server s;
    parked p;
    p.add(s);
    add_hello(s);
    bool const mounted = GENERATE(false, true);
    if (mounted) s.settings->mounts.add(moody_mount{});
    std::string const bad = GENERATE(
        "FOO / HTTP/1.1\r\nHost: a b\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET\t/ok HTTP/1.1\r\nHost: a\r\n\r\n", "\r\n\r\n", "\n", " / HTTP/1.1\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "GET /\x01 HTTP/1.1\r\n\r\n",
        "FOO\r\n\r\n", "GET /\xff\x7f HTTP/1.1\r\nHost: a\r\n\r\n");
    auto c = s.connect();
    SECTION("behind one that is ready") {
        c.send(get_hello + bad);
        s.run();
        CHECK(c.received().starts_with("HTTP/1.1 200 OK"));
        CHECK(c.received().find("helloHTTP/1.1 400 ") != std::string::npos);
    }
    SECTION("behind one that takes its time") {
        c.send("GET /wait/1 HTTP/1.1\r\nHost: a\r\n\r\n" + bad);
        s.run();
        CHECK(c.received().empty());
        p.waiting.at(0)();
        s.run();
        CHECK(c.received().find("waited 1HTTP/1.1 400 ") != std::string::npos);
    }
    SECTION("alone") {
        c.send(bad);
        s.run();
        CHECK(c.received().starts_with("HTTP/1.1 400 "));
    }
    CHECK(c.ended());
    CHECK_FALSE(c.closed());
    CHECK(c.received().find("Connection: close\r\n") != std::string::npos);
}

TEST_CASE("a mount that throws costs its own request, not the replies before it") {
    memory_server s;
    add_hello(s);
    moody_mount m;
    SECTION("asked for its limit") {
        m.where = "limit";
    }
    SECTION("told of a body") {
        m.where = "begin";
    }
    s.settings->mounts.add(m);
    auto c = s.connect();
    c.send(get_hello +
           std::string("POST /moody HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab"));
    CHECK_NOTHROW(s.run());
    CHECK(c.received().starts_with("HTTP/1.1 200 OK"));
    CHECK(c.received().find("helloHTTP/1.1 500 ") != std::string::npos);
    CHECK(c.received().ends_with("dressed"));
    CHECK(c.ended());
    CHECK_FALSE(c.closed());
}

TEST_CASE("a mount that throws while it dresses a refusal does not keep it from the client") {
    memory_server s;
    add_hello(s);
    s.settings->mounts.add(moody_mount{"dress"});
    auto c = s.connect();
    SECTION("too large") {
        c.send(get_hello +
               std::string("POST /moody HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n"));
        s.run();
        CHECK(c.received().find("helloHTTP/1.1 413 ") != std::string::npos);
        CHECK(c.received().ends_with("Payload Too Large"));
    }
    SECTION("late") {
        c.send("POST /moody HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n");
        s.run();
        CHECK_NOTHROW(s.pass(11s));
        CHECK(c.received().starts_with("HTTP/1.1 408 "));
    }
    SECTION("malformed") {
        c.send(get_hello + std::string("GET /moody HTTP/1.1\r\nHost: a b\r\n\r\n"));
        s.run();
        CHECK(c.received().find("helloHTTP/1.1 400 ") != std::string::npos);
    }
    CHECK(c.ended());
    CHECK_FALSE(c.closed());
}

TEST_CASE("a mount that throws when it is to serve closes its connection, after the replies") {
    memory_server s;
    add_hello(s);
    s.settings->mounts.add(moody_mount{"serve"});
    auto c = s.connect();
    c.send(get_hello + std::string("GET /moody HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK_NOTHROW(s.run());
    CHECK(c.received().ends_with("hello"));
    CHECK(c.closed());
    CHECK(s.loop().size() == 0);
}

TEST_CASE("a mount that throws when a body has ended harms nobody") {
    memory_server s;
    s.settings->mounts.add(moody_mount{"end"});
    auto c = s.connect();
    c.send("POST /moody HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
    s.run();
    SECTION("whole") {
        c.send("cde");
        CHECK_NOTHROW(s.run());
    }
    SECTION("the client goes") {
        c.reset();
        CHECK_NOTHROW(s.run());
    }
    CHECK(c.closed());
    CHECK(s.loop().size() == 0);
}

TEST_CASE("a file that ends too early ends the connection, after what there is of it") {
    memory_server s;
    add_hello(s);
    auto const file = shrunken_file();
    s.registry.get("/file", [file](auto& c) { c.set_response(hh::text(""), file); });
    auto c = s.connect();
    c.window(0);
    c.send(get_hello + std::string("GET /file HTTP/1.1\r\nHost: a\r\n\r\n") + get_hello);
    s.run();
    c.window(1'000'000);
    s.run();
    CHECK(c.received().find("helloHTTP/1.1 200 OK") != std::string::npos);
    CHECK(c.received().find("Content-Length: 100000\r\n") != std::string::npos);
    CHECK(c.received().ends_with("\r\n\r\n" + std::string(70'000, 'f')));
    CHECK(c.ended());
    CHECK_FALSE(c.closed());
}

TEST_CASE("an empty line in front of a request is no request") {
    memory_server s;
    add_hello(s);
    auto c = s.connect();
    c.send("\r");
    s.run();
    c.send("\n");
    s.run();
    SECTION("the request follows") {
        c.send(get_hello + std::string("\r\n") + get_hello);
        s.run();
        CHECK(occurrences(c.received(), "HTTP/1.1 200 OK") == 2);
        CHECK_FALSE(c.ended());
    }
    SECTION("none follows: the connection is idle") {
        s.pass(59s);
        CHECK_FALSE(c.ended());
        s.pass(1100ms);
        CHECK(closed_silently(c));
    }
    SECTION("another one follows, whenever") {
        s.pass(20s);
        c.send("\r\n");
        s.run();
        CHECK(c.received().starts_with("HTTP/1.1 400 "));
        CHECK(c.ended());
    }
    SECTION("the server shuts down") {
        s.loop().drain([] {});
        s.run();
        CHECK(closed_silently(c));
    }
    SECTION("the client goes") {
        c.finish();
        s.run();
        CHECK(closed_silently(c));
    }
}

TEST_CASE("close wins over keep-alive in HTTP/1.0 too") {
    memory_server s;
    add_hello(s);
    auto const asked = [&](std::string const& fields) {
        auto c = s.connect();
        c.send("GET /hello HTTP/1.0\r\n" + fields + "\r\n");
        s.run();
        bool const kept = c.received().find("Connection: keep-alive\r\n") != std::string::npos;
        CHECK(kept == !c.ended());
        return kept ? "keeps" : "closes";
    };
    CHECK(asked("") == std::string("closes"));
    CHECK(asked("Connection: keep-alive\r\n") == std::string("keeps"));
    CHECK(asked("Connection: close, keep-alive\r\n") == std::string("closes"));
    CHECK(asked("Connection: keep-alive, Close\r\n") == std::string("closes"));
    CHECK(asked("Connection: keep-alive\r\nConnection: close\r\n") == std::string("closes"));
    CHECK(asked("Connection: close\r\nConnection: keep-alive\r\n") == std::string("closes"));
}

TEST_CASE("a drain closes what is idle and answers what has begun") {
    memory_server s;
    parked p;
    p.add(s);
    auto idle = s.connect();
    auto busy = s.connect();
    auto half = s.connect();
    busy.send("GET /wait/1 HTTP/1.1\r\nHost: a\r\n\r\nGET /wait/2 HTTP/1.1\r\nHost: a\r\n\r\n");
    half.send("GET /wa");
    s.run();
    bool empty = false;
    s.loop().drain([&] { empty = true; });
    s.run();
    CHECK(closed_silently(idle));
    CHECK(closed_silently(half));
    CHECK_FALSE(busy.ended());
    for (auto const& done : p.waiting) done();
    s.run();
    CHECK(occurrences(busy.received(), "HTTP/1.1 200 OK") == 2);
    CHECK(occurrences(busy.received(), "Connection: close") == 1);
    CHECK(busy.ended());
    busy.finish();
    half.finish();
    s.run();
    CHECK(empty);
}

TEST_CASE("what a drain cannot wait for is cut and counted") {
    memory_server s;
    parked p;
    p.add(s);
    auto c = s.connect();
    c.send("GET /wait/1 HTTP/1.1\r\nHost: a\r\n\r\n");
    s.run();
    bool empty = false;
    s.loop().drain([&] { empty = true; });
    s.run();
    CHECK_FALSE(empty);
    auto const [connections, requests] = s.loop().cut();
    CHECK(connections == 1);
    CHECK(requests == 1);
    s.run();
    CHECK(empty);
    CHECK(c.closed());
}

TEST_CASE("the address that a trusted proxy gives is the client's") {
    memory_server s;
    s.settings->proxies = hh::http::detail::trusted_networks({"192.0.2.0/24"});
    s.registry.get("/who",
                   [](auto& c) { return hh::text(c.origin().peer().address().to_string()); });
    auto c = s.connect();
    auto const ask = [&](std::string const& field) {
        c.send("GET /who HTTP/1.1\r\nHost: a\r\n" + field + "\r\n");
        s.run();
        auto const reply = take(c);
        return reply.substr(reply.find("\r\n\r\n") + 4);
    };
    bool const standard = GENERATE(false, true);
    if (standard) {
        s.settings->options.trusted_field = hh::http::proxy_field::forwarded;
        CHECK(ask("") == "192.0.2.7");
        CHECK(ask("X-Forwarded-For: 198.51.100.1\r\n") == "192.0.2.7");
        CHECK(ask("Forwarded: for=\"[2001:db8::1]:4711\";proto=https\r\n") == "2001:db8::1");
        CHECK(ask("Forwarded: for=198.51.100.3;by=x, for=192.0.2.3\r\n") == "198.51.100.3");
        CHECK(ask("Forwarded: by=x; For = 198.51.100.3\r\n") == "192.0.2.7");
        CHECK(ask("Forwarded: by=x; FOR=198.51.100.3\r\n") == "198.51.100.3");
        CHECK(ask("Forwarded: for=198.51.100.4\r\nX-Forwarded-For: 198.51.100.5\r\n") ==
              "198.51.100.4");
        return;
    }
    CHECK(ask("Forwarded: for=198.51.100.4\r\n") == "192.0.2.7");
    CHECK(ask("Forwarded: for=198.51.100.4\r\nX-Forwarded-For: 198.51.100.5\r\n") ==
          "198.51.100.5");
    CHECK(ask("") == "192.0.2.7");
    CHECK(ask("X-Forwarded-For: 198.51.100.1\r\n") == "198.51.100.1");
    CHECK(ask("X-Forwarded-For: 203.0.113.9, 198.51.100.1, 192.0.2.9\r\n") == "198.51.100.1");
    CHECK(ask("X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 198.51.100.2\r\n") ==
          "198.51.100.2");
    for (std::string const junk :
         {"", ",,,", "unknown", "fe80::1%eth0", "1.2.3.4:99999999", "[::1", "1.2.3"})
        CHECK(ask("X-Forwarded-For: " + junk + "\r\n") == "192.0.2.7");
    CHECK(ask("X-Forwarded-For: " + std::string(7000, '9') + "\r\n") == "192.0.2.7");
    s.settings->proxies = hh::http::detail::trusted_networks({"203.0.113.1"});
    c = s.connect();
    CHECK(ask("X-Forwarded-For: 198.51.100.1\r\n") == "192.0.2.7");
}

TEST_CASE("a trusted proxy says whether its client came by TLS") {
    memory_server s;
    s.settings->proxies = hh::http::detail::trusted_networks({"192.0.2.0/24"});
    s.registry.get("/tls", [](auto& c) { return hh::text(c.origin().tls() ? "tls" : "plain"); });
    auto c = s.connect();
    auto const ask = [&](std::string const& fields) {
        c.send("GET /tls HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n");
        s.run();
        auto const reply = take(c);
        return reply.substr(reply.find("\r\n\r\n") + 4);
    };
    CHECK(ask("") == "plain");
    SECTION("in X-Forwarded-Proto") {
        CHECK(ask("X-Forwarded-Proto: https\r\n") == "tls");
        CHECK(ask("X-Forwarded-Proto: HTTPS\r\nX-Forwarded-For: 198.51.100.1\r\n") == "tls");
        CHECK(ask("X-Forwarded-Proto: wss\r\n") == "tls");
        CHECK(ask("X-Forwarded-Proto: http\r\n") == "plain");
        // the last one is the proxy's
        CHECK(ask("X-Forwarded-Proto: https, http\r\n") == "plain");
        CHECK(ask("X-Forwarded-Proto: http\r\nX-Forwarded-Proto: https\r\n") == "tls");
        CHECK(ask("X-Forwarded-Proto: ,,\r\n") == "plain");
        CHECK(ask("Forwarded: for=198.51.100.1;proto=https\r\n") == "plain");
    }
    SECTION("in Forwarded") {
        s.settings->options.trusted_field = hh::http::proxy_field::forwarded;
        CHECK(ask("Forwarded: for=198.51.100.1;proto=https\r\n") == "tls");
        CHECK(ask("Forwarded: proto=\"https\";for=unknown\r\n") == "tls");
        // each proxy says how it was asked itself
        CHECK(ask("Forwarded: for=198.51.100.1;proto=https, for=192.0.2.3;proto=http\r\n") ==
              "tls");
        CHECK(ask("Forwarded: for=203.0.113.9;proto=https, for=198.51.100.1;proto=http\r\n") ==
              "plain");
        CHECK(ask("X-Forwarded-Proto: https\r\n") == "plain");
    }
    SECTION("unless it is not trusted") {
        s.settings->proxies = hh::http::detail::trusted_networks({"203.0.113.1"});
        c = s.connect();
        CHECK(ask("X-Forwarded-Proto: https\r\n") == "plain");
    }
}
