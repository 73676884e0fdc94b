// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/registry.hpp>
#include <httphooks/testing/websocket_client.hpp>
#include <httphooks/websocket/dispatch.hpp>
#include <httphooks/websocket/server.hpp>

#include "support/catch.hpp"

#include <boost/asio/post.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hh = httphooks;
namespace ws = httphooks::websocket;
using namespace std::chrono_literals;
using hh::testing::websocket_client;

namespace {

/// A server that sends back what comes, and notes why connections end.
struct websocket_echo {
    explicit websocket_echo(ws::server_options o = {})
        : server(clock.get_executor(), std::move(o)) {
        server.on_message([](ws::connection& c, ws::message const& m) { c.send(m); });
        server.on_close([this](ws::connection&, ws::close_reason const& why) {
            ends.push_back(std::to_string(static_cast<int>(why.code)) + ":" +
                           std::string(why.text));
        });
    }

    hh::testing::clock clock{};
    ws::server server;
    std::vector<std::string> ends{};
};

}  // namespace

TEST_CASE("a WebSocket is opened and its messages are there when the call returns") {
    websocket_echo echo;
    websocket_client c(echo.clock, echo.server);
    CHECK(c.is_open());
    CHECK(c.reply()->result() == hh::status::switching_protocols);
    CHECK_FALSE(c.receive());
    c.send("one");
    c.send_binary(std::string_view("\0\xff", 2));
    c.send(std::string(200'000, 'x'));
    using message = hh::testing::websocket_message;
    CHECK(c.receive() == message{"one", false});
    CHECK(c.receive_all() == std::vector<message>{{std::string("\0\xff", 2), true},
                                                  {std::string(200'000, 'x'), false}});
    CHECK_FALSE(c.receive());
}

TEST_CASE("the server sees headers, query, address and subprotocols of a client") {
    ws::server_options o;
    o.handshake.subprotocols = {"b", "c"};
    websocket_echo echo(std::move(o));
    std::vector<std::string> seen;
    echo.server.on_open([&](ws::connection& c, hh::request const& r) {
        seen = {std::string(r.target()), std::string(r["X-User"]), c.peer().address().to_string(),
                c.tls() ? "tls" : "plain"};
    });
    websocket_client const c(echo.clock, echo.server,
                             {.target = "/ws?room=1",
                              .headers = {{"X-User", "alice"}},
                              .subprotocols = {"a", "b"},
                              .address = "2001:db8::7",
                              .tls = true});
    CHECK(seen == std::vector<std::string>{"/ws?room=1", "alice", "2001:db8::7", "tls"});
    CHECK(c.subprotocol() == "b");
}

TEST_CASE("a WebSocket that is refused has the refusal for a reply") {
    ws::server_options o;
    o.handshake.origins = {"https://good.example"};
    websocket_echo echo(std::move(o));
    websocket_client c(echo.clock, echo.server, {.headers = {{"Origin", "https://bad.example"}}});
    CHECK_FALSE(c.is_open());
    REQUIRE(c.reply());
    CHECK(c.reply()->result() == hh::status::forbidden);
    CHECK(c.closed()->code == ws::close_code::abnormal);
    CHECK_THROWS_AS(c.send("x"), std::logic_error);
    CHECK_THROWS_AS(websocket_client(echo.clock, echo.server, {.target = "/other"}),
                    std::invalid_argument);
    CHECK_THROWS_AS(websocket_client(echo.clock, echo.server, {.address = "here"}),
                    std::invalid_argument);
}

TEST_CASE("either side closes, and each learns the code and the reason") {
    websocket_echo echo;
    websocket_client first(echo.clock, echo.server);
    first.close(static_cast<ws::close_code>(3001), "done");
    CHECK(echo.ends == std::vector<std::string>{"3001:done"});
    CHECK_FALSE(first.is_open());
    CHECK(static_cast<int>(first.closed()->code) == 3001);

    std::optional<ws::connection> kept;
    echo.server.on_open([&](ws::connection& c) { kept = c; });
    websocket_client second(echo.clock, echo.server);
    kept->close(ws::close_code::going_away, "bye");
    echo.clock.run();
    CHECK(second.closed()->code == ws::close_code::going_away);
    CHECK(second.closed()->reason == "bye");
    CHECK(echo.server.connections().empty());
}

TEST_CASE("a connection that is lost ends without a close frame; the destructor loses it") {
    websocket_echo echo;
    websocket_client c(echo.clock, echo.server);
    c.drop();
    CHECK(c.closed()->code == ws::close_code::abnormal);
    { websocket_client const other(echo.clock, echo.server); }
    echo.clock.run();
    CHECK(echo.ends == std::vector<std::string>{"1006:", "1006:"});
}

TEST_CASE("pings keep a WebSocket open for hours, and one that does not answer is closed in time") {
    ws::server_options o;
    o.connection.ping_interval = 30s;
    o.connection.pong_timeout = 10s;
    websocket_echo echo(std::move(o));
    websocket_client c(echo.clock, echo.server);
    echo.clock.advance(2h);
    CHECK(c.is_open());
    CHECK(c.pings() >= 230);
    c.answer_pings(false);
    auto const before = c.pings();
    while (c.pings() == before) echo.clock.advance(50ms);
    echo.clock.advance(9s);
    CHECK(c.is_open());
    echo.clock.advance(1100ms);
    CHECK_FALSE(c.is_open());
    CHECK(echo.ends == std::vector<std::string>{"1006:"});
}

TEST_CASE("a client's pings are answered") {
    websocket_echo echo;
    websocket_client c(echo.clock, echo.server);
    c.ping("x");
    CHECK(c.pongs() == 1);
}

TEST_CASE("bytes that are no frame fail the connection") {
    websocket_echo echo;
    websocket_client c(echo.clock, echo.server);
    c.send_raw("\xff\xff");
    CHECK_FALSE(c.is_open());
    CHECK(c.closed()->code == ws::close_code::protocol_error);
}

TEST_CASE("requests through the hooks are answered in the memory of a test, and in its time") {
    hh::testing::clock clock;
    hh::registry_options quiet;
    quiet.error_handler = [](hh::hook_error const&) {};
    hh::registry hooks(quiet);
    hooks.get("/hello/:name", [](auto& c) { return hh::text("Hello, ", c.param("name")); });
    std::optional<hh::hook_done> kept;
    hooks.get("/slow", [&](auto&, hh::hook_done done) { kept = std::move(done); },
              {.time_limit = 3s});
    ws::server server(clock.get_executor());
    ws::dispatch(server, hooks);
    websocket_client c(clock, server);
    c.send(R"({"method":"GET","url":"/hello/x"})");
    CHECK(c.receive()->data.find("Hello, x") != std::string::npos);
    c.send(R"({"method":"GET","url":"/slow"})");
    CHECK_FALSE(c.receive());
    clock.advance(3s);
    CHECK(c.receive()->data.find("504") != std::string::npos);
}

TEST_CASE("what a handler does later is there after the next call") {
    websocket_echo echo;
    echo.server.on_message([&](ws::connection& c, ws::message const& m) {
        boost::asio::post(echo.clock.get_executor(),
                          [c, text = std::string(m.data)] { c.send(text + "!"); });
    });
    websocket_client a(echo.clock, echo.server);
    websocket_client b(echo.clock, echo.server);
    a.send("a");
    b.send("b");
    CHECK(a.receive()->data == "a!");
    CHECK(b.receive()->data == "b!");
}
