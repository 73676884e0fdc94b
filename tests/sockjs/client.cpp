// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/http/tls.hpp>
#include <httphooks/http/tls_client.hpp>
#include <httphooks/sockjs/client.hpp>
#include <httphooks/websocket/zlib_deflate.hpp>

#include "support/catch.hpp"
#include "support/client_subject.hpp"
#include "support/scripted_server.hpp"
#include "support/sockjs_services.hpp"
#include "support/tls_contexts.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace asio = boost::asio;
namespace hh = httphooks;
namespace sj = httphooks::sockjs;
using namespace std::chrono_literals;
using list = std::vector<std::string>;
using support::asks;
using support::ok;
using support::scripted;
using way = sj::client_transport;

namespace {

std::string number(sj::close_code code) {
    return std::to_string(static_cast<unsigned>(code));
}

/// A client on a context of its own, that notes what it is told.
struct subject : support::client_subject<sj::client, sj::client_connection> {
    explicit subject(sj::client_options o = {}) : client_subject(std::move(o)) {
        client.on_message([this](sj::client_connection& c, std::string_view m) {
            log.emplace_back(m);
            if (on_message) on_message(c, m);
        });
        client.on_close([this](sj::client_connection&, sj::close_code code, std::string_view why) {
            log.push_back("close:" + number(code) + ":" + std::string(why));
        });
    }

    std::function<void(sj::client_connection&, std::string_view)> on_message{};
};

/// Those of a client that gives up no transport on a slow machine.
sj::client_options patient() {
    sj::client_options o;
    o.open_timeout = 10s;
    return o;
}

std::string url_of(std::uint16_t port, std::string_view path = "/echo") {
    return "http://127.0.0.1:" + std::to_string(port) + std::string(path);
}

sj::client_options only(way w) {
    auto o = patient();
    o.transports = {w};
    return o;
}

std::string_view name_of(way w) {
    switch (w) {
        case way::websocket:
            return "websocket";
        case way::xhr_streaming:
            return "xhr-streaming";
        default:
            return "xhr-polling";
    }
}

constexpr way all_ways[] = {way::websocket, way::xhr_streaming, way::xhr_polling};

std::string chunk(std::string_view data) {
    char size[20];
    char* const end = std::to_chars(size, size + sizeof size, data.size(), 16).ptr;
    return std::string(size, end).append("\r\n").append(data).append("\r\n");
}
std::string const info = ok("{\"websocket\":true,\"cookie_needed\":false}");
std::string const not_found = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
std::string const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// A scripted server of a service below /echo.
struct scripted_server : support::scripted_server {
    using support::scripted_server::scripted_server;
    std::string url() const { return url_of(port()); }
};

}  // namespace

TEST_CASE("A SockJS client offers to compress, and messages of any size come back") {
    auto o = only(way::websocket);
    o.per_message_deflate = httphooks::websocket::zlib_deflate();
    {
        std::string offer;
        subject s(o);
        scripted_server const server(s.context,
                                     [&](std::string const& request) -> support::scripted {
                                         if (request.find("/info") != request.npos) return {info};
                                         offer = request;
                                         return {not_found};
                                     });
        CHECK(s.connect(server.url()));
        CHECK(offer.find("Sec-WebSocket-Extensions: permessage-deflate") != offer.npos);
    }
    auto with = support::service_options("/echo");
    with.per_message_deflate = o.per_message_deflate;
    support::sockjs_services services;
    services.echo(std::move(with));
    subject s(o);
    REQUIRE_FALSE(s.connect(url_of(services.port())));
    list sent;
    for (std::size_t n = 0; n < 10; ++n) {
        sent.push_back(std::string(n * 900, 'x'));
        s.connection.send(sent.back());
    }
    CHECK(s.logged(10));
    CHECK(s.log == sent);
}

TEST_CASE("A client gets back what it sends, over every transport") {
    support::sockjs_services services;
    services.echo();
    for (way const w : all_ways) {
        CAPTURE(name_of(w));
        subject s(only(w));
        REQUIRE_FALSE(s.connect(url_of(services.port())));
        CHECK(s.connection.transport() == name_of(w));
        CHECK(s.connection.is_open());
        list const hurting{"",
                           "x",
                           "a\"b\\c/\b\f\n\r\t",
                           std::string("\0\x01\x1f", 3),
                           "%41%E4",
                           "\xe2\x80\xa8\xe2\x80\xa9\xef\xbf\xbf",
                           "\xed\xa0\x80",
                           "\xf0\x9f\x98\x80",
                           "</script><script>",
                           "o",
                           "c[3000,\"Go away!\"]",
                           std::string(9'000, 'x'),
                           std::string(200'000, '"')};
        for (auto const& m : hurting) CHECK(s.connection.send(m));
        REQUIRE(s.logged(hurting.size()));
        CHECK(s.log == hurting);
        CHECK(s.until([&] { return s.connection.buffered_amount() == 0; }));
        CHECK(s.connection.close(static_cast<sj::close_code>(3001), "enough"));
        CHECK_FALSE(s.connection.send("late"));
        REQUIRE(s.logged(hurting.size() + 1));
        CHECK(s.log.back() == "close:3001:enough");
        CHECK_FALSE(s.connection.close());
    }
}

TEST_CASE("Messages stay in order through streams that end and requests that batch") {
    support::sockjs_services services;
    services.echo();
    for (way const w : all_ways) {
        CAPTURE(name_of(w));
        subject s(only(w));
        REQUIRE_FALSE(s.connect(url_of(services.port())));
        list expected;
        for (int i = 0; i < 500; ++i) {
            expected.push_back(std::to_string(i) + std::string(100, '.'));
            REQUIRE(s.connection.send(expected.back()));
            if (i % 50 == 0) s.context.poll();
        }
        REQUIRE(s.logged(expected.size()));
        CHECK(s.log == expected);
    }
}

TEST_CASE("What was sent before close() reaches the server") {
    support::sockjs_services services;
    support::tally messages;
    services.add(support::service_options("/count"), [&](sj::connection c) {
        c.on_message([&](std::string_view) { messages.add(); });
    });
    std::size_t expected = 0;
    for (way const w : all_ways) {
        CAPTURE(name_of(w));
        subject s(only(w));
        REQUIRE_FALSE(s.connect(url_of(services.port(), "/count")));
        for (int i = 0; i < 10; ++i) s.connection.send(std::string(20'000, 'x'));
        s.connection.close();
        REQUIRE(s.logged(1));
        CHECK(s.log == list{"close:1000:Normal closure"});
        expected += 10;
        // a WebSocket is written after that
        s.until([&] { return messages.count() >= expected; });
        CHECK(messages.reaches(expected));
    }
}

TEST_CASE("A client is told the server's code and reason") {
    support::sockjs_services services;
    services.close();
    for (way const w : all_ways) {
        CAPTURE(name_of(w));
        subject s(only(w));
        REQUIRE_FALSE(s.connect(url_of(services.port(), "/close")));
        REQUIRE(s.logged(1));
        CHECK(s.log == list{"close:3000:Go away!"});
    }
}

TEST_CASE("The next transport is tried when the server has no WebSocket") {
    support::sockjs_services services;
    auto without = support::service_options("/echo");
    without.websocket = false;
    services.echo(without);
    subject s(patient());
    REQUIRE_FALSE(s.connect(url_of(services.port(), "/echo/")));
    CHECK(s.connection.transport() == "xhr-streaming");
    subject none(only(way::websocket));
    CHECK(none.connect(url_of(services.port())) == sj::error::no_transport);
}

TEST_CASE("The next transport is tried when one is refused, buffered or nonsense") {
    struct refusal {
        std::string text;
        bool end;
    };
    for (refusal const& stream : {refusal{not_found, false},
                                  {chunked, false},
                                  {ok("<html>"), true},
                                  {"", true},
                                  {chunked + chunk("a[\"early\"]\n"), false},
                                  {chunked + chunk("c[2010,\"x\"]\n"), false},
                                  {"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\n", false}}) {
        CAPTURE(stream.text);
        auto o = patient();
        o.open_timeout = 2s;  // one says nothing
        subject s(o);
        bool opened = false;
        scripted_server const server(s.context, [&](std::string const& r) -> scripted {
            if (asks(r, "/info")) return {info};
            if (asks(r, "/websocket")) return {not_found};
            if (asks(r, "/xhr_streaming")) return {stream.text, stream.end};
            return {ok(std::exchange(opened, true) ? "a[\"polled\"]\n" : "o\n")};
        });
        REQUIRE_FALSE(s.connect(server.url()));
        CHECK(s.connection.transport() == "xhr-polling");
        REQUIRE(s.logged(1));
        CHECK(s.log.front() == "polled");
    }
}

TEST_CASE("A transport that stays silent is given up, and so is the last") {
    subject s;
    scripted_server const server(s.context, [&](std::string const& r) -> scripted {
        return {asks(r, "/info") ? info : ""};
    });
    auto const begin = std::chrono::steady_clock::now();
    CHECK(s.connect(server.url()) == sj::error::transport_timeout);
    CHECK(std::chrono::steady_clock::now() - begin >= 1'800ms);
    CHECK(server.asked("/websocket") == 1);
    CHECK(server.asked("/xhr_streaming") == 1);
    CHECK(server.asked("/xhr") == 1);
    CHECK(s.log.empty());
}

TEST_CASE("What is no SockJS server is an error") {
    auto const answered = [](std::string const& text, bool end = false) {
        subject s;
        scripted_server const server(s.context, [&](std::string const&) -> scripted {
            return {text, end};
        });
        return s.connect(server.url());
    };
    auto const cannot = sj::make_error_code(sj::error::cannot_connect);
    CHECK(answered(not_found) == cannot);
    CHECK(answered("HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n") ==
          cannot);
    CHECK(answered(ok("")) == cannot);
    CHECK(answered(ok("[]")) == cannot);
    CHECK(answered(ok("{\"websocket\":tru}")) == cannot);
    CHECK(answered(ok("{} {}")) == cannot);
    CHECK(answered(ok("{\"base_url\":\"ftp://x/\"}")) == cannot);
    CHECK(answered(ok("{\"base_url\":\"https://127.0.0.1/\"}")) == cannot);
    CHECK(answered("HELLO\r\n\r\n", true) == cannot);
    CHECK(answered("", true) == cannot);
    CHECK(answered(ok(std::string(20'000, ' '))) == cannot);
    CHECK(answered("HTTP/1.1 200 OK\r\nX: " + std::string(17'000, 'x')) == cannot);
    CHECK(answered("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}", true) == cannot);
}

TEST_CASE("An info that never ends is given up") {
    sj::client_options o;
    o.info_timeout = 50ms;
    subject s(o);
    scripted_server const server(
        s.context, [](std::string const&) -> scripted { return {chunked + chunk("{")}; });
    CHECK(s.connect(server.url()) == asio::error::timed_out);
}

TEST_CASE("A URL that is none, one without TLS, and no server are errors") {
    subject s;
    CHECK(s.connect("") == hh::error::invalid_target);
    CHECK(s.connect("ftp://x/") == hh::error::invalid_target);
    CHECK(s.connect("https://127.0.0.1/") == asio::error::operation_not_supported);
    CHECK(s.connect("http://127.0.0.1:1/") == asio::error::connection_refused);
    sj::client_options o;
    o.transports.clear();
    support::sockjs_services services;
    services.echo();
    subject none(o);
    CHECK(none.connect(url_of(services.port())) == sj::error::no_transport);
}

TEST_CASE("A server that closes before the connection is open says why it is not") {
    subject s(patient());
    scripted_server const server(s.context, [](std::string const& r) -> scripted {
        if (asks(r, "/info")) return {info};
        return {asks(r, "/xhr_streaming") ? chunked + chunk("c[3000,\"Go away!\"]\n") : not_found};
    });
    CHECK(s.connect(server.url()) == sj::error::closed);
    CHECK(server.asked("/xhr") == 0);
}

TEST_CASE("What a server breaks on a stream ends the connection") {
    auto const after = [](std::string const& text, bool end = false) {
        auto o = only(way::xhr_streaming);
        o.frame_limit = 1'000;
        subject s(o);
        scripted_server const server(s.context, [&](std::string const& r) -> scripted {
            if (asks(r, "/info")) return {info};
            return {chunked + chunk(std::string(2048, 'h') + "\n") + chunk("o\n") + text, end};
        });
        hh::error_code const ec = s.connect(server.url());
        if (ec) return ec.message();
        s.logged(1);
        return s.log.empty() ? std::string() : s.log.front();
    };
    std::string const broken = "close:1006:The server's frame is broken";
    CHECK(after(chunk("a[\"one\"]\n")) == "one");
    CHECK(after(chunk("h\n") + chunk("a[\"o") + chunk("ne\"]\n")) == "one");
    CHECK(after(chunk("m\"one\"\n")) == "one");
    CHECK(after(chunk("c[4000,\"why\\u0020not\"]\n")) == "close:4000:why not");
    for (auto const* frame :
         {"\n", "x\n", "a\n", "a[\n", "a[1]\n", "a{}\n", "a[\"\xff\"]\n", "m1\n", "m[\"x\"]\n",
          "c\n", "c[]\n", "c[3000]\n", "c[3000,1]\n", "c[\"3000\",\"x\"]\n", "c[3000,\"x\",1]\n",
          "c[99999,\"x\"]\n", "c[-1,\"x\"]\n", "c[30.5,\"x\"]\n", "open\n"}) {
        CAPTURE(frame);
        CHECK(after(chunk(frame)) == broken);
    }
    CHECK(after(chunk("o\n")) == "close:1006:The server lost the session");
    CHECK(after(chunk("a[\"" + std::string(2'000, 'x'))) ==
          "close:1009:The server's frame is too large");
    CHECK(after(chunk("a[\"half") + "0\r\n\r\n") == "close:1006:The server's frame is incomplete");
    CHECK(after("zz\r\n").starts_with("close:1006:Receiving failed: "));
    CHECK(after("", true).starts_with("close:1006:Receiving failed: "));
}

TEST_CASE("A poll whose body is over the limit ends the connection") {
    auto o = only(way::xhr_polling);
    o.frame_limit = 1'000;
    for (std::string const& text :
         {ok("a[\"" + std::string(2'000, 'x') + "\"]\n"), chunked + chunk(std::string(2'000, 'h')),
          std::string("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999\r\n\r\na[")}) {
        subject s(o);
        bool opened = false;
        scripted_server const server(s.context, [&](std::string const& r) -> scripted {
            if (asks(r, "/info")) return {info};
            return {std::exchange(opened, true) ? text : ok("o\n")};
        });
        REQUIRE_FALSE(s.connect(server.url()));
        REQUIRE(s.logged(1));
        CHECK(s.log == list{"close:1009:The server's frame is too large"});
    }
}

TEST_CASE("A WebSocket message over the limit ends the connection") {
    support::sockjs_services services;
    services.echo();
    auto o = only(way::websocket);
    o.frame_limit = 1'000;
    subject s(o);
    REQUIRE_FALSE(s.connect(url_of(services.port())));
    s.connection.send(std::string(2'000, 'x'));
    REQUIRE(s.logged(1));
    CHECK(s.log.front().starts_with("close:1009:"));
}

TEST_CASE("Empty responses without end do not keep a client busy for ever") {
    for (way const w : {way::xhr_streaming, way::xhr_polling}) {
        subject s(only(w));
        bool opened = false;
        scripted_server const server(s.context, [&](std::string const& r) -> scripted {
            if (asks(r, "/info")) return {info};
            return {ok(std::exchange(opened, true) ? "h\n" : "o\n"), w == way::xhr_streaming};
        });
        REQUIRE_FALSE(s.connect(server.url()));
        REQUIRE(s.logged(1));
        CHECK(s.log == list{"close:1006:The server's responses are empty"});
    }
}

TEST_CASE("A server that does not take messages ends the connection") {
    subject s(only(way::xhr_streaming));
    scripted_server const server(s.context, [](std::string const& r) -> scripted {
        if (asks(r, "/info")) return {info};
        return {asks(r, "/xhr_send") ? not_found : chunked + chunk("o\n")};
    });
    REQUIRE_FALSE(s.connect(server.url()));
    s.connection.send("x");
    REQUIRE(s.logged(1));
    CHECK(s.log == list{"close:1006:Sending failed: status 404"});
}

TEST_CASE("One request carries messages at a time, and the next one all that waited") {
    subject s(only(way::xhr_streaming));
    list bodies;
    scripted_server const server(s.context, [&](std::string const& r) -> scripted {
        if (asks(r, "/info")) return {info};
        if (!asks(r, "/xhr_send")) return {chunked + chunk("o\n")};
        bodies.push_back(r.substr(r.find("\r\n\r\n") + 4));
        if (bodies.size() == 1)
            for (auto const* m : {"2", "3", "4"}) s.connection.send(m);
        return {"HTTP/1.1 204 No Content\r\n\r\n"};
    });
    REQUIRE_FALSE(s.connect(server.url()));
    s.connection.send("0");
    s.connection.send("1");
    CHECK(s.connection.buffered_amount() > 0);
    REQUIRE(s.until([&] { return bodies.size() == 2 && s.connection.buffered_amount() == 0; }));
    CHECK(bodies == list{"[\"0\",\"1\"]", "[\"2\",\"3\",\"4\"]"});
}

TEST_CASE("What exceeds the output limit is not taken") {
    sj::client_options o = only(way::xhr_streaming);
    o.output_limit = 1'000;
    subject s(o);
    scripted_server const server(s.context, [&](std::string const& r) -> scripted {
        if (asks(r, "/info")) return {info};
        return {asks(r, "/xhr_send") ? "" : chunked + chunk("o\n")};
    });
    CHECK_FALSE(s.connection.send("none"));
    REQUIRE_FALSE(s.connect(server.url()));
    CHECK(s.connection.send(std::string(5'000, 'x')));
    CHECK_FALSE(s.connection.send("more"));
    REQUIRE(s.until([&] { return server.asked("/xhr_send") == 1; }));
    CHECK_FALSE(s.connection.send("more"));
}

TEST_CASE("A server that says nothing any more is lost") {
    for (way const w : {way::xhr_streaming, way::xhr_polling}) {
        sj::client_options o = only(w);
        o.heartbeat_timeout = 50ms;
        subject s(o);
        bool opened = false;
        scripted_server const server(s.context, [&](std::string const& r) -> scripted {
            if (asks(r, "/info")) return {info};
            if (w == way::xhr_streaming) return {chunked + chunk("o\n")};
            return {std::exchange(opened, true) ? "" : ok("o\n")};
        });
        REQUIRE_FALSE(s.connect(server.url()));
        REQUIRE(s.logged(1));
        CHECK(s.log == list{"close:1006:No heartbeat from the server"});
    }
}

TEST_CASE("Heartbeats keep a connection") {
    support::sockjs_services services;
    auto beating = support::service_options("/echo");
    beating.heartbeat_delay = 60ms;
    services.echo(beating);
    for (way const w : all_ways) {
        CAPTURE(name_of(w));
        sj::client_options o = only(w);
        o.heartbeat_timeout = 2s;
        subject s(o);
        REQUIRE_FALSE(s.connect(url_of(services.port())));
        auto const begin = std::chrono::steady_clock::now();
        s.until([&] { return std::chrono::steady_clock::now() - begin > 2'500ms; });
        CHECK(s.connection.is_open());
        CHECK(s.log.empty());
    }
}

TEST_CASE("The server's base_url is followed, and keeps the client's fields to themselves") {
    for (bool const elsewhere : {false, true}) {
        sj::client_options o = only(way::xhr_polling);
        o.headers.set("Authorization", "secret");
        subject s(o);
        list requests;
        bool opened = false;
        auto const polls = [&](std::string const& r) -> scripted {
            requests.push_back(r);
            return {std::exchange(opened, true) ? ok("c[3000,\"x\"]\n") : ok("o\n")};
        };
        scripted_server const other(s.context, polls);
        scripted_server const server(s.context, [&](std::string const& r) -> scripted {
            if (!asks(r, "/info?a=b")) return polls(r);
            requests.push_back(r);
            std::string const to = elsewhere ? url_of(other.port(), "/there?c=d") : "/there?c=d";
            return {ok("{\"base_url\":\"" + to + "\"}")};
        });
        REQUIRE_FALSE(s.connect(server.url() + "?a=b"));
        REQUIRE(s.logged(1));
        REQUIRE(requests.size() == 3);
        CHECK(requests[0].find("Authorization: secret") != std::string::npos);
        CHECK((requests[1].find("Authorization: secret") == std::string::npos) == elsewhere);
        CHECK(requests[1].starts_with("POST /there/"));
        CHECK(asks(requests[1], "/xhr?c=d"));
    }
}

TEST_CASE("An attempt can be cancelled at every step") {
    for (auto const* step : {"/info", "/websocket", "/xhr_streaming", "/xhr"}) {
        CAPTURE(step);
        subject s(patient());
        asio::cancellation_signal stop;
        bool reached = false;
        scripted_server const server(s.context, [&](std::string const& r) -> scripted {
            reached = asks(r, step);
            if (reached) return {};
            return {asks(r, "/info") ? info : not_found};
        });
        hh::error_code result;
        s.client.async_connect(server.url(),
                               asio::bind_cancellation_slot(
                                   stop.slot(), [&](hh::error_code ec, sj::client_connection c) {
                                       result = ec;
                                       CHECK_FALSE(c);
                                   }));
        REQUIRE(s.until([&] { return reached; }));
        stop.emit(asio::cancellation_type::terminal);
        REQUIRE(s.until([&] { return result.failed(); }));
        CHECK(result == asio::error::operation_aborted);
        s.context.restart();
        s.context.poll();
        CHECK(s.log.empty());
    }
}

TEST_CASE("A context may be destroyed with connections and attempts in flight") {
    support::sockjs_services services;
    services.echo();
    for (way const w : all_ways) {
        subject s(only(w));
        REQUIRE_FALSE(s.connect(url_of(services.port())));
        for (int i = 0; i < 10; ++i) s.connection.send(std::string(100'000, 'x'));
        s.context.poll();
        s.connection = {};
        bool completed = false;
        s.client.async_connect(url_of(services.port()),
                               [&](hh::error_code, sj::client_connection) { completed = true; });
        s.context.poll();
        s.until([&] { return !s.log.empty(); });
        s.client.async_connect(url_of(services.port()),
                               [&](hh::error_code, sj::client_connection) { completed = true; });
        s.context.poll_one();
    }
}

TEST_CASE("A connection lives without a handle, and ends when its server does") {
    for (way const w : all_ways) {
        CAPTURE(name_of(w));
        subject s(only(w));
        {
            support::sockjs_services services;
            services.echo();
            REQUIRE_FALSE(s.connect(url_of(services.port())));
            s.connection.send("x");
            s.connection = {};
            REQUIRE(s.logged(1));
            CHECK(s.log == list{"x"});
        }
        REQUIRE(s.logged(2));
        CHECK(s.log.back().starts_with("close:"));
    }
}

TEST_CASE("A handler that throws ends its connection") {
    support::sockjs_services services;
    services.echo();
    for (way const w : all_ways) {
        subject s(only(w));
        s.on_message = [](sj::client_connection&, std::string_view) {
            throw std::runtime_error("handler");
        };
        REQUIRE_FALSE(s.connect(url_of(services.port())));
        s.connection.send("1");
        s.connection.send("2");
        REQUIRE(s.logged(2));
        CHECK(s.log == list{"1", "close:1011:A handler threw an exception"});
    }
}

TEST_CASE("A paused connection takes no messages until it is resumed") {
    support::sockjs_services services;
    services.echo();
    for (way const w : all_ways) {
        CAPTURE(name_of(w));
        subject s(only(w));
        s.on_message = [&](sj::client_connection& c, std::string_view m) {
            if (m == "pause") c.pause();
        };
        REQUIRE_FALSE(s.connect(url_of(services.port())));
        s.connection.send("pause");
        REQUIRE(s.logged(1));
        s.connection.send("1");
        REQUIRE(s.until([&] { return s.connection.buffered_amount() == 0; }));
        s.context.run_for(50ms);
        CHECK(s.log.size() == 1);
        s.connection.resume();
        REQUIRE(s.logged(2));
        CHECK(s.log.back() == "1");
    }
}

TEST_CASE("What came before a transport was lost is handed on when the application wants it") {
    std::string const before = "o\na[\"1\"]\na[\"2\",\"3\"]\n";
    bool const closed_by_server = GENERATE(true, false);
    bool const send_fails = GENERATE(true, false);
    subject s(only(way::xhr_streaming));
    scripted_server const server(s.context, [&](std::string const& r) -> scripted {
        if (asks(r, "/info")) return {info};
        if (asks(r, "/xhr_send")) return {not_found};
        std::string const frames = before + (closed_by_server ? "c[3000,\"bye\"]\n" : "");
        return {chunked + chunk(frames) + (send_fails ? "" : "zz\r\n")};
    });
    bool connected = false;
    s.client.async_connect(server.url(), [&](hh::error_code ec, sj::client_connection c) {
        connected = !ec;
        c.pause();
        s.connection = c;
    });
    REQUIRE(s.until([&] { return connected; }));
    if (send_fails) {
        s.connection.send("x");
        REQUIRE(s.until([&] { return server.asked("/xhr_send") == 1; }));
        s.context.run_for(50ms);
    }
    s.settle();
    CHECK(s.log.empty());
    SECTION("in order, then how it ended") {
        s.connection.resume();
        REQUIRE(s.logged(4));
        s.log.back().resize(11);
        CHECK(s.log == list{"1", "2", "3", closed_by_server ? "close:3000:" : "close:1006:"});
    }
    SECTION("unless it closes") {
        s.connection.close(sj::close_code{3001}, "enough");
        REQUIRE(s.logged(1));
        CHECK(s.log == list{"close:3001:enough"});
    }
}

TEST_CASE("What is right behind the open frame is handed on, over every transport") {
    support::sockjs_services services;
    services.add(support::service_options("/hasty"), [](sj::connection c) {
        for (auto const* m : {"1", "2", "3"}) c.send(m);
        c.close(sj::close_code{3000}, "bye");
    });
    for (way const w : all_ways) {
        CAPTURE(name_of(w));
        subject s(only(w));
        bool connected = false;
        s.client.async_connect(url_of(services.port(), "/hasty"),
                               [&](hh::error_code ec, sj::client_connection c) {
                                   connected = !ec;
                                   c.pause();
                                   s.connection = c;
                               });
        REQUIRE(s.until([&] { return connected; }));
        s.context.run_for(50ms);
        CHECK(s.log.empty());
        s.connection.resume();
        REQUIRE(s.logged(4));
        CHECK(s.log == list{"1", "2", "3", "close:3000:bye"});
    }
}

TEST_CASE("A code or reason that may not be sent closes nothing") {
    support::sockjs_services services;
    services.echo();
    subject s;
    REQUIRE_FALSE(s.connect(url_of(services.port())));
    CHECK_FALSE(s.connection.close(sj::close_code::abnormal));
    CHECK_FALSE(s.connection.close(sj::close_code::normal, std::string(124, 'x')));
    CHECK_FALSE(s.connection.close(sj::close_code::normal, "\xff"));
    CHECK(s.connection.is_open());
}

TEST_CASE("A SockJS connection is awaited in a coroutine") {
    support::sockjs_services services;
    services.echo();
    subject s;
    std::string const url = url_of(services.port());
    auto const run = [&]() -> asio::awaitable<void> {
        auto const c = co_await s.client.async_connect(url, asio::use_awaitable);
        c.send("from a coroutine");
    };
    asio::co_spawn(s.context, run, asio::detached);
    REQUIRE(s.logged(1));
    CHECK(s.log == list{"from a coroutine"});
}

TEST_CASE("SockJS clients send from several threads") {
    support::sockjs_services services(2);
    services.echo();
    std::string const url = url_of(services.port());
    for (way const w : all_ways) {
        CAPTURE(name_of(w));
        asio::io_context context{2};
        auto const strand = asio::make_strand(context);
        support::tally got;
        support::tally closed;
        sj::client client(strand, only(w));
        client.on_message([&](sj::client_connection&, std::string_view) { got.add(); });
        client.on_close(
            [&](sj::client_connection&, sj::close_code, std::string_view) { closed.add(); });
        sj::client_connection connection;
        support::tally opened;
        client.async_connect(url, [&](hh::error_code, sj::client_connection c) {
            connection = std::move(c);
            opened.add();
        });
        std::thread one([&] { context.run(); });
        std::thread two([&] { context.run(); });
        CHECK(opened.reaches(1));
        std::thread sender([&] {
            for (int i = 0; i < 500; ++i) connection.send("sender");
        });
        for (int i = 0; i < 500; ++i) connection.send("main");
        sender.join();
        CHECK(got.reaches(1'000));
        connection.close();
        CHECK(closed.reaches(1));
        one.join();
        two.join();
    }
}

TEST_CASE("SockJS over TLS: the server has to prove who it is, over every transport") {
    auto const tls = support::make_tls_contexts("IP:127.0.0.1");
    for (way const w : all_ways) {
        CAPTURE(name_of(w));
        auto o = only(w);
        o.tls = hh::http::tls_streams(tls.client);
        subject s(o);
        hh::registry hooks(s.context.get_executor());
        sj::server echo(s.context.get_executor(), support::service_options("/echo"));
        echo.on_connection(
            [](sj::connection c) { c.on_message([c](std::string_view m) mutable { c.send(m); }); });
        hh::http::options ho;
        ho.address = "127.0.0.1";
        auto web = hh::http::tls_server(s.context.get_executor(), tls.server, hooks, ho);
        web.mount(echo);
        web.listen();
        web.async_run(asio::detached);
        std::string const url = "https://127.0.0.1:" + std::to_string(web.port()) + "/echo";

        auto strange = only(w);
        strange.tls = hh::http::tls_streams();
        sj::client const stranger(s.context.get_executor(), strange);
        std::optional<hh::error_code> refused;
        sj::client(stranger).async_connect(
            url, [&](hh::error_code ec, sj::client_connection) { refused = ec; });
        REQUIRE(s.until([&] { return refused.has_value(); }));
        CHECK(refused->failed());

        REQUIRE_FALSE(s.connect(url));
        s.connection.send(std::string(200'000, 'x'));
        REQUIRE(s.logged(1));
        CHECK(s.log.front() == std::string(200'000, 'x'));
        s.connection.close();
        REQUIRE(s.logged(2));
        CHECK(s.log.back() == "close:1000:Normal closure");
        web.stop();
        s.context.restart();
        s.context.run_for(200ms);
    }
}
