// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/engineio/client.hpp>
#include <httphooks/engineio/detail/client_handshake.hpp>
#include <httphooks/http/absolute_url.hpp>
#include <httphooks/http/tls.hpp>
#include <httphooks/http/tls_client.hpp>
#include <httphooks/websocket/server.hpp>
#include <httphooks/websocket/zlib_deflate.hpp>

#include "support/catch.hpp"
#include "support/client_subject.hpp"
#include "support/engineio_service.hpp"
#include "support/scripted_server.hpp"
#include "support/tls_contexts.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
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
namespace eio = httphooks::engineio;
using namespace std::chrono_literals;
using list = std::vector<std::string>;
using way = eio::transport_kind;
using support::asks;
using support::engineio_service;
using support::ok;
using support::scripted;
using support::scripted_server;

namespace {

/// A client on a context of its own, that notes what it is told.
struct subject : support::client_subject<eio::client, eio::client_connection> {
    explicit subject(eio::client_options o = {}) : client_subject(std::move(o)) {
        client.on_message([this](eio::client_connection& c, std::string_view m, bool binary) {
            log.push_back((binary ? "bytes:" : "") + std::string(m));
            if (on_message) on_message(c, m);
        });
        client.on_close([this](eio::client_connection&, eio::close_reason why) {
            log.push_back("close:" + std::string(to_string(why)));
        });
        client.on_upgrade([this](eio::client_connection& c) {
            upgrades += c.transport() == way::websocket ? 1 : 100;
        });
        client.on_drain([this](eio::client_connection&) { ++drains; });
    }

    int upgrades = 0;
    int drains = 0;
    std::function<void(eio::client_connection&, std::string_view)> on_message{};
};

std::string url_of(std::uint16_t port, std::string_view path = "/engine.io/") {
    return "http://127.0.0.1:" + std::to_string(port) + std::string(path);
}

eio::client_options ways(std::vector<way> w) {
    eio::client_options o;
    o.transports = std::move(w);
    return o;
}

constexpr way all_ways[] = {way::websocket, way::polling};
std::string const not_found = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";

/// The packet "open" of a scripted server.
std::string open_packet(std::string_view more = "\"maxPayload\":1000", int interval = 25'000,
                        int timeout = 20'000) {
    return "0{\"sid\":\"s\",\"upgrades\":[\"websocket\"],\"pingInterval\":" +
           std::to_string(interval) + ",\"pingTimeout\":" + std::to_string(timeout) + "," +
           std::string(more) + "}";
}

/// A WebSocket server below /engine.io for clients of a context, that sends what a test wants.
class scripted_websocket {
public:
    /// @param answer gives what is sent back for a message, and for "" when a client has come
    scripted_websocket(asio::io_context& context,
                       std::function<list(std::string const& message)> answer)
        : hooks_(context.get_executor()),
          web_(context.get_executor(), hooks_, options()),
          sockets_(context.get_executor(), {.path = "/engine.io"}) {
        sockets_.on_open([answer](hh::websocket::connection& c, hh::request const&) {
            for (auto const& m : answer("")) c.send(m);
        });
        sockets_.on_message(
            [answer](hh::websocket::connection& c, hh::websocket::message const& m) {
                for (auto const& a : answer(std::string(m.data))) c.send(a);
            });
        web_.mount(any_path{sockets_});
        web_.listen();
        web_.async_run(asio::detached);
    }
    ~scripted_websocket() { web_.stop(); }

    std::string url() const { return url_of(web_.port()); }

private:
    struct any_path {
        hh::websocket::server inner;

        std::string_view prefix() const noexcept { return inner.prefix(); }
        void async_serve(hh::http::connection c, hh::request r, hh::http::mount_handler done) {
            r.target("/engine.io");
            inner.async_serve(std::move(c), std::move(r), std::move(done));
        }
    };

    static hh::http::options options() {
        hh::http::options o;
        o.address = "127.0.0.1";
        return o;
    }

    hh::registry hooks_;
    hh::http::server web_;
    hh::websocket::server sockets_;
};

}  // namespace

TEST_CASE("An Engine.IO client talks to a server over each transport") {
    engineio_service service;
    auto const by = GENERATE(way::websocket, way::polling);
    subject s(ways({by}));
    REQUIRE_FALSE(s.connect(url_of(service.port())));
    CHECK(s.connection.is_open());
    CHECK(s.connection.transport() == by);
    CHECK(s.connection.id().size() == 20);
    std::string const bytes("\0\x1e\xff", 3);
    CHECK(s.connection.send("one"));
    CHECK(s.connection.send_binary(bytes));
    CHECK(s.connection.send("\xe6\x97\xa5\xf0\x9f\x98\x80"));
    REQUIRE(s.logged(3));
    CHECK(s.log == list{"one", "bytes:" + bytes, "\xe6\x97\xa5\xf0\x9f\x98\x80"});
    CHECK(s.until([&] { return s.drains > 0 && s.connection.buffered_amount() == 0; }));
    s.connection.send("last");
    s.connection.close();
    CHECK_FALSE(s.connection.is_open());
    CHECK_FALSE(s.connection.send("too late"));
    REQUIRE(s.logged(4));
    CHECK(s.log.back() == "close:forced close");
    CHECK(s.until([&] { return service.server().size() == 0; }));
    CHECK(service.next_note() == "transport close");
}

TEST_CASE("An Engine.IO client that polls goes over to a WebSocket") {
    engineio_service service;
    subject s(ways({way::polling, way::websocket}));
    REQUIRE_FALSE(s.connect(url_of(service.port())));
    CHECK(s.connection.transport() == way::polling);
    list expected;
    // sent before, while and after the transport changes
    int n = 0;
    auto const send = [&] {
        expected.push_back(std::to_string(n++));
        s.connection.send(expected.back());
    };
    send();
    s.on_message = [&](eio::client_connection&, std::string_view) {
        if (n < 200) send();
    };
    REQUIRE(s.until([&] { return s.upgrades != 0; }));
    CHECK(s.upgrades == 1);
    CHECK(s.connection.transport() == way::websocket);
    REQUIRE(s.logged(200));
    CHECK(s.log == expected);
    CHECK(service.server().connections().at(0).transport() == way::websocket);
}

TEST_CASE("The packet open is read, and refused when it is not of its shape") {
    using eio::detail::read_handshake;
    auto const shake = read_handshake(
        R"({"sid":"a-b_c","upgrades":["websocket"],"pingInterval":1,"pingTimeout":2,"maxPayload":3,"x":{}})");
    REQUIRE(shake);
    CHECK(shake->sid == "a-b_c");
    CHECK(shake->websocket);
    CHECK(shake->ping_interval == 1ms);
    CHECK(shake->ping_timeout == 2ms);
    CHECK(shake->max_payload == 3);
    auto const least =
        read_handshake(R"({"sid":"a","upgrades":[],"pingInterval":1,"pingTimeout":2})");
    REQUIRE(least);
    CHECK_FALSE(least->websocket);
    CHECK(least->max_payload == 0);
    for (auto const* text :
         {"", "{}", "[]", "null", R"({"sid":"","pingInterval":1,"pingTimeout":2})",
          R"({"sid":1,"pingInterval":1,"pingTimeout":2})",
          R"({"sid":"a\u0000","pingInterval":1,"pingTimeout":2})",
          R"({"sid":"a","pingInterval":-1,"pingTimeout":2})",
          R"({"sid":"a","pingInterval":"1","pingTimeout":2})",
          R"({"sid":"a","pingInterval":1.5,"pingTimeout":2})",
          R"({"sid":"a","pingInterval":1e99,"pingTimeout":2})",
          R"({"sid":"a","pingInterval":99999999999,"pingTimeout":2})",
          R"({"sid":"a","pingInterval":1})", R"({"sid":"a","pingInterval":1,"pingTimeout":2)",
          R"({"sid":"a","pingInterval":1,"pingTimeout":2}})",
          R"({"sid":"a","upgrades":1,"pingInterval":1,"pingTimeout":2})",
          "{\"sid\":\"\xff\",\"pingInterval\":1,\"pingTimeout\":2}"}) {
        CAPTURE(text);
        CHECK_FALSE(read_handshake(text));
    }
    CHECK_FALSE(read_handshake("{\"sid\":\"" + std::string(257, 'x') +
                               "\",\"pingInterval\":1,\"pingTimeout\":2}"));
}

TEST_CASE("The URL of a transport keeps path and query, and has the protocol's parameters") {
    auto const target = [](std::string const& text, std::string_view sid = {}) {
        auto const url = hh::http::absolute_url::parse(text);
        return eio::detail::transport_url(*url, way::polling, sid).target;
    };
    CHECK(target("http://x") == "/engine.io/?EIO=4&transport=polling");
    CHECK(target("http://x/") == "/engine.io/?EIO=4&transport=polling");
    CHECK(target("http://x/a") == "/a/?EIO=4&transport=polling");
    CHECK(target("http://x/a/?") == "/a/?EIO=4&transport=polling");
    CHECK(target("http://x/a?b=c", "d&e") == "/a/?b=c&EIO=4&transport=polling&sid=d%26e");
}

TEST_CASE("Messages of an Engine.IO client stay in order and come whole, many and large") {
    eio::options roomy;
    roomy.queue_packets = 3'000;
    engineio_service service(roomy);
    for (auto const& w :
         {ways({way::websocket}), ways({way::polling}), ways({way::polling, way::websocket})}) {
        eio::client_options o = w;
        o.output_limit = 16 * 1024 * 1024;
        subject s(o);
        REQUIRE_FALSE(s.connect(url_of(service.port())));
        list expected;
        for (int i = 0; i < 3'000; ++i) {
            expected.push_back(std::to_string(i) + std::string(i % 100 == 0 ? 30'000u : 10u, '.'));
            REQUIRE(s.connection.send(expected.back()));
            if (i % 300 == 0) s.context.poll();
        }
        REQUIRE(s.logged(expected.size()));
        CHECK(s.log == expected);
    }
}

TEST_CASE("What was sent before close() reaches the Engine.IO server") {
    engineio_service service;
    for (auto const& w :
         {ways({way::websocket}), ways({way::polling}), ways({way::polling, way::websocket})}) {
        support::engineio_service counting;
        std::atomic<int> got{0};
        counting.on_connection(
            [&](eio::connection c) { c.on_message([&](std::string_view) { ++got; }); });
        subject s(w);
        REQUIRE_FALSE(s.connect(url_of(counting.port())));
        for (int i = 0; i < 10; ++i) s.connection.send(std::string(50'000, 'x'));
        s.connection.close();
        REQUIRE(s.logged(1));
        CHECK(s.log == list{"close:forced close"});
        CHECK(s.until([&] { return got == 10 && counting.server().size() == 0; }));
        CHECK(counting.next_note() == "transport close");
    }
}

TEST_CASE("The last messages of an Engine.IO client are taken however much waits") {
    for (auto const by : {way::websocket, way::polling}) {
        support::engineio_service counting;
        std::atomic<int> got{0};
        counting.on_connection([&](eio::connection c) {
            c.on_message([&](std::string_view m) { got += m.starts_with('x') ? 1 : 100; });
        });
        auto o = ways({by});
        o.output_limit = 60'000;
        subject s(o);
        REQUIRE_FALSE(s.connect(url_of(counting.port())));
        std::string const large(50'000, 'x');
        CHECK(s.connection.send(large));
        CHECK_FALSE(s.connection.send(large));
        s.connection.close(
            {{eio::packet_type::message, false, large}, {eio::packet_type::message, false, "end"}});
        s.connection.close({{eio::packet_type::message, false, "too late"}});
        REQUIRE(s.logged(1));
        CHECK(s.until([&] { return counting.server().size() == 0; }));
        CHECK(got == 102);
    }
    eio::client_connection().close({});
}

TEST_CASE("The maximum payload of the server splits what a client posts") {
    subject s(ways({way::polling}));
    list bodies;
    bool opened = false;
    scripted_server const server(s.context, [&](std::string const& r) -> scripted {
        if (!r.starts_with("POST "))
            return {std::exchange(opened, true) ? "" : ok(open_packet("\"maxPayload\":12"))};
        bodies.push_back(r.substr(r.find("\r\n\r\n") + 4));
        return {ok("ok")};
    });
    REQUIRE_FALSE(s.connect(server.url()));
    std::string const large(30, 'x');
    for (std::string_view const m : {"1234", "5678", "9", large.c_str(), "y"}) s.connection.send(m);
    s.connection.send_binary("abcdef");
    s.connection.send("z");
    REQUIRE(s.until([&] { return s.connection.buffered_amount() == 0; }));
    CHECK(bodies == list{"41234\x1e"
                         "45678",
                         "49", "4" + large,
                         "4y\x1e"
                         "bYWJjZGVm",
                         "4z"});
}

TEST_CASE("Messages that are sent together stay together") {
    engineio_service service;
    subject s(ways({way::websocket}));
    REQUIRE_FALSE(s.connect(url_of(service.port())));
    std::vector<eio::packet> two{{eio::packet_type::message, false, "head"},
                                 {eio::packet_type::message, true, "tail"}};
    CHECK(s.connection.send(two));
    s.connection.send("next");
    REQUIRE(s.logged(3));
    CHECK(s.log == list{"head", "bytes:tail", "next"});
}

TEST_CASE("A client answers pings, and lives") {
    eio::options o;
    o.ping_interval = 50ms;
    o.ping_timeout = 2'000ms;
    engineio_service service(o);
    for (auto const& w :
         {ways({way::websocket}), ways({way::polling}), ways({way::polling, way::websocket})}) {
        subject s(w);
        REQUIRE_FALSE(s.connect(url_of(service.port())));
        auto const end = std::chrono::steady_clock::now() + 500ms;
        s.until([&] { return std::chrono::steady_clock::now() > end; });
        CHECK(s.connection.is_open());
        CHECK(s.log.empty());
    }
}

TEST_CASE("However many pings come, one pong of a client waits for a server that takes none") {
    subject s(ways({way::polling}));
    int asked = 0;
    scripted_server server(s.context, [&asked](std::string const& request) -> scripted {
        if (!request.starts_with("GET")) return {};
        if (++asked == 1) return {ok(open_packet())};
        if (asked > 2) return {};
        std::string pings;
        for (int i = 0; i < 100'000; ++i) pings += "2abc\x1e";
        return {ok(pings + "4last")};
    });
    REQUIRE_FALSE(s.connect(server.url()));
    REQUIRE(s.logged(1));
    CHECK(s.log == list{"last"});
    CHECK(s.connection.buffered_amount() == 8);
    CHECK(s.connection.send("x"));
}

TEST_CASE("A client that gets no ping in time closes with ping timeout") {
    for (way const w : all_ways) {
        subject s(ways({w}));
        std::string const open = open_packet("\"maxPayload\":1000", 30, 20);
        std::optional<scripted_websocket> sockets;
        std::optional<scripted_server> polls;
        bool opened = false;
        if (w == way::websocket)
            sockets.emplace(s.context,
                            [&](std::string const& m) { return m.empty() ? list{open} : list{}; });
        else
            polls.emplace(s.context, [&](std::string const&) -> scripted {
                return {std::exchange(opened, true) ? "" : ok(open)};
            });
        REQUIRE_FALSE(s.connect(sockets ? sockets->url() : polls->url()));
        REQUIRE(s.logged(1));
        CHECK(s.log == list{"close:ping timeout"});
        CHECK_FALSE(s.connection.send("x"));
    }
}

TEST_CASE("Polling is the fall-back where there is no WebSocket, and the other way round") {
    eio::options without;
    without.websocket = false;
    engineio_service polling(without);
    subject s;
    REQUIRE_FALSE(s.connect(url_of(polling.port())));
    CHECK(s.connection.transport() == way::polling);
    subject none(ways({way::websocket}));
    CHECK(none.connect(url_of(polling.port())).failed());

    eio::options only;
    only.polling = false;
    engineio_service sockets(only);
    subject t(ways({way::polling, way::websocket}));
    REQUIRE_FALSE(t.connect(url_of(sockets.port())));
    CHECK(t.connection.transport() == way::websocket);
    CHECK(subject(ways({way::polling})).connect(url_of(sockets.port())) == eio::error::refused);
}

TEST_CASE("A client does not go over to a WebSocket when it is told not to, or cannot") {
    eio::options o;
    o.allow_upgrades = false;
    engineio_service service(o);
    auto no_upgrade = ways({way::polling, way::websocket});
    no_upgrade.upgrade = false;
    engineio_service other;
    for (int i = 0; i < 2; ++i) {
        subject s(i == 0 ? ways({way::polling, way::websocket}) : no_upgrade);
        REQUIRE_FALSE(s.connect(url_of((i == 0 ? service : other).port())));
        s.connection.send("x");
        REQUIRE(s.logged(1));
        CHECK(s.connection.transport() == way::polling);
    }
}

TEST_CASE("An upgrade that fails leaves the client polling") {
    std::string const accepted =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
        "Upgrade\r\nSec-WebSocket-Accept: nonsense\r\n\r\n";
    for (scripted const& socket : {scripted{not_found}, scripted{accepted}, scripted{"", true},
                                   scripted{"nonsense\r\n\r\n"}, scripted{""}}) {
        auto o = ways({way::polling, way::websocket});
        o.open_timeout = 1s;
        subject s(o);
        list polls{ok(open_packet())};
        scripted_server const server(s.context, [&](std::string const& r) -> scripted {
            if (asks(r, "transport=websocket&sid=s")) return socket;
            if (r.starts_with("POST ")) {
                polls.insert(polls.end(), {ok("6"), ok("4back")});
                return {ok("ok")};
            }
            if (polls.empty()) return {ok("6")};
            std::string const next = polls.front();
            polls.erase(polls.begin());
            return {next};
        });
        REQUIRE_FALSE(s.connect(server.url()));
        s.connection.send("x");
        REQUIRE(s.logged(1));
        CHECK(s.log == list{"back"});
        CHECK(s.connection.transport() == way::polling);
    }
}

TEST_CASE("A WebSocket that answers the probe with something else is dropped") {
    // the server holds an upgrade up for longer than the client does
    eio::options o;
    o.upgrade_poll_interval = 10'000ms;
    engineio_service service(o);
    auto c = ways({way::polling, way::websocket});
    c.open_timeout = 300ms;
    subject s(c);
    REQUIRE_FALSE(s.connect(url_of(service.port())));
    s.connection.send("x");
    REQUIRE(s.logged(1));
    CHECK(s.connection.is_open());
    CHECK(s.until([&] { return s.connection.buffered_amount() == 0; }));
    s.connection.send("y");
    REQUIRE(s.logged(2));
    CHECK(s.log == list{"x", "y"});
}

TEST_CASE("What is no Engine.IO server is an error of the client") {
    auto const answered = [](std::string const& text, bool end = false) {
        subject s(ways({way::polling}));
        scripted_server const server(s.context, [&](std::string const&) -> scripted {
            return {text, end};
        });
        return s.connect(server.url());
    };
    auto const bad = eio::make_error_code(eio::error::bad_handshake);
    CHECK(answered(not_found) == bad);
    CHECK(answered("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n") == eio::error::refused);
    CHECK(answered("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n") == eio::error::refused);
    CHECK(answered(ok("0{}")) == bad);
    CHECK(answered(ok("4message")) == bad);
    CHECK(answered(ok("0")) == bad);
    CHECK(answered(ok("x")) == eio::error::unknown_type);
    CHECK(answered(ok("")) == eio::error::empty);
    CHECK(answered("", true).failed());
    CHECK(answered("HELLO\r\n\r\n", true).failed());
    subject s(ways({way::websocket}));
    scripted_websocket const sockets(s.context, [](std::string const&) { return list{"4x"}; });
    CHECK(s.connect(sockets.url()) == bad);
}

TEST_CASE("A URL that is none, https without TLS, nobody there, no transport: errors") {
    subject s;
    CHECK(s.connect("") == hh::error::invalid_target);
    CHECK(s.connect("ftp://x/") == hh::error::invalid_target);
    CHECK(s.connect("https://127.0.0.1/") == asio::error::operation_not_supported);
    CHECK(s.connect("ws://127.0.0.1:1/") == asio::error::connection_refused);
    CHECK(subject(ways({})).connect("http://127.0.0.1:1/") == eio::error::no_transport);
}

TEST_CASE("A server that stays silent is given up by the Engine.IO client") {
    eio::client_options o;
    o.open_timeout = 500ms;
    subject s(o);
    scripted_server const server(s.context, [](std::string const&) -> scripted { return {}; });
    CHECK(s.connect(server.url()) == asio::error::timed_out);
    CHECK(server.asked("transport=websocket") == 1);
    CHECK(server.asked("transport=polling") == 1);
    CHECK(s.log.empty());
}

TEST_CASE("A server's message in the payload of open comes behind the completion") {
    eio::options o;
    o.initial_packet = "first";
    engineio_service service(o);
    for (way const w : all_ways) {
        subject s(ways({w}));
        bool before = false;
        s.client.async_connect(url_of(service.port()), [&](hh::error_code, eio::client_connection) {
            before = s.log.empty();
        });
        REQUIRE(s.logged(1));
        CHECK(before);
        CHECK(s.log == list{"first"});
    }
}

TEST_CASE("A client is told when the server closes, or goes away") {
    for (way const w : all_ways) {
        subject s(ways({w}));
        {
            engineio_service service;
            service.on_connection([](eio::connection c) {
                c.on_message([c](std::string_view) mutable {
                    c.send("bye");
                    c.close();
                });
            });
            REQUIRE_FALSE(s.connect(url_of(service.port())));
            s.connection.send("x");
            REQUIRE(s.logged(2));
            CHECK(s.log == list{"bye", "close:transport close"});
            s.log.clear();
            REQUIRE_FALSE(s.connect(url_of(service.port())));
        }
        REQUIRE(s.logged(1));
        CHECK(s.log.front().starts_with("close:transport "));
    }
}

TEST_CASE("What a server breaks ends the client's connection") {
    auto const polled = [](std::string const& second) {
        subject s(ways({way::polling}));
        bool opened = false;
        scripted_server const server(s.context, [&](std::string const&) -> scripted {
            return {std::exchange(opened, true) ? second : ok(open_packet())};
        });
        REQUIRE_FALSE(s.connect(server.url()));
        s.logged(1);
        return s.log.empty() ? std::string() : s.log.front();
    };
    CHECK(polled(ok("4one\x1e?")) == "one");
    CHECK(polled(ok("?")) == "close:parse error");
    std::string many = "4many";
    for (int i = 0; i < 3'000; ++i)
        many +=
            "\x1e"
            "4more";
    CHECK(polled(ok(many)) == "many");
    CHECK(polled(ok("b###")) == "close:parse error");
    CHECK(polled(ok("4\xff")) == "close:parse error");
    CHECK(polled(ok("1")) == "close:transport close");
    CHECK(polled(not_found) == "close:transport error");
    CHECK(polled(ok("6")) == "close:transport error");
    auto const sent = [](std::string const& second) {
        auto o = ways({way::websocket});
        o.payload_limit = 1'000;
        subject s(o);
        scripted_websocket const server(s.context, [&](std::string const& m) {
            return m.empty() ? list{open_packet(), second} : list{};
        });
        REQUIRE_FALSE(s.connect(server.url()));
        s.logged(1);
        return s.log.empty() ? std::string() : s.log.front();
    };
    CHECK(sent("4one") == "one");
    CHECK(sent("6") == "");
    CHECK(sent("9") == "close:parse error");
    CHECK(sent("1") == "close:transport close");
    CHECK(sent("4" + std::string(2'000, 'x')) == "close:transport error");
}

TEST_CASE("What exceeds the output limit of an Engine.IO client is not taken") {
    auto o = ways({way::polling});
    o.output_limit = 1'000;
    subject s(o);
    bool opened = false;
    scripted_server const server(s.context, [&](std::string const&) -> scripted {
        return {std::exchange(opened, true) ? "" : ok(open_packet())};
    });
    CHECK_FALSE(s.connection.send("none"));
    REQUIRE_FALSE(s.connect(server.url()));
    CHECK(s.connection.send(std::string(5'000, 'x')));
    CHECK_FALSE(s.connection.send("more"));
    REQUIRE(s.until([&] { return server.asked("&sid=s") == 2; }));
    CHECK_FALSE(s.connection.send("more"));
    CHECK(s.connection.buffered_amount() == 5'001);
}

TEST_CASE("Engine.IO messages are compressed over a WebSocket when both sides are told to") {
    eio::options so;
    so.per_message_deflate = hh::websocket::zlib_deflate();
    engineio_service service(std::move(so));
    service.on_connection([](eio::connection c) {
        auto const offer = (*c.handshake().message)["Sec-WebSocket-Extensions"];
        c.send(std::string(offer.data(), offer.size()));
        c.on_message([c](std::string_view m, bool) mutable { c.send(m); });
    });
    auto o = ways({way::websocket});
    o.per_message_deflate = hh::websocket::zlib_deflate();
    subject s(o);
    REQUIRE_FALSE(s.connect(url_of(service.port())));
    std::string const large(5'000, 'x');
    s.connection.send(large);
    REQUIRE(s.logged(2));
    CHECK(s.log[0].starts_with("permessage-deflate"));
    CHECK(s.log[1] == large);
}

TEST_CASE("Header fields and query of the client reach the server") {
    engineio_service service;
    service.on_connection([](eio::connection c) {
        auto const& r = *c.handshake().message;
        auto const token = r["Authorization"];
        auto const target = r.target();
        c.send(std::string(token.data(), token.size()));
        c.send(std::string(target.data(), target.size()));
    });
    for (way const w : all_ways) {
        auto o = ways({w});
        o.headers.set("Authorization", "secret");
        subject s(o);
        REQUIRE_FALSE(s.connect(url_of(service.port(), "/engine.io?user=me")));
        REQUIRE(s.logged(2));
        CHECK(s.log[0] == "secret");
        CHECK(s.log[1] == "/engine.io/?user=me&EIO=4&transport=" + std::string(to_string(w)));
    }
}

TEST_CASE("An attempt of an Engine.IO client can be cancelled") {
    for (way const w : all_ways) {
        subject s(ways({w}));
        asio::cancellation_signal stop;
        bool reached = false;
        scripted_server const server(s.context, [&](std::string const&) -> scripted {
            reached = true;
            return {};
        });
        std::optional<hh::error_code> result;
        s.client.async_connect(server.url(),
                               asio::bind_cancellation_slot(
                                   stop.slot(), [&](hh::error_code ec, eio::client_connection c) {
                                       result = ec;
                                       CHECK_FALSE(c);
                                   }));
        REQUIRE(s.until([&] { return reached; }));
        stop.emit(asio::cancellation_type::terminal);
        REQUIRE(s.until([&] { return result.has_value(); }));
        CHECK(*result == asio::error::operation_aborted);
    }
}

TEST_CASE("A context may be destroyed with Engine.IO clients in flight") {
    engineio_service service;
    for (auto const& w :
         {ways({way::websocket}), ways({way::polling}), ways({way::polling, way::websocket})}) {
        subject s(w);
        REQUIRE_FALSE(s.connect(url_of(service.port())));
        for (int i = 0; i < 10; ++i) s.connection.send(std::string(100'000, 'x'));
        s.context.poll();
        s.connection = {};
        s.client.async_connect(url_of(service.port()), asio::detached);
        s.until([&] { return !s.log.empty(); });
        s.client.async_connect(url_of(service.port()), asio::detached);
        s.context.poll_one();
    }
}

TEST_CASE("A handler that throws ends the Engine.IO client's connection") {
    engineio_service service;
    for (way const w : all_ways) {
        subject s(ways({w}));
        s.on_message = [](eio::client_connection&, std::string_view) {
            throw std::runtime_error("handler");
        };
        REQUIRE_FALSE(s.connect(url_of(service.port())));
        s.connection.send("1");
        s.connection.send("2");
        REQUIRE(s.logged(2));
        CHECK(s.log == list{"1", "close:forced close"});
    }
}

TEST_CASE("An Engine.IO connection is awaited in a coroutine, and may be closed there") {
    engineio_service service;
    subject s(ways({way::polling, way::websocket}));
    std::string const url = url_of(service.port());
    auto const run = [&]() -> asio::awaitable<void> {
        auto const c = co_await s.client.async_connect(url, asio::use_awaitable);
        c.send("from a coroutine");
        c.close();
    };
    asio::co_spawn(s.context, run, asio::detached);
    REQUIRE(s.logged(1));
    CHECK(s.log == list{"close:forced close"});
    CHECK(s.until([&] { return service.server().size() == 0; }));
}

TEST_CASE("Engine.IO clients send from several threads") {
    engineio_service service({}, 2);
    for (auto const& w : {ways({way::websocket}), ways({way::polling, way::websocket})}) {
        asio::io_context context{2};
        eio::client client(asio::make_strand(context), w);
        std::atomic<int> got{0};
        client.on_message([&](eio::client_connection& c, std::string_view) {
            if (++got == 1'000) c.close();
        });
        std::promise<eio::client_connection> opened;
        client.async_connect(url_of(service.port()), [&](hh::error_code, eio::client_connection c) {
            opened.set_value(std::move(c));
        });
        std::thread one([&] { context.run(); });
        std::thread two([&] { context.run(); });
        auto const connection = opened.get_future().get();
        std::thread sender([&] {
            for (int i = 0; i < 500; ++i) connection.send("sender");
        });
        for (int i = 0; i < 500; ++i) connection.send("main");
        sender.join();
        one.join();
        two.join();
        CHECK(got == 1'000);
    }
}

TEST_CASE("Engine.IO over TLS: the server has to prove who it is, over each transport") {
    auto const tls = support::make_tls_contexts("IP:127.0.0.1");
    for (auto o :
         {ways({way::websocket}), ways({way::polling}), ways({way::polling, way::websocket})}) {
        o.tls = hh::http::tls_streams(tls.client);
        subject s(o);
        hh::registry hooks(s.context.get_executor());
        eio::server echo(s.context.get_executor());
        echo.on_connection([](eio::connection c) {
            c.on_message([c](std::string_view m) mutable { c.send(m); });
        });
        hh::http::options ho;
        ho.address = "127.0.0.1";
        auto web = hh::http::tls_server(s.context.get_executor(), tls.server, hooks, ho);
        web.mount(echo);
        web.listen();
        web.async_run(asio::detached);
        std::string const url = "https://127.0.0.1:" + std::to_string(web.port()) + "/engine.io/";

        o.tls = hh::http::tls_streams();
        eio::client stranger(s.context.get_executor(), o);
        std::optional<hh::error_code> refused;
        stranger.async_connect(url,
                               [&](hh::error_code ec, eio::client_connection) { refused = ec; });
        REQUIRE(s.until([&] { return refused.has_value(); }));
        CHECK(refused->failed());

        REQUIRE_FALSE(s.connect(url));
        s.connection.send(std::string(200'000, 'x'));
        REQUIRE(s.logged(1));
        CHECK(s.log.front() == std::string(200'000, 'x'));
        s.connection.close();
        REQUIRE(s.logged(2));
        CHECK(s.log.back() == "close:forced close");
        CHECK(s.until([&] { return echo.size() == 0; }));
        web.stop();
        s.context.restart();
        s.context.run_for(100ms);
    }
}
