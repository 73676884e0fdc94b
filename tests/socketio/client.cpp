// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/http/tls.hpp>
#include <httphooks/http/tls_client.hpp>
#include <httphooks/socketio/client.hpp>
#include <httphooks/socketio/middleware.hpp>

#include <nlohmann/json.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/scripted_server.hpp"
#include "support/socketio_client.hpp"
#include "support/socketio_service.hpp"
#include "support/tls_contexts.hpp"

using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace hh = httphooks;
namespace eio = httphooks::engineio;
namespace sio = httphooks::socketio;
using list = std::vector<std::string>;
using support::eager;
using support::scripted_socketio;
using support::socketio_service;
using support::socketio_subject;
using support::socketio_url;

namespace {

std::string const hello = "0{\"sid\":\"s\"}";

/// Lets clients into the main namespace, and is silent then.
list greet(std::string const& packet) {
    return packet.starts_with('0') ? list{hello} : list();
}

/// A port on which nobody listens, and on which nobody else can.
class silent_port {
public:
    explicit silent_port(asio::io_context& context)
        : bound_(context, asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {}
    std::uint16_t number() const { return bound_.local_endpoint().port(); }

private:
    asio::ip::tcp::socket bound_;
};

}  // namespace

TEST_CASE("the path of a client's URL is the namespace, and its query goes with the requests") {
    socketio_service service;
    service.io().of("/chat").on_connection([&](sio::socket k) {
        service.note(k.handshake().query("user").value_or("nobody"));
        service.note(k.handshake().auth().dump());
        service.note(std::string(k.handshake().headers()["X-Test"]));
    });
    auto o = eager();
    o.auth = {{"token", "secret"}};
    o.engine.headers.set("X-Test", "yes");
    socketio_subject s(o);
    REQUIRE_FALSE(s.connect(socketio_url(service.port(), "/chat?user=me")));
    CHECK(s.connection.nsp() == "/chat");
    CHECK(service.next_note() == "me");
    CHECK(service.next_note() == "{\"token\":\"secret\"}");
    CHECK(service.next_note() == "yes");
}

TEST_CASE("what keeps a client from connecting is told") {
    socketio_service service;
    service.io().of("/closed").use([](sio::socket, sio::next go) {
        sio::middleware_error const why{"not you", nlohmann::json{{"code", 7}}};
        go(why);
    });
    socketio_subject s;
    CHECK(s.connect("no url") == hh::error::invalid_target);
    CHECK(s.connect("http://127.0.0.1/a,b") == sio::error::bad_namespace);
    CHECK(s.connect("https://127.0.0.1/") == asio::error::operation_not_supported);
    CHECK_THROWS_AS(s.client.of("a,b"), boost::system::system_error);
    silent_port const port(s.context);
    CHECK(s.connect(socketio_url(port.number())) == asio::error::connection_refused);

    auto const closed = s.watched("/closed");
    CHECK(s.connect(socketio_url(service.port(), "/closed")) == sio::error::refused);
    REQUIRE(s.log == list{"/closed connect_error:not you"});
    CHECK(s.errors.at(0).data == nlohmann::json{{"code", 7}});
    CHECK(s.errors.at(0).code == sio::error::refused);
    s.watched("/nowhere");
    CHECK(s.connect(socketio_url(service.port(), "/nowhere")) == sio::error::invalid_namespace);
    CHECK(s.log.back() == "/nowhere connect_error:Invalid namespace");
    CHECK_FALSE(s.connection);
    CHECK_FALSE(closed.connected());
}

TEST_CASE("a server that is none, that is old, or that says nothing, is an error") {
    list answer;
    {
        auto o = eager();
        o.connect_timeout = 1ms;
        socketio_subject s(o);
        scripted_socketio server(s.context, [&](std::string const&) { return answer; });
        CHECK(s.connect(server.url()) == asio::error::timed_out);
        s.settle();
    }
    socketio_subject s;
    scripted_socketio server(s.context, [&](std::string const&) { return answer; });
    answer = {"0"};
    CHECK(s.connect(server.url()) == sio::error::bad_payload);
    answer = {"x"};
    CHECK(s.connect(server.url()) == sio::error::disconnected);
    answer = {"1"};
    CHECK(s.connect(server.url()) == sio::error::disconnected);
    answer = {"4\"go away\""};
    s.watched();
    CHECK(s.connect(server.url()) == sio::error::refused);
    CHECK(s.log == list{"connect_error:go away"});
    support::scripted_server const web(
        s.context, [](std::string const&) -> support::scripted { return {support::ok("a page")}; });
    CHECK(s.connect(web.url()).failed());
}

TEST_CASE("what a server sends at once reaches a client over each transport, however much it is") {
    using eio::transport_kind;
    for (auto const& ways :
         {std::vector<transport_kind>{transport_kind::polling},
          std::vector<transport_kind>{transport_kind::polling, transport_kind::websocket},
          std::vector<transport_kind>{transport_kind::websocket}}) {
        sio::options settings;
        settings.recovery.emplace();
        socketio_service service(settings);
        service.io().on_connection([&service](sio::socket k) {
            if (!k.recovered()) {
                k.emit("large", std::string(1'100'000, 'x'));
                for (int i = 0; i < 1'100; ++i) k.emit("n");
            }
            k.on("big", [k](std::size_t n) { k.emit("large", std::string(n, 'y')); });
            k.on("bytes", [] { return sio::bytes{std::string(1'100'000, 'z')}; });
            k.on("lose me", [&service, k] {
                asio::post(k.get_executor(), [&service] {
                    for (auto c : service.io().engine().connections()) c.close();
                    for (int i = 0; i < 1'100; ++i) service.io().emit("n");
                });
            });
        });
        auto o = eager();
        o.engine.transports = ways;
        o.engine.payload_limit = 64 * 1024 * 1024;
        socketio_subject s(o);
        auto const io = s.client.of("/");
        int n = 0;
        int connected = 0;
        std::size_t bytes = 0;
        io.on("n", [&] { ++n; });
        io.on("large", [&](std::string const& text) { bytes += text.size(); });
        io.on_connect([&] { ++connected; });
        REQUIRE_FALSE(s.connect(socketio_url(service.port())));
        CHECK(s.until([&] { return n == 1'100 && bytes == 1'100'000; }));
        io.emit("big", 600'000);
        io.emit("big", 600'000);
        CHECK(s.until([&] { return bytes == 2'300'000; }));
        io.emit("bytes", [&](hh::error_code ec, sio::bytes const& b) {
            if (!ec) bytes += b.data.size();
        });
        CHECK(s.until([&] { return bytes == 3'400'000; }));
        CHECK(connected == 1);
        io.emit("lose me");
        CHECK(s.until([&] { return n == 2'200; }));
        CHECK(connected == 2);
        CHECK(io.recovered());
    }
}

TEST_CASE("a client has one connection at a time") {
    socketio_subject s;
    scripted_socketio server(s.context, greet);
    REQUIRE_FALSE(s.connect(server.url()));
    CHECK(s.connect(server.url("/other")) == asio::error::already_started);
    s.client.close();
    REQUIRE(s.until([&] { return !s.client.connection(); }));
    CHECK_FALSE(s.connect(server.url()));
}

TEST_CASE("namespaces share a connection, which is closed behind the last one") {
    socketio_service service;
    for (char const* const name : {"/", "/a", "/b"})
        service.io().of(name).on_connection([&service](sio::socket k) {
            k.on("who", [k] { return k.nsp(); });
            k.on_disconnect([&service, k](sio::disconnect_reason why) {
                service.note(k.nsp() + " " + std::string(to_string(why)));
            });
        });
    socketio_subject s;
    auto const a = s.watched("/a");
    REQUIRE_FALSE(s.connect(socketio_url(service.port())));
    auto const b = s.watched("b");
    s.watch(s.connection);
    REQUIRE(s.logged(2));
    CHECK(service.io().engine().size() == 1);
    list who;
    for (auto const& k : {s.connection, a, b})
        k.emit("who", [&](hh::error_code, std::string const& name) { who.push_back(name); });
    REQUIRE(s.until([&] { return who.size() == 3; }));
    CHECK(who == list{"/", "/a", "/b"});
    s.connection.disconnect();
    a.disconnect();
    REQUIRE(s.until([&] { return service.note_count() == 2; }));
    CHECK(service.next_note() == "/ client namespace disconnect");
    CHECK(service.next_note() == "/a client namespace disconnect");
    CHECK(b.connected());
    a.connect();
    REQUIRE(s.until([&] { return a.connected(); }));
    s.client.close();
    REQUIRE(s.logged(7));
    CHECK(s.log.back() == "/b disconnect:io client disconnect");
    REQUIRE(s.until([&] { return service.note_count() == 2; }));
    CHECK(service.next_note() == "/a client namespace disconnect");
    CHECK(service.next_note() == "/b client namespace disconnect");
    CHECK_FALSE(s.client.connection());
}

TEST_CASE("the reason of a client's disconnect is socket.io-client's") {
    auto o = eager();
    o.reconnection = false;
    SECTION("the server's") {
        socketio_service service;
        service.io().on_connection(
            [](sio::socket k) { k.on("leave", [k](bool close) { k.disconnect(close); }); });
        for (bool const close : {false, true}) {
            socketio_subject s(eager());
            REQUIRE_FALSE(s.connect(socketio_url(service.port())));
            s.watch(s.connection);
            s.connection.emit("leave", close);
            REQUIRE(s.logged(1));
            CHECK(s.log == list{"disconnect:io server disconnect"});
            CHECK_FALSE(s.client.connection());
        }
    }
    SECTION("of the connection") {
        socketio_subject s(o);
        std::string junk;
        scripted_socketio server(s.context, [&](std::string const& m) {
            return m == "0" ? list{hello} : list{junk, "2[\"e\"]"};
        });
        auto const io = s.watched();
        for (char const* const text : {"x", "2[1", "0{\"sid\":\"again\"}", "2[\"connect\"]"}) {
            junk = text;
            s.log.clear();
            REQUIRE_FALSE(s.connect(server.url()));
            io.emit("go");
            REQUIRE(s.logged(2));
            CHECK(s.log == list{"connect", "disconnect:parse error"});
        }
        REQUIRE_FALSE(s.connect(server.url()));
        server.connection().close();
        REQUIRE(s.logged(4));
        CHECK(s.log.back() == "disconnect:transport close");
        REQUIRE_FALSE(s.connect(server.url()));
        s.client.connection().close();
        REQUIRE(s.logged(6));
        CHECK(s.log.back() == "disconnect:forced close");
    }
    SECTION("of a server that pings no more") {
        o.engine.transports = {eio::transport_kind::polling};
        socketio_subject s(o);
        int polls = 0;
        support::scripted_server const server(
            s.context, [&](std::string const& request) -> support::scripted {
                if (request.starts_with("POST")) return {support::ok("ok")};
                switch (polls++) {
                    case 0:
                        return {
                            support::ok("0{\"sid\":\"s\",\"upgrades\":[],\"pingInterval\":500,"
                                        "\"pingTimeout\":500,\"maxPayload\":1000}")};
                    case 1:
                        return {support::ok('4' + hello)};
                    default:
                        return {};
                }
            });
        s.watched();
        REQUIRE_FALSE(s.connect(server.url()));
        REQUIRE(s.logged(2));
        CHECK(s.log == list{"connect", "disconnect:ping timeout"});
    }
}

TEST_CASE("a client comes back when the connection is lost, and goes on") {
    socketio_subject s;
    scripted_socketio server(s.context, greet);
    list attempts;
    s.client.on_reconnect_attempt([&](std::size_t n) { attempts.push_back(std::to_string(n)); });
    s.client.on_reconnect([&](std::size_t n) { attempts.push_back("back:" + std::to_string(n)); });
    auto const io = s.watched();
    REQUIRE_FALSE(s.connect(server.url()));
    io.emit("unanswered", [&](hh::error_code ec) { s.log.push_back(ec.message()); });
    REQUIRE(s.until([&] { return server.got.size() == 2; }));
    server.connection().close();
    REQUIRE(s.logged(3));
    CHECK_FALSE(io.connected());
    CHECK(io.id().empty());
    io.emit("kept");
    io.volatile_().emit("dropped");
    REQUIRE(s.until([&] { return server.got.size() == 4; }));
    CHECK(server.got == list{"0", "20[\"unanswered\"]", "0", "2[\"kept\"]"});
    CHECK(s.log ==
          list{"connect", "disconnect:transport close", "socket has been disconnected", "connect"});
    CHECK(attempts == list{"1", "back:1"});
}

TEST_CASE("a client gives up after as many attempts as it may make") {
    auto o = eager();
    o.reconnection_attempts = 3;
    socketio_subject s(o);
    bool failed = false;
    std::size_t attempts = 0;
    s.client.on_reconnect_attempt([&](std::size_t n) { CHECK(n == ++attempts); });
    s.client.on_reconnect_failed([&] { failed = true; });
    auto const io = s.watched();
    silent_port const port(s.context);
    CHECK(s.connect(socketio_url(port.number())) == asio::error::connection_refused);
    CHECK(s.errors.size() == 1);
    for (std::size_t const errors : {5U, 9U}) {
        attempts = 0;
        failed = false;
        io.connect();
        REQUIRE(s.until([&] { return failed; }));
        CHECK(attempts == 3);
        CHECK(s.errors.size() == errors);
        s.settle();
        CHECK(s.context.stopped());
    }
}

TEST_CASE("disconnect() and close() end the attempts of a client to come back") {
    auto o = eager();
    o.reconnection_delay = o.reconnection_delay_max = 60s;
    socketio_subject s(o);
    scripted_socketio server(s.context, greet);
    auto const io = s.watched();
    for (bool const all : {false, true}) {
        REQUIRE_FALSE(s.connect(server.url()));
        s.log.clear();
        server.connection().close();
        REQUIRE(s.logged(1));
        CHECK(s.connect(server.url()) == asio::error::already_started);
        if (all)
            s.client.close();
        else
            io.disconnect();
    }
    REQUIRE_FALSE(s.connect(server.url()));
    server.connection().close();
    REQUIRE(s.until([&] { return !io.connected(); }));
    // which does not wait
    io.connect();
    CHECK(s.until([&] { return io.connected(); }));
}

TEST_CASE("a client gives up after as long as it may try") {
    auto o = eager();
    o.reconnection_timeout = 30ms;
    socketio_subject s(o);
    std::size_t failed = 0;
    std::size_t attempts = 0;
    s.client.on_reconnect_attempt([&](std::size_t n) { CHECK(n == ++attempts); });
    s.client.on_reconnect_failed([&] { ++failed; });
    auto const io = s.watched();
    silent_port const port(s.context);
    CHECK(s.connect(socketio_url(port.number())) == asio::error::connection_refused);
    for (std::size_t const round : {1U, 2U}) {
        attempts = 0;
        io.connect();
        s.context.restart();
        s.context.run_for(10s);
        CHECK(s.context.stopped());
        CHECK(failed == round);
        CHECK(attempts > 0);
    }
}

TEST_CASE("close() ends a client from anywhere, and its context has no more work") {
    auto o = eager();
    o.reconnection_delay = 1ms;
    socketio_subject s(o);
    silent_port const nobody(s.context);
    // which takes connections, and says nothing
    asio::io_context idle{1};
    asio::ip::tcp::acceptor mute(idle, {asio::ip::address_v4::loopback(), 0});
    auto const mute_url = socketio_url(mute.local_endpoint().port());
    socketio_service service;
    service.io().on_connection([](sio::socket k) { k.on("echo", [](int n) { return n; }); });
    auto const io = s.watched();
    std::vector<hh::error_code> acknowledged;
    auto const note = [&](hh::error_code ec) { acknowledged.push_back(ec); };
    std::optional<hh::error_code> connected;
    auto const begin = [&](std::string const& url) {
        s.client.async_connect(url, [&](hh::error_code ec, sio::client_socket) { connected = ec; });
    };
    auto const run = [&] {
        s.context.restart();
        s.context.run_for(10s);
        CHECK(s.context.stopped());
    };
    io.timeout(60s).emit("kept", note);
    io.emit("kept", note);
    hh::error_code expected = sio::error::disconnected;
    std::size_t answers = 2;
    SECTION("before it has begun") {
        begin(mute_url);
        s.client.close();
    }
    SECTION("while it connects") {
        begin(mute_url);
        s.context.run_for(1ms);
        s.client.close();
    }
    SECTION("while it connects, from another thread") {
        begin(mute_url);
        std::thread other([&] { s.client.close(); });
        run();
        other.join();
    }
    SECTION("while it waits to try again") {
        begin(socketio_url(nobody.number()));
        expected = asio::error::connection_refused;
        REQUIRE(s.until([&] { return connected.has_value(); }));
        io.connect();
        s.client.on_reconnect_attempt([&](std::size_t n) {
            if (n == 3) std::thread([&] { s.client.close(); }).join();
        });
    }
    SECTION("in the handler that is told of an attempt") {
        begin(socketio_url(nobody.number()));
        expected = asio::error::connection_refused;
        REQUIRE(s.until([&] { return connected.has_value(); }));
        io.connect();
        s.client.on_reconnect_attempt([&](std::size_t) {
            s.client.on_reconnect_attempt({});
            s.client.close();
        });
    }
    SECTION("in the handler that is told of a failure") {
        begin(socketio_url(nobody.number()));
        expected = asio::error::connection_refused;
        REQUIRE(s.until([&] { return connected.has_value(); }));
        io.on_connect_error([&](sio::connect_error const&) { s.client.close(); });
        io.connect();
    }
    SECTION("while it is connected") {
        begin(socketio_url(service.port()));
        expected = {};
        REQUIRE(s.until([&] { return connected.has_value(); }));
        answers = 4;
        io.timeout(60s).emit("echo", 1, [&](hh::error_code ec, int) {
            CHECK_FALSE(ec);
            note({});
        });
        REQUIRE(s.until([&] { return acknowledged.size() == 1; }));
        io.timeout(60s).emit("nobody", note);
        s.client.close();
    }
    SECTION("when the server has gone") {
        begin(socketio_url(service.port()));
        expected = {};
        REQUIRE(s.until([&] { return connected.has_value(); }));
        s.client.on_reconnect_attempt([&](std::size_t n) {
            if (n == 2) s.client.close();
        });
        service.stop();
    }
    run();
    CHECK(connected == expected);
    CHECK(acknowledged.size() == answers);
    if (answers == 2)
        for (hh::error_code const ec : acknowledged) CHECK(ec == sio::error::disconnected);
    CHECK_FALSE(io.connected());
    // it may be used again
    if (expected == hh::error_code(sio::error::disconnected)) {
        silent_port const other(s.context);
        CHECK(s.connect(socketio_url(other.number())) == asio::error::connection_refused);
    }
}

TEST_CASE("a client that was refused may try again with other credentials") {
    socketio_service service;
    service.io().use([](sio::socket k, sio::next go) {
        if (k.handshake().auth().value("token", "") == "right") return go();
        sio::middleware_error const why{"wrong token", std::nullopt};
        go(why);
    });
    socketio_subject s;
    auto const io = s.watched();
    io.on_connect_error([io](sio::connect_error const&) {
        io.set_auth({{"token", "right"}});
        io.connect();
    });
    CHECK(s.connect(socketio_url(service.port())) == sio::error::refused);
    REQUIRE(s.logged(2));
    CHECK(s.log == list{"connect_error:wrong token", "connect"});
}

TEST_CASE("a client gets its state back from a server that keeps it, and what it missed") {
    for (sio::parser const kind : {sio::parser::json, sio::parser::msgpack}) {
        sio::options so;
        so.recovery.emplace();
        so.parser = kind;
        socketio_service service(so);
        service.io().on_connection([](sio::socket k) { k.join("room"); });
        sio::client_options o;
        o.parser = kind;
        o.reconnection = false;
        socketio_subject s(o);
        auto const io = s.client.of("/");
        list got;
        io.on("news", [&](int n) { got.push_back(std::to_string(n)); });
        io.on_connect([&] { got.push_back(io.recovered() ? "recovered" : "new"); });
        REQUIRE_FALSE(s.connect(socketio_url(service.port())));
        std::string const id = io.id();
        service.io().emit("news", 1);
        REQUIRE(s.until([&] { return got.size() == 2; }));
        s.client.connection().close();
        REQUIRE(s.until([&] { return !io.connected(); }));
        REQUIRE(s.until([&] { return service.io().engine().size() == 0; }));
        service.io().to("room").emit("news", 2);
        io.connect();
        REQUIRE(s.until([&] { return got.size() == 4; }));
        CHECK(got == list{"new", "1", "recovered", "2"});
        CHECK(io.id() == id);
        io.disconnect();
        io.connect();
        REQUIRE(s.until([&] { return got.size() == 5; }));
        CHECK(got.back() == "new");
    }
}

TEST_CASE("what the server sends before the namespace is connected comes when it is") {
    auto o = eager();
    o.reconnection = false;
    o.max_packet = 1'000;
    socketio_subject s(o);
    std::string early = "2[\"early\",1]";
    scripted_socketio server(s.context, [&](std::string const&) {
        return list{early, "2/other,[\"stray\"]", hello, "2[\"late\",2]"};
    });
    s.watched();
    REQUIRE_FALSE(s.connect(server.url()));
    REQUIRE(s.logged(3));
    CHECK(s.log == list{"connect", "early[1]", "late[2]"});
    s.client.close();
    REQUIRE(s.logged(4));
    early = "2[\"early\",\"" + std::string(990, 'x') + "\"]";
    CHECK(s.connect(server.url()) == sio::error::disconnected);
    CHECK(s.log.back() == "connect_error:parse error");
}

TEST_CASE("a client that leaves before it is in tells so when it is") {
    socketio_subject s;
    scripted_socketio server(s.context, [](std::string const& m) {
        if (m == "0") return list{hello};
        if (m == "2[\"go\"]") return list{"0/slow,{\"sid\":\"t\"}"};
        if (m == "2[\"again\"]") return list{"0/slow,{\"sid\":\"u\"}"};
        return list();
    });
    REQUIRE_FALSE(s.connect(server.url()));
    auto const slow = s.watched("/slow");
    REQUIRE(s.until([&] { return server.got.size() == 2; }));
    slow.disconnect();
    s.connection.emit("go");
    REQUIRE(s.until([&] { return server.got.size() == 4; }));
    CHECK(server.got == list{"0", "0/slow,", "2[\"go\"]", "1/slow,"});
    slow.connect();
    slow.disconnect();
    slow.connect();
    s.connection.emit("again");
    REQUIRE(s.until([&] { return slow.connected(); }));
    CHECK(server.got.size() == 6);
    CHECK(slow.id() == "u");
}

TEST_CASE("an attempt of a Socket.IO client can be cancelled") {
    socketio_subject s;
    scripted_socketio server(s.context, [](std::string const&) { return list(); });
    asio::cancellation_signal stop;
    std::optional<hh::error_code> result;
    s.client.async_connect(
        server.url(),
        asio::bind_cancellation_slot(stop.slot(), [&](hh::error_code ec, sio::client_socket k) {
            result = ec;
            CHECK_FALSE(k);
        }));
    SECTION("before there is a connection") {
        s.context.run_one();
    }
    SECTION("before it is in the namespace") {
        REQUIRE(s.until([&] { return server.got.size() == 1; }));
    }
    stop.emit(asio::cancellation_type::terminal);
    REQUIRE(s.until([&] { return result.has_value(); }));
    CHECK(*result == asio::error::operation_aborted);
    s.settle();
    CHECK_FALSE(s.client.connection());
}

TEST_CASE("an attempt of a Socket.IO client that is over cannot be cancelled any more") {
    socketio_subject s;
    scripted_socketio server(s.context, greet);
    asio::cancellation_signal first, second;
    int completed = 0;
    auto const connect = [&](asio::cancellation_signal& stop, hh::error_code expected) {
        int const before = completed;
        s.client.async_connect(
            server.url(), asio::bind_cancellation_slot(
                              stop.slot(), [&, expected](hh::error_code ec, sio::client_socket) {
                                  CHECK(ec == expected);
                                  ++completed;
                              }));
        REQUIRE(s.until([&] { return completed != before; }));
    };
    connect(first, {});
    connect(second, asio::error::already_started);
    for (auto* const stop : {&first, &second}) {
        stop->emit(asio::cancellation_type::terminal);
        s.settle();
        CHECK(s.client.of("/").connected());
        CHECK(s.client.connection().is_open());
    }
    CHECK(completed == 2);
    s.client.close();
    REQUIRE(s.until([&] { return !s.client.connection(); }));
}

TEST_CASE("a context may be destroyed with Socket.IO clients in flight, or clients before it") {
    socketio_service service;
    {
        socketio_subject s;
        auto const io = s.watched();
        io.on("e", [io](sio::arguments const&) { io.emit("e"); });
        REQUIRE_FALSE(s.connect(socketio_url(service.port())));
        io.emit("e", [io](hh::error_code) { io.emit("e"); });
        sio::client other(s.context.get_executor());
        other.async_connect(socketio_url(service.port()), asio::detached);
        s.context.poll_one();
    }
    asio::io_context context{1};
    bool connected = false;
    {
        sio::client client(context.get_executor());
        client.async_connect(socketio_url(service.port()),
                             [&](hh::error_code ec, sio::client_socket k) {
                                 connected = !ec;
                                 k.disconnect();
                             });
    }
    context.run_for(10s);
    CHECK(connected);
    CHECK(context.stopped());
}

TEST_CASE("Socket.IO clients are used from several threads") {
    socketio_service service({}, 2);
    service.io().on_connection([](sio::socket k) { k.on("add", [](int n) { return n + 1; }); });
    asio::io_context context{2};
    sio::client client(asio::make_strand(context));
    std::atomic<int> answers{0};
    std::atomic<int> good{0};
    auto const io = client.of("/");
    client.async_connect(socketio_url(service.port()), asio::detached);
    std::thread one([&] { context.run(); });
    std::thread two([&] { context.run(); });
    auto const ask = [&] {
        for (int i = 0; i < 300; ++i) {
            io.emit("add", i, [&, i](hh::error_code ec, int n) {
                if (!ec && n == i + 1) ++good;
                if (++answers == 600) client.close();
            });
            static_cast<void>(io.connected() && io.recovered() && io.id().empty());
        }
    };
    std::thread asking(ask);
    ask();
    asking.join();
    one.join();
    two.join();
    CHECK(answers == 600);
    CHECK(good == 600);
}

TEST_CASE("a Socket.IO client talks over TLS to the server that it asked for") {
    auto const tls = support::make_tls_contexts("IP:127.0.0.1");
    auto o = eager();
    o.engine.tls = hh::http::tls_streams(tls.client);
    socketio_subject s(o);
    hh::registry hooks(s.context.get_executor());
    hh::http::options ho;
    ho.address = "127.0.0.1";
    auto web = hh::http::tls_server(s.context.get_executor(), tls.server, hooks, ho);
    sio::server io(web.get_executor());
    io.on_connection([](sio::socket k) { k.on("add", [](int n) { return n + 1; }); });
    web.mount(io);
    web.listen();
    web.async_run(asio::detached);
    std::string const url = "https://127.0.0.1:" + std::to_string(web.port());
    {
        auto strict = eager();
        strict.engine.tls = hh::http::tls_streams();
        sio::client stranger(s.context.get_executor(), strict);
        std::optional<hh::error_code> refused;
        stranger.async_connect(url, [&](hh::error_code ec, sio::client_socket) { refused = ec; });
        REQUIRE(s.until([&] { return refused.has_value(); }));
        CHECK(refused->failed());
    }
    REQUIRE_FALSE(s.connect(url));
    int answer = 0;
    s.connection.emit("add", 1, [&](hh::error_code, int n) { answer = n; });
    REQUIRE(s.until([&] { return answer != 0; }));
    CHECK(answer == 2);
    s.client.close();
    web.stop();
    s.context.restart();
    s.context.run_for(100ms);
}
