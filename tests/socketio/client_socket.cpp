// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/client.hpp>
#include <httphooks/socketio/client_socket.hpp>
#include <httphooks/socketio/socket_error.hpp>

#include <nlohmann/json.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/socketio_client.hpp"
#include "support/socketio_service.hpp"

using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace hh = httphooks;
namespace eio = httphooks::engineio;
namespace sio = httphooks::socketio;
using list = std::vector<std::string>;
using support::scripted_socketio;
using support::socketio_service;
using support::socketio_subject;
using support::socketio_url;

namespace {

std::string const connected = "0{\"sid\":\"s\"}";

/// Echoes, to acknowledgements and as events.
void echo(sio::nsp n) {
    n.on_connection([](sio::socket k) {
        k.on("echo", [k](sio::arguments const& a, sio::acknowledgement ack) {
            if (ack)
                ack(a);
            else
                k.emit("echo", a);
        });
    });
}

}  // namespace

TEST_CASE(
    "a client's events are acknowledged, bytes too, over each transport and with each parser") {
    for (sio::parser const kind : {sio::parser::json, sio::parser::msgpack})
        for (auto const by : {eio::transport_kind::websocket, eio::transport_kind::polling}) {
            sio::options so;
            so.parser = kind;
            socketio_service service(so);
            echo(service.io().of("/"));
            auto o = support::eager();
            o.parser = kind;
            o.engine.transports = {by};
            socketio_subject s(o);
            REQUIRE_FALSE(s.connect(socketio_url(service.port())));
            CHECK(s.connection.connected());
            CHECK(s.connection.id().size() == 20);
            CHECK(s.connection.nsp() == "/");
            std::string const bytes("\0\x1e\xff", 3);
            nlohmann::json const mixed{{"b", nlohmann::json::binary({1, 2})},
                                       {"t", "\xf0\x9f\x98\x80"}};
            std::optional<nlohmann::json> answer;
            s.connection.emit("echo", 1, "two", sio::bytes{bytes}, mixed, nullptr,
                              [&](hh::error_code ec, int n, std::string const& t,
                                  sio::bytes const& b, nlohmann::json const& m) {
                                  CHECK_FALSE(ec);
                                  CHECK(n == 1);
                                  CHECK(t == "two");
                                  CHECK(b.data == bytes);
                                  answer = m;
                              });
            REQUIRE(s.until([&] { return answer.has_value(); }));
            CHECK(answer->at("t") == mixed["t"]);
            CHECK(sio::binary_text(answer->at("b")) == "\x01\x02");
            s.client.close();
            CHECK(s.until([&] { return !s.client.connection(); }));
        }
}

TEST_CASE("a client's handlers take arguments of their own types, and answer") {
    socketio_service service;
    service.io().on_connection([&](sio::socket k) {
        k.emit("add", 40, 2, [&](hh::error_code ec, int sum) {
            service.note(ec ? ec.message() : std::to_string(sum));
        });
        k.emit("later", sio::bytes{"\xff"}, [&](hh::error_code, sio::bytes const& b, int n) {
            service.note(b.data == "\xff" && n == 1 ? "bytes" : "no bytes");
        });
        k.emit("awaited", [&](hh::error_code, std::string const& t) { service.note(t); });
        k.emit("wrong", "text");
        k.emit(7, "seven");
    });
    socketio_subject s;
    auto const io = s.client.of("/");
    io.on("add", [](int a, int b) { return a + b; });
    io.on("later", [](sio::bytes const& b, sio::acknowledgement const& ack) {
        ack(b, b.data.size());
        ack("not again");
    });
    io.on("awaited", []() -> asio::awaitable<std::string> { co_return "from a coroutine"; });
    io.on("wrong", [](int) { FAIL("not a number"); });
    io.on(7, [&](std::string_view t) { s.log.push_back("seven:" + std::string(t)); });
    io.on_error([&](sio::socket_error const& e) {
        s.log.push_back(e.event + std::to_string(e.argument.value_or(9)));
        CHECK(e.code == sio::error::bad_argument);
    });
    REQUIRE_FALSE(s.connect(socketio_url(service.port())));
    REQUIRE(s.until([&] { return service.note_count() == 3; }));
    CHECK(service.next_note() == "42");
    CHECK(service.next_note() == "bytes");
    CHECK(service.next_note() == "from a coroutine");
    REQUIRE(s.logged(2));
    CHECK(s.log == list{"wrong0", "seven:seven"});
}

TEST_CASE("an event that a client does not handle is answered by it, or by itself") {
    auto o = support::eager();
    SECTION("the application") {}
    SECTION("itself") {
        o.answer_errors = true;
    }
    socketio_service service;
    service.io().on_connection([&](sio::socket k) {
        auto const note = [&service](hh::error_code ec, nlohmann::json const& answer) {
            service.note(ec ? ec.message() : answer.dump());
        };
        k.emit("wrong", "text", note);
        k.emit("await", note);
        k.emit("unknown", note);
        k.emit("throws", note);
    });
    socketio_subject s(o);
    auto const io = s.client.of("/");
    io.on("wrong", [](int a) { return a; });
    io.on("await", [](int a) -> asio::awaitable<int> { co_return a; });
    io.on("throws", []() -> int { throw std::runtime_error("secret"); });
    if (!o.answer_errors) io.on("unknown", [](sio::acknowledgement const& ack) { ack("known"); });
    io.on_error([&](sio::socket_error const& e) {
        s.log.push_back(e.event + ": " + e.code.message());
        if (!o.answer_errors) e.ack(e.message);
    });
    REQUIRE_FALSE(s.connect(support::socketio_url(service.port())));
    REQUIRE(s.until([&] { return service.note_count() == 4; }));
    auto const answer = [&](std::string message) {
        return o.answer_errors ? "{\"error\":\"" + message + "\"}" : "\"" + message + "\"";
    };
    CHECK(service.next_note() == answer("argument of the wrong kind"));
    CHECK(service.next_note() == answer("argument missing"));
    CHECK(service.next_note() ==
          (o.answer_errors ? answer("no handler for the event") : "\"known\""));
    CHECK(service.next_note() == answer("internal error"));
    CHECK(s.log == list{"wrong: argument of the wrong kind", "await: argument missing",
                        "throws: internal error"});
    REQUIRE(s.until([&] { return !io.connected(); }));
}

TEST_CASE("handlers of a client come and go") {
    socketio_subject s;
    scripted_socketio server(s.context, [](std::string const& m) {
        return m == "0" ? list{connected} : list{"2[\"e\",1]", "2[\"e\",2]", "2[\"end\"]"};
    });
    REQUIRE_FALSE(s.connect(server.url()));
    auto const note = [&](std::string const& what) {
        return [&s, what] { s.log.push_back(what); };
    };
    s.connection.once("e", note("once"));
    auto const gone = s.connection.on("e", note("gone"));
    s.connection.on("e", note("on"));
    s.connection.off(gone);
    auto const any = s.connection.on_any([&](std::string_view name, sio::arguments const& a) {
        s.log.push_back("any " + std::string(name) + a.to_json().dump());
    });
    CHECK(s.connection.listener_count("e") == 2);
    s.connection.emit("go");
    REQUIRE(s.until([&] { return !s.log.empty() && s.log.back() == "any end[]"; }));
    CHECK(s.log == list{"any e[1]", "once", "on", "any e[2]", "on", "any end[]"});
    s.log.clear();
    s.connection.off_any(any);
    s.connection.off("e");
    s.connection.on("end", note("end"));
    s.connection.emit("go");
    REQUIRE(s.logged(1));
    CHECK(s.log == list{"end"});
    CHECK_THROWS_AS(s.connection.emit("connect"), boost::system::system_error);
}

TEST_CASE(
    "an acknowledgement that does not come in time is an error, and one too late is nothing") {
    socketio_subject s;
    list late;
    scripted_socketio server(s.context, [&](std::string const& m) {
        if (m == "0") return list{connected};
        if (m == "2[\"late\"]") return list{"30[1]", "3[2]", "399[3]"};
        return list();
    });
    REQUIRE_FALSE(s.connect(server.url()));
    s.connection.timeout(1ms).emit("never", [&](hh::error_code ec, std::optional<int> n) {
        CHECK_FALSE(n);
        s.log.push_back(ec.message());
    });
    REQUIRE(s.logged(1));
    s.connection.emit("late");
    s.connection.timeout(10s).emit("more",
                                   [&](hh::error_code ec) { s.log.push_back(ec.message()); });
    REQUIRE(s.until([&] { return server.got.size() == 4; }));
    server.connection().send("31[\"surplus\"]");
    REQUIRE(s.logged(2));
    CHECK(s.log == list{"operation has timed out", "Success"});
    CHECK(server.got == list{"0", "20[\"never\"]", "2[\"late\"]", "21[\"more\"]"});
}

TEST_CASE("what a client awaits in a coroutine is the first argument of the acknowledgement") {
    socketio_service service;
    echo(service.io().of("/"));
    socketio_subject s;
    std::string const url = socketio_url(service.port());
    auto const run = [&]() -> asio::awaitable<void> {
        auto const io = co_await s.client.async_connect(url, asio::use_awaitable);
        auto const answer = co_await io.async_emit_with_ack("echo", "one", 2, asio::use_awaitable);
        s.log.push_back(answer.dump());
        try {
            auto const quick = io.timeout(1ms);
            co_await quick.async_emit_with_ack("unknown", asio::use_awaitable);
        } catch (boost::system::system_error const& e) {
            s.log.push_back(e.code().message());
        }
        io.disconnect();
        auto const gone = io.timeout(1ms);
        auto const [ec, none] =
            co_await gone.async_emit_with_ack("kept", asio::as_tuple(asio::use_awaitable));
        s.log.push_back(ec.message());
    };
    asio::co_spawn(s.context, run, asio::detached);
    REQUIRE(s.logged(3));
    CHECK(s.log == list{"\"one\"", "operation has timed out", "operation has timed out"});
}

TEST_CASE("events are kept until the client is connected, but for volatile ones") {
    socketio_subject s;
    scripted_socketio server(
        s.context, [](std::string const& m) { return m == "0" ? list{connected} : list(); });
    auto const io = s.client.of("/");
    io.emit("one", 1);
    io.volatile_().emit("dropped");
    io.volatile_().emit("dropped", [&](hh::error_code ec) {
        CHECK(ec == asio::error::would_block);
        s.log.push_back("dropped");
    });
    io.timeout(1ms).emit("too late", [&](hh::error_code ec) { s.log.push_back(ec.message()); });
    io.emit("two", [&](hh::error_code ec) { s.log.push_back(ec.message()); });
    REQUIRE(s.logged(2));
    REQUIRE_FALSE(s.connect(server.url()));
    io.emit("three");
    io.volatile_().emit("dropped");
    REQUIRE(s.until([&] { return server.got.size() == 4; }));
    CHECK(server.got == list{"0", "2[\"one\",1]", "21[\"two\"]", "2[\"three\"]"});
    REQUIRE(s.until([&] { return s.client.connection().buffered_amount() == 0; }));
    io.volatile_().emit("sent");
    REQUIRE(s.until([&] { return server.got.size() == 5; }));
    CHECK(server.got.back() == "2[\"sent\"]");
    io.disconnect();
    REQUIRE(s.logged(3));
    CHECK(s.log == list{"dropped", "operation has timed out", "socket has been disconnected"});
}

TEST_CASE("an event that is kept may have all the time there is") {
    socketio_service service;
    echo(service.io().of("/"));
    socketio_subject s;
    auto const io = s.client.of("/");
    io.timeout(std::chrono::milliseconds::max()).emit("echo", 7, [&](hh::error_code ec, int n) {
        s.log.push_back(ec.message() + ' ' + std::to_string(n));
    });
    io.timeout(1ms).emit("echo", 8, [&](hh::error_code ec) { s.log.push_back(ec.message()); });
    REQUIRE(s.logged(1));
    REQUIRE_FALSE(s.connect(socketio_url(service.port())));
    REQUIRE(s.logged(2));
    CHECK(s.log == list{"operation has timed out", "Success 7"});
}

TEST_CASE("no more is kept than the limit, and what is not is told of") {
    auto o = support::eager();
    o.buffer_limit = 100;
    socketio_subject s(o);
    auto const io = s.watched();
    std::string const large(60, 'x');
    io.emit("first", large);
    io.emit("second", large);
    io.emit("third", large, [&](hh::error_code ec) {
        CHECK(ec == asio::error::no_buffer_space);
        s.log.push_back("third");
    });
    CHECK(s.log.empty());
    REQUIRE(s.logged(2));
    CHECK(s.log.front().starts_with("error:second:"));
    CHECK(s.log.back() == "third");
    scripted_socketio server(
        s.context, [](std::string const& m) { return m == "0" ? list{connected} : list(); });
    REQUIRE_FALSE(s.connect(server.url()));
    REQUIRE(s.until([&] { return server.got.size() == 2; }));
    CHECK(server.got.back().starts_with("2[\"first\","));
}

TEST_CASE("what the server does not take at once waits, in order") {
    auto o = support::eager();
    o.engine.output_limit = 1'000;
    o.buffer_limit = 1'000'000;
    for (auto const by : {eio::transport_kind::websocket, eio::transport_kind::polling}) {
        o.engine.transports = {by};
        socketio_subject s(o);
        scripted_socketio server(
            s.context, [](std::string const& m) { return m == "0" ? list{connected} : list(); });
        REQUIRE_FALSE(s.connect(server.url()));
        std::string const filler(400, 'x');
        for (int i = 0; i < 100; ++i) s.connection.emit("e", i, filler);
        REQUIRE(s.until([&] { return server.got.size() == 101; }));
        for (int i = 0; i < 100; ++i)
            CHECK(server.got[static_cast<std::size_t>(i) + 1].starts_with("2[\"e\"," +
                                                                          std::to_string(i) + ","));
        s.client.close();
        CHECK(s.until([&] { return !server.connection().is_open(); }));
    }
}

TEST_CASE("what was sent before a client leaves is there before it, however much it is") {
    bool const whole = GENERATE(false, true);
    auto const by = GENERATE(eio::transport_kind::websocket, eio::transport_kind::polling);
    CAPTURE(whole);
    socketio_service service;
    service.io().on_connection([&](sio::socket k) {
        k.on("e", [&](int n, std::string const& text) {
            service.note(std::to_string(n) + ' ' + std::to_string(text.size()));
        });
        k.on_disconnect([&](sio::disconnect_reason why) { service.note(to_string(why)); });
    });
    auto o = support::eager();
    o.engine.transports = {by};
    socketio_subject s(o);
    REQUIRE_FALSE(s.connect(socketio_url(service.port())));
    for (auto const& [n, size] : {std::pair(1, 600'000), {2, 600'000}, {3, 300'000}})
        s.connection.emit("e", n, std::string(static_cast<std::size_t>(size), 'x'));
    REQUIRE(s.client.connection().buffered_amount() < o.engine.output_limit);
    if (whole)
        s.client.close();
    else
        s.connection.disconnect();
    REQUIRE(s.until([&] { return service.note_count() >= 4; }));
    for (char const* const expected :
         {"1 600000", "2 600000", "3 300000", "client namespace disconnect"})
        CHECK(service.next_note() == expected);
}

TEST_CASE("a client answers for the connection that was asked on, not for a later one") {
    socketio_subject s;
    scripted_socketio server(s.context, [](std::string const& m) {
        return m == "0" ? list{connected, "25[\"ask\"]"} : list();
    });
    std::vector<sio::acknowledgement> asked;
    auto const io = s.client.of("/");
    io.on("ask", [&](sio::acknowledgement const& ack) { asked.push_back(ack); });
    REQUIRE_FALSE(s.connect(server.url()));
    REQUIRE(s.until([&] { return asked.size() == 1; }));
    server.connection().close();
    REQUIRE(s.until([&] { return asked.size() == 2; }));
    asked[0]("old");
    asked[1]("new");
    REQUIRE(s.until([&] { return server.got.size() == 3; }));
    CHECK(server.got == list{"0", "0", "35[\"new\"]"});
}

TEST_CASE("a handler of a client that throws ends the connection for good") {
    socketio_subject s;
    scripted_socketio server(s.context, [](std::string const& m) {
        return m == "0" ? list{connected, "2[\"e\",1]", "2[\"e\",2]"} : list{"30[]"};
    });
    auto const io = s.watched();
    SECTION("an event's") {
        io.on("e", [](int) { throw std::runtime_error("handler"); });
    }
    SECTION("a coroutine") {
        io.on("e", [](int) -> asio::awaitable<void> {
            throw std::runtime_error("handler");
            co_return;
        });
    }
    SECTION("on_connect") {
        io.on_connect([] { throw std::runtime_error("handler"); });
    }
    SECTION("an acknowledgement's") {
        io.on_connect(
            [io] { io.emit("x", [](hh::error_code) { throw std::runtime_error("handler"); }); });
    }
    REQUIRE_FALSE(s.connect(server.url()));
    REQUIRE(s.until([&] { return !s.client.connection(); }));
    s.settle();
    CHECK(std::ranges::count(s.log, "disconnect:io client disconnect") == 1);
    CHECK_FALSE(io.connected());
}

TEST_CASE("a handle is safe when its client has gone") {
    asio::io_context context;
    std::optional<sio::client> client(context.get_executor());
    auto const io = client->of("x");
    CHECK(io);
    CHECK(io == client->of("/x"));
    CHECK_FALSE(io == client->of("/y"));
    client.reset();
    CHECK_FALSE(io);
    CHECK_FALSE(io.connected());
    CHECK_FALSE(io.recovered());
    CHECK(io.id().empty());
    CHECK(io.nsp().empty());
    io.on("e", [] {});
    io.on_any([](std::string_view, sio::arguments const&) {});
    io.off("e");
    io.connect();
    io.disconnect();
    io.emit("e");
    hh::error_code result;
    io.emit("e", [&](hh::error_code ec) { result = ec; });
    context.run();
    CHECK(result == sio::error::disconnected);
}
