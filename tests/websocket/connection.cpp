// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/websocket/connection.hpp>
#include <httphooks/websocket/server.hpp>

#include "support/catch.hpp"
#include "support/websocket.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
namespace asio = boost::asio;
using support::client_close;
using support::client_frame;
using support::client_text;
using support::memory_client;
using ws_opcode = httphooks::websocket::opcode;
namespace hh = httphooks;
namespace ws = httphooks::websocket;

namespace {

using list = std::vector<std::string>;

/// A server with an echo that notes what it is told.
struct connection_fixture {
    explicit connection_fixture(ws::connection_options o = {})
        : echo(server.context.get_executor(), ws::server_options{"/ws", {}, o}) {
        echo.on_open([this](ws::connection& c) {
            last = c;
            log.push_back("open");
        });
        echo.on_message([this](ws::connection& c, ws::message const& m) {
            if (on_message) on_message(c, m.data);
            c.send(m);
        });
        echo.on_close([this](ws::connection&, ws::close_reason const& why) {
            log.push_back("close:" + std::to_string(static_cast<unsigned>(why.code)) + ":" +
                          std::string(why.text) + (why.clean ? ":clean" : ""));
        });
        echo.on_drain([this](ws::connection&) { log.push_back("drain"); });
        echo.on_overflow([this](ws::connection&) { log.push_back("overflow"); });
        server.settings->mounts.add(echo);
    }

    memory_client open() { return server.open("/ws"); }
    list ask(memory_client& c, std::string_view bytes) { return server.ask(c, bytes); }
    /// Does something on the connection's executor, outside of its handlers.
    template <class F>
    void on_loop(F what) {
        asio::post(server.context, what);
        server.run();
    }

    ws::connection last{};
    list log{};
    std::function<void(ws::connection&, std::string_view)> on_message{};
    support::websocket_server server{};
    ws::server echo;
};

std::string const big(300'000, 'x');

}  // namespace

TEST_CASE("Messages of all sizes are echoed, text and binary") {
    connection_fixture f;
    memory_client c = f.open();
    for (std::size_t const size : {0u, 1u, 125u, 126u, 65535u, 65536u, 200'000u}) {
        std::string const payload(size, '*');
        CHECK(f.ask(c, client_text(payload)) == list{"text:" + payload});
        CHECK(f.ask(c, client_frame(ws_opcode::binary, payload)) == list{"binary:" + payload});
    }
    CHECK(f.log.front() == "open");
}

TEST_CASE("All messages that came together are answered in one write") {
    connection_fixture f;
    memory_client c = f.open();
    std::string bytes;
    list expected;
    for (int i = 0; i < 50; ++i) {
        bytes += client_text(std::to_string(i));
        expected.push_back("text:" + std::to_string(i));
    }
    std::size_t const before = c.steps();
    CHECK(f.ask(c, bytes) == expected);
    CHECK(c.steps() - before == 2);  // the write, and the next read
}

TEST_CASE("Frames that come behind the handshake in one piece are answered") {
    connection_fixture f;
    memory_client c = f.server.connect();
    c.send(support::handshake("/ws") + client_text("early") + client_text("bird"));
    f.server.run();
    CHECK(support::websocket_server::take_reply(c) == "HTTP/1.1 101 Switching Protocols");
    CHECK(f.server.frames(c) == list{"text:early", "text:bird"});
}

TEST_CASE("The bytes may be cut anywhere") {
    connection_fixture f;
    memory_client c = f.open();
    std::string const bytes = client_text("Hell\xc3\xb6") + client_frame(ws_opcode::ping, "p") +
                              client_frame(ws_opcode::text, "a", false) +
                              client_frame(ws_opcode::continuation, "b") +
                              client_text(std::string(200, 'y'));
    list const expected{"text:Hell\xc3\xb6", "pong:p", "text:ab", "text:" + std::string(200, 'y')};
    for (std::size_t step = 1; step < 30; ++step) {
        for (std::size_t at = 0; at < bytes.size(); at += step) {
            c.send(bytes.substr(at, step));
            f.server.run();
        }
        CHECK(f.server.frames(c) == expected);
    }
}

TEST_CASE("2: a ping is answered with its payload, a pong is not") {
    connection_fixture f;
    memory_client c = f.open();
    CHECK(f.ask(c, client_frame(ws_opcode::ping, "")) == list{"pong:"});
    CHECK(f.ask(c, client_frame(ws_opcode::ping, std::string(125, '\0'))) ==
          list{"pong:" + std::string(125, '\0')});
    CHECK(f.ask(c, client_frame(ws_opcode::pong, "unasked")).empty());
}

TEST_CASE("3-6: broken frames are answered with a close frame that says why") {
    std::vector<std::pair<std::string, std::string>> const cases{
        {std::string("\xc1\x80\x01\x02\x03\x04", 6), "close:1002:"},
        {client_frame(static_cast<ws_opcode>(3), "x"), "close:1002:"},
        {std::string("\x81\x01x", 3), "close:1002:"},
        {client_frame(ws_opcode::continuation, "x"), "close:1002:"},
        {client_frame(ws_opcode::ping, "x", false), "close:1002:"},
        {client_text("\xff"), "close:1007:"},
        {client_close(1005), "close:1002:"},
        {client_frame(ws_opcode::close, "x"), "close:1002:"},
        {client_frame(ws_opcode::binary, std::string(1024 * 1024 + 1, 'x')), "close:1009:"},
    };
    for (auto const& [bytes, answer] : cases) {
        connection_fixture f;
        memory_client c = f.open();
        CHECK(f.ask(c, client_text("first") + bytes + client_text("not read")) ==
              list{"text:first", answer});
        CHECK(c.ended());
        CHECK_FALSE(c.closed());
        CHECK(f.log == list{"open", answer.substr(0, 11)});
        c.finish();
        f.server.run();
        CHECK(c.closed());
        CHECK(f.server.open_connections() == 0);
    }
}

TEST_CASE("9: too many fragments close the connection, and memory stays bounded") {
    connection_fixture f;
    memory_client c = f.open();
    std::string bytes = client_frame(ws_opcode::text, "", false);
    for (int i = 0; i < 5000; ++i) bytes += client_frame(ws_opcode::continuation, "x", false);
    CHECK(f.ask(c, bytes) == list{"close:1008:"});
}

TEST_CASE("7: a close frame is answered with its code, then the server ends first") {
    for (std::string const& sent :
         {client_close(1000, "bye"), client_close(4321), client_frame(ws_opcode::close, "")}) {
        connection_fixture f;
        memory_client c = f.open();
        list const got = f.ask(c, client_text("last") + sent + client_text("never"));
        REQUIRE(got.size() == 2);
        CHECK(got[0] == "text:last");
        bool const bare = sent.size() == 6;
        CHECK(got[1] == (bare                         ? "close:1005:"
                         : sent == client_close(4321) ? "close:4321:"
                                                      : "close:1000:"));
        CHECK(c.ended());
        CHECK(f.log.back() == (bare                         ? "close:1005::clean"
                               : sent == client_close(4321) ? "close:4321::clean"
                                                            : "close:1000:bye:clean"));
        c.finish();
        f.server.run();
        CHECK(c.closed());
    }
}

TEST_CASE("7: close() waits for the other side's close frame") {
    connection_fixture f;
    memory_client c = f.open();
    f.on_loop([&] {
        f.last.close(ws::close_code::going_away, "later");
        CHECK_FALSE(f.last.is_open());
        CHECK_FALSE(f.last.send("too late"));
    });
    CHECK(f.server.frames(c) == list{"close:1001:later"});
    CHECK_FALSE(c.ended());
    // what the client has sent meanwhile is not handed on
    CHECK(f.ask(c, client_text("crossed") + client_frame(ws_opcode::ping, "x")).empty());
    CHECK(f.log == list{"open"});
    CHECK(f.ask(c, client_close(1001)).empty());
    CHECK(c.ended());
    CHECK(f.log == list{"open", "close:1001::clean"});
    f.last.close();
    f.last.terminate();
    f.server.run();
    CHECK(f.log.size() == 2);
}

TEST_CASE("7: a client that does not answer a close frame is cut") {
    connection_fixture f({.close_timeout = 1000ms});
    memory_client c = f.open();
    f.last.close();
    f.server.pass_time(950ms);
    CHECK_FALSE(c.closed());
    f.server.pass_time(150ms);
    CHECK(c.closed());
    CHECK(f.log == list{"open", "close:1006:"});
}

TEST_CASE("7: a client that answers but does not close is cut") {
    connection_fixture f({.close_timeout = 1000ms});
    memory_client c = f.open();
    CHECK(f.ask(c, client_close(1000)) == list{"close:1000:"});
    f.server.pass_time(2000ms);
    CHECK(c.closed());
    CHECK(f.log == list{"open", "close:1000::clean"});
}

TEST_CASE("A connection that is lost is told of once") {
    for (bool const reset : {false, true}) {
        connection_fixture f;
        memory_client c = f.open();
        c.send(client_frame(ws_opcode::text, "part", false));
        f.server.run();
        if (reset)
            c.reset();
        else
            c.finish();
        f.server.run();
        CHECK(c.closed());
        CHECK(f.log == list{"open", "close:1006:"});
        CHECK_FALSE(f.last.send("x"));
        CHECK(f.server.open_connections() == 0);
    }
}

TEST_CASE("Whatever operation fails, the connection ends and is told of once") {
    for (std::size_t step = 0; step < 12; ++step) {
        connection_fixture f;
        memory_client c = f.server.connect();
        c.fail_at(step);
        c.send(support::handshake("/ws"));
        f.server.run();
        c.send(client_text("one"));
        f.server.run();
        c.send(client_text("two"));
        f.server.run();
        c.send(client_close(1000));
        f.server.run();
        c.finish();
        f.server.run();
        CHECK(c.closed());
        CHECK(f.server.open_connections() == 0);
        if (!f.log.empty()) CHECK(f.log.size() == 2);
    }
}

TEST_CASE("A handler that throws closes the connection with internal_error") {
    connection_fixture f;
    f.on_message = [](ws::connection&, std::string_view text) {
        if (text == "throw") throw std::runtime_error("no");
    };
    memory_client c = f.open();
    CHECK(f.ask(c, client_text("good")) == list{"text:good"});
    CHECK(f.ask(c, client_text("throw") + client_text("after")) == list{"close:1011:"});
    CHECK(f.log == list{"open", "close:1011:"});
}

TEST_CASE("terminate() cuts at once; from a handler, when that returns") {
    connection_fixture f;
    f.on_message = [](ws::connection& c, std::string_view) { c.terminate(); };
    memory_client c = f.open();
    f.ask(c, client_text("x"));
    CHECK(c.closed());
    CHECK(f.log == list{"open", "close:1006:"});
}

TEST_CASE("A silent client gets a ping, and is cut when nothing comes") {
    connection_fixture f({.ping_interval = 1000ms, .pong_timeout = 500ms});
    memory_client c = f.open();
    f.server.pass_time(900ms);
    CHECK(f.server.frames(c).empty());
    f.server.pass_time(200ms);
    CHECK(f.server.frames(c) == list{"ping:"});
    SECTION("a pong keeps it, and the next ping comes an interval later") {
        f.server.pass_time(400ms);
        f.ask(c, client_frame(ws_opcode::pong, ""));
        f.server.pass_time(900ms);
        CHECK(f.server.frames(c).empty());
        f.server.pass_time(200ms);
        CHECK(f.server.frames(c) == list{"ping:"});
    }
    SECTION("so does anything else") {
        f.server.pass_time(400ms);
        CHECK(f.ask(c, client_text("x")) == list{"text:x"});
        f.server.pass_time(900ms);
        CHECK_FALSE(c.closed());
    }
    SECTION("silence does not") {
        f.server.pass_time(600ms);
        CHECK(c.closed());
        CHECK(f.log == list{"open", "close:1006:"});
    }
}

TEST_CASE("Pings come all the same when they are to come always") {
    connection_fixture f({.ping_interval = 1000ms, .ping_always = true, .pong_timeout = 2500ms});
    memory_client c = f.open();
    SECTION("whatever else comes") {
        for (int i = 0; i < 5; ++i) {
            f.server.pass_time(500ms);
            CHECK(f.ask(c, client_text("x")).back() == "text:x");
            f.server.pass_time(550ms);
            CHECK(f.server.frames(c) == list{"ping:"});
        }
    }
    SECTION("also while none is answered, until that takes too long") {
        f.server.pass_time(2100ms);
        CHECK(f.server.frames(c) == list{"ping:", "ping:"});
        f.server.pass_time(1000ms);
        CHECK(f.server.frames(c) == list{"ping:"});
        CHECK_FALSE(c.closed());
        f.server.pass_time(500ms);
        CHECK(c.closed());
        CHECK(f.log == list{"open", "close:1006:"});
    }
}

TEST_CASE("The application may close a connection whose pings are not answered") {
    connection_fixture f({.ping_interval = 1000ms, .pong_timeout = 500ms});
    SECTION("with a reason of its own") {
        f.echo.on_unanswered([](ws::connection& c) {
            c.send("silent?");
            c.close(ws::close_code{3000}, "silent");
        });
        memory_client c = f.open();
        f.server.pass_time(1600ms);
        CHECK(f.server.frames(c) == list{"ping:", "text:silent?", "close:3000:silent"});
        CHECK_FALSE(c.closed());
        f.server.pass_time(5100ms);
        CHECK(c.closed());
    }
    SECTION("or leave it") {
        f.echo.on_unanswered([](ws::connection& c) { c.send("silent?"); });
        memory_client c = f.open();
        f.server.pass_time(1600ms);
        CHECK(c.closed());
    }
}

TEST_CASE("Messages put the ping off") {
    connection_fixture f({.ping_interval = 1000ms, .pong_timeout = 500ms});
    memory_client c = f.open();
    for (int i = 0; i < 10; ++i) {
        f.server.pass_time(600ms);
        CHECK(f.ask(c, client_text("x")) == list{"text:x"});
    }
}

TEST_CASE("A client that does not read is held up, then cut") {
    connection_fixture f({.ping_interval = 0ms, .write_timeout = 1000ms});
    memory_client c = f.open();
    c.window(10'000);
    for (int i = 0; i < 4; ++i) c.send(client_frame(ws_opcode::binary, big));
    f.server.run();
    CHECK(c.received().size() == 10'000);
    CHECK(f.last.buffered_amount() > 64 * 1024);
    CHECK(f.last.buffered_amount() < 700'000);
    SECTION("it reads again") {
        f.server.pass_time(900ms);
        c.window(100'000);
        f.server.pass_time(900ms);
        CHECK_FALSE(c.closed());
        c.window(static_cast<std::size_t>(-1));
        f.server.run();
        CHECK(f.server.frames(c) == list(4, "binary:" + big));
        CHECK(f.last.buffered_amount() == 0);
        CHECK(f.log.back() == "drain");
    }
    SECTION("it does not") {
        f.server.pass_time(1200ms);
        CHECK(c.closed());
        CHECK(f.log.back() == "close:1006:");
    }
}

TEST_CASE("Output beyond the limit: the message is dropped, the connection closed, or told") {
    std::string const little(600, 'l');
    std::string const more(400, 'm');
    auto const fill = [little](connection_fixture& f, memory_client& c) {
        c.window(0);
        f.on_loop([&] { CHECK(f.last.send(big)); });  // any size, when nothing waits
        f.on_loop([&] { CHECK(f.last.send(little)); });
    };
    SECTION("drop") {
        connection_fixture f({.output_limit = 1000, .on_overflow = ws::overflow::drop});
        memory_client c = f.open();
        fill(f, c);
        f.on_loop([&] { CHECK_FALSE(f.last.send(more)); });
        c.window(static_cast<std::size_t>(-1));
        f.server.run();
        CHECK(f.last.send("again"));
        CHECK(f.server.frames(c) == list{"text:" + big, "text:" + little, "text:again"});
    }
    SECTION("close") {
        connection_fixture f({.output_limit = 1000, .on_overflow = ws::overflow::close});
        memory_client c = f.open();
        fill(f, c);
        f.on_loop([&] {
            CHECK_FALSE(f.last.send(more));
            CHECK_FALSE(f.last.send("and more"));
        });
        c.window(static_cast<std::size_t>(-1));
        CHECK(f.server.frames(c) == list{"text:" + big, "text:" + little, "close:1008:"});
        CHECK(f.log.back() == "close:1008:");
    }
    SECTION("tell") {
        connection_fixture f({.output_limit = 1000, .on_overflow = ws::overflow::tell});
        memory_client c = f.open();
        fill(f, c);
        f.on_loop([&] { CHECK(f.last.send(more)); });
        CHECK(f.log == list{"open", "overflow"});
        c.window(static_cast<std::size_t>(-1));
        CHECK(f.server.frames(c) == list{"text:" + big, "text:" + little, "text:" + more});
        CHECK(f.log.back() == "drain");
    }
}

TEST_CASE("What one turn sends when nothing waited is taken, however much it is") {
    connection_fixture f({.output_limit = 1000});
    list const three(3, "text:" + big);
    SECTION("when the connection opens") {
        f.echo.on_open([&](ws::connection& c) {
            f.last = c;
            for (int i = 0; i < 3; ++i) CHECK(c.send(big));
        });
        memory_client c = f.server.connect();
        c.window(500);
        c.send(support::handshake("/ws"));
        f.server.run();
        c.window(static_cast<std::size_t>(-1));
        f.server.run();
        support::websocket_server::take_reply(c);
        CHECK(f.server.frames(c) == three);
    }
    SECTION("in a handler, behind an answer to a ping") {
        f.on_message = [](ws::connection& c, std::string_view) {
            for (int i = 0; i < 2; ++i) c.send(big);
        };
        memory_client c = f.open();
        c.window(500);
        c.send(client_frame(ws_opcode::ping, "p") + client_text(big));
        f.server.run();
        c.window(static_cast<std::size_t>(-1));
        CHECK(f.server.frames(c) == list{"pong:p", "text:" + big, "text:" + big, "text:" + big});
    }
    SECTION("from another thread") {
        memory_client c = f.open();
        c.window(500);
        std::thread([&] {
            for (int i = 0; i < 2; ++i) f.last.send(big);
            f.last.send(ws::prepared_message(big));
        }).join();
        f.server.run();
        c.window(static_cast<std::size_t>(-1));
        CHECK(f.server.frames(c) == three);
    }
    SECTION("but what comes behind it is limited") {
        memory_client c = f.open();
        c.window(500);
        f.on_loop([&] {
            for (int i = 0; i < 3; ++i) CHECK(f.last.send(big));
        });
        f.on_loop([&] { CHECK(f.last.send(big)); });
        f.on_loop([&] { CHECK_FALSE(f.last.send("x")); });
        CHECK(f.log.back() == "close:1008:");
    }
}

TEST_CASE("A client that is too slow meets the limit, and memory stays bounded") {
    connection_fixture f({.output_limit = 100'000});
    memory_client c = f.open();
    std::string const piece(9'000, 'x');
    std::size_t most = 0;
    std::size_t sent = 0;
    for (int turn = 0; turn < 1000 && f.last.is_open(); ++turn) {
        f.on_loop([&] {
            for (int i = 0; i < 2; ++i) sent += f.last.send(piece) ? 1u : 0u;
        });
        most = std::max(most, f.last.buffered_amount());
        c.window(12'000);
        f.server.run();
    }
    CHECK(f.log.back() == "close:1008:");
    CHECK(sent > 20);
    CHECK(most > 80'000);
    CHECK(most < 100'000 + 3 * piece.size());
}

TEST_CASE("A last text is sent before the close frame, whatever waits") {
    for (auto const policy : {ws::overflow::drop, ws::overflow::close}) {
        connection_fixture f({.output_limit = 1000, .on_overflow = policy});
        memory_client c = f.open();
        c.window(0);
        f.on_loop([&] { f.last.send(big); });
        f.on_loop([&] { f.last.close_behind(std::string(2000, 'l'), ws::close_code{3000}, "no"); });
        c.window(static_cast<std::size_t>(-1));
        CHECK(f.server.frames(c) ==
              list{"text:" + big, "text:" + std::string(2000, 'l'), "close:3000:no"});
    }
}

TEST_CASE("Messages that are framed together are sent together, or not at all") {
    connection_fixture f({.output_limit = 1000, .on_overflow = ws::overflow::drop});
    memory_client c = f.open();
    std::vector<ws::message> const parts{{"head", false}, {"bytes", true}};
    ws::prepared_message const pair(parts);
    f.on_loop([&] { CHECK(f.last.send(pair)); });
    CHECK(f.server.frames(c) == list{"text:head", "binary:bytes"});
    std::vector<ws::message> const large{{"head", false}, {big, true}};
    c.window(0);
    f.on_loop([&] {
        CHECK(f.last.send("first"));
        CHECK(f.last.unsent() == 0);
    });
    CHECK(f.last.unsent() == f.last.buffered_amount());
    f.on_loop([&] { CHECK(f.last.send("second")); });
    f.on_loop([&] { CHECK_FALSE(f.last.send(ws::prepared_message(large))); });
    c.window(static_cast<std::size_t>(-1));
    f.server.run();
    CHECK(f.last.send("again"));
    CHECK(f.server.frames(c) == list{"text:first", "text:second", "text:again"});
}

TEST_CASE("A drain is told of what came behind a little that waited, too") {
    connection_fixture f;
    memory_client c = f.open();
    c.window(0);
    f.on_loop([&] { CHECK(f.last.send("little")); });
    f.on_loop([&] { CHECK(f.last.send(big)); });
    CHECK(f.log == list{"open"});
    c.window(static_cast<std::size_t>(-1));
    f.server.run();
    CHECK(f.log == list{"open", "drain"});
}

TEST_CASE("What is sent outside of handlers goes out in one write") {
    connection_fixture f;
    memory_client c = f.open();
    std::size_t const before = c.steps();
    f.on_loop([&] {
        for (int i = 0; i < 5; ++i) CHECK(f.last.send(std::to_string(i)));
        CHECK(f.last.send_binary("b"));
        CHECK(f.last.send(ws::prepared_message("p")));
        CHECK(f.last.send_with(false, 3, [](std::string& out) { out += "w/w"; }));
    });
    CHECK(f.server.frames(c) ==
          list{"text:0", "text:1", "text:2", "text:3", "text:4", "binary:b", "text:p", "text:w/w"});
    CHECK(c.steps() - before == 1);
}

TEST_CASE("A message that was framed before keeps its turn") {
    connection_fixture f;
    memory_client c = f.open();
    ws::prepared_message const framed("framed");
    std::size_t const before = c.steps();
    f.on_loop([&] {
        CHECK(f.last.send(framed));
        CHECK(f.last.buffered_amount() == framed.bytes().size());
        CHECK(f.last.send("text"));
        CHECK(f.last.send(framed));
    });
    CHECK(f.server.frames(c) == list{"text:framed", "text:text", "text:framed"});
    CHECK(c.steps() - before == 1);
    f.on_loop([&] { f.last.send(framed); });
    CHECK(f.server.frames(c) == list{"text:framed"});
    CHECK(f.last.buffered_amount() == 0);
    f.on_loop([&] {
        f.last.send(framed);
        f.last.close();
    });
    CHECK(f.server.frames(c) == list{"text:framed", "close:1000:"});
}

TEST_CASE("A paused connection hands on nothing until it is resumed") {
    connection_fixture f;
    f.on_message = [](ws::connection& c, std::string_view text) {
        if (text == "pause") c.pause();
    };
    memory_client c = f.open();
    CHECK(f.ask(c, client_text("pause") + client_text("a")) == list{"text:pause"});
    CHECK(f.ask(c, client_text("b") + client_text("c").substr(0, 4)).empty());
    f.last.resume();
    CHECK(f.server.frames(c) == list{"text:a", "text:b"});
    CHECK(f.ask(c, client_text("c").substr(4)) == list{"text:c"});

    CHECK(f.ask(c, client_text("pause") + client_text("a")) == list{"text:pause"});
    f.last.resume();
    c.send(client_text("d"));
    CHECK(f.server.frames(c) == list{"text:a", "text:d"});

    SECTION("what a paused client sends is bounded") {
        f.ask(c, client_text("pause"));
        for (int i = 0; i < 100; ++i) CHECK(f.ask(c, client_text(std::string(8000, 'x'))).empty());
        f.last.resume();
        CHECK(f.server.frames(c).size() == 100);
    }
    SECTION("its end is noticed at once when no message waits") {
        f.ask(c, client_text("pause"));
        c.reset();
        f.server.run();
        CHECK(f.log.back() == "close:1006:");
    }
    SECTION("it goes on although the client reads nothing") {
        c.window(0);
        f.ask(c, client_text("pause") + client_text("a"));
        list got;
        f.on_message = [&](ws::connection&, std::string_view text) { got.emplace_back(text); };
        f.last.resume();
        f.server.run();
        CHECK(got == list{"a"});
    }
}

namespace {

/// Notes messages, and pauses at each.
struct pausing_fixture : connection_fixture {
    pausing_fixture() {
        echo.on_message([this](ws::connection& c, ws::message const& m) {
            c.pause();
            c.send(m);
            log.push_back(std::string(m.data));
        });
    }

    /// Lets the application have the next message, so many times.
    list go_on(int times) {
        for (int i = 0; i < times; ++i) {
            last.resume();
            server.run();
        }
        return log;
    }
};

list const three_messages{"open", "m1", "m2", "m3", "close:1000:bye:clean"};

}  // namespace

TEST_CASE("What came before the client's FIN is handed on, then the close frame") {
    pausing_fixture f;
    memory_client c = f.open();
    std::string const rest = client_text("m2") + client_text("m3") + client_close(1000, "bye");
    bool const in_one_piece = GENERATE(true, false);
    c.send(client_text("m1") + (in_one_piece ? rest : ""));
    f.server.run();
    if (!in_one_piece) c.send(rest);
    f.server.run();
    SECTION("and the client reads on") {
        c.finish();
        f.server.run();
        CHECK(f.log == list{"open", "m1"});
        CHECK(f.last.is_open());
        CHECK(f.go_on(3) == three_messages);
        CHECK(f.server.frames(c) == list{"text:m1", "text:m2", "text:m3", "close:1000:"});
        CHECK(c.closed());
    }
    SECTION("and the client takes nothing more") {
        c.refuse();
        c.finish();
        f.server.run();
        CHECK(f.go_on(3) == three_messages);
        CHECK_FALSE(f.last.send("x"));
        CHECK(c.closed());
    }
    SECTION("and the connection is reset") {
        c.reset();
        f.server.run();
        CHECK(f.log == list{"open", "m1"});
        CHECK(f.go_on(3) == three_messages);
        CHECK(c.closed());
    }
    SECTION("unless the application closes first") {
        c.finish();
        f.server.run();
        f.last.close(ws::close_code{4000}, "enough");
        f.server.run();
        CHECK(f.log == list{"open", "m1", "close:1000:bye:clean"});
    }
    SECTION("unless it cuts the connection") {
        c.finish();
        f.server.run();
        f.last.terminate();
        f.server.run();
        CHECK(f.log == list{"open", "m1", "close:1006:"});
    }
    CHECK(f.server.open_connections() == 0);
}

TEST_CASE("A handshake, messages, a close frame and FIN may come in one piece") {
    connection_fixture f;
    bool const pause = GENERATE(true, false);
    f.echo.on_open([&](ws::connection& c) {
        f.last = c;
        if (pause) c.pause();
    });
    f.on_message = [&](ws::connection&, std::string_view text) { f.log.emplace_back(text); };
    memory_client c = f.server.connect();
    c.send(support::handshake("/ws") + client_text("m1") + client_text("m2") + client_close(1000));
    c.finish();
    f.server.run();
    CHECK(f.log.empty() == pause);
    f.last.resume();
    f.server.run();
    CHECK(f.log == list{"m1", "m2", "close:1000::clean"});
    CHECK(support::websocket_server::take_reply(c) == "HTTP/1.1 101 Switching Protocols");
    CHECK(f.server.frames(c) == list{"text:m1", "text:m2", "close:1000:"});
    CHECK(f.server.open_connections() == 0);
}

TEST_CASE("Messages before a FIN without a close frame are handed on, then the loss") {
    pausing_fixture f;
    memory_client c = f.open();
    c.send(client_text("m1") + client_text("m2") + client_text("part").substr(0, 5));
    c.finish();
    f.server.run();
    CHECK(f.go_on(2) == list{"open", "m1", "m2", "close:1006:"});
    CHECK(f.server.frames(c) == list{"text:m1", "text:m2"});
    CHECK(f.server.open_connections() == 0);
}

TEST_CASE("A connection that takes nothing more is read to its end") {
    connection_fixture f({.close_timeout = 1000ms});
    f.on_message = [&](ws::connection&, std::string_view text) { f.log.emplace_back(text); };
    memory_client c = f.open();
    c.refuse();
    f.on_loop([&] { f.last.send("lost"); });
    CHECK_FALSE(f.last.is_open());
    CHECK_FALSE(f.last.send("x"));
    CHECK(f.last.buffered_amount() == 0);
    SECTION("a close frame") {
        c.send(client_text("m1") + client_text("m2") + client_close(1001));
        f.server.run();
        CHECK(f.log == list{"open", "m1", "m2", "close:1001::clean"});
    }
    SECTION("or none") {
        c.send(client_text("m1"));
        c.finish();
        f.server.run();
        CHECK(f.log == list{"open", "m1", "close:1006:"});
    }
    SECTION("that does not take longer than the client may take to close") {
        c.send(client_text("m1"));
        f.server.pass_time(900ms);
        CHECK(f.log == list{"open", "m1"});
        f.server.pass_time(200ms);
        CHECK(f.log == list{"open", "m1", "close:1006:"});
    }
    SECTION("or until the application closes") {
        f.last.pause();
        c.send(client_text("m1") + client_close(1001));
        f.server.run();
        f.server.pass_time(5000ms);
        CHECK(f.log == list{"open"});
        f.last.close();
        f.server.run();
        CHECK(f.log == list{"open", "close:1001::clean"});
    }
    CHECK(c.closed());
    CHECK(f.server.open_connections() == 0);
}

TEST_CASE("7: the answer to close() is read although the application has paused") {
    connection_fixture f;
    memory_client c = f.open();
    f.on_loop([&] {
        f.last.pause();
        f.last.close(ws::close_code::going_away);
    });
    CHECK(f.ask(c, client_text("crossed") + client_close(1001)) == list{"close:1001:"});
    CHECK(f.log == list{"open", "close:1001::clean"});
}

TEST_CASE("Other threads may send and close") {
    connection_fixture f;
    memory_client c = f.open();
    std::thread other([&] {
        f.last.send("from afar");
        f.last.send(ws::prepared_message("framed"));
        f.last.close();
    });
    other.join();
    CHECK(f.server.frames(c) == list{"text:from afar", "text:framed", "close:1000:"});
}

TEST_CASE("A connection keeps what the application gives it until it has ended") {
    connection_fixture f;
    auto const value = std::make_shared<int>(7);
    f.on_message = [&](ws::connection& c, std::string_view) { c.data() = value; };
    memory_client c = f.open();
    f.ask(c, client_text("x"));
    CHECK(value.use_count() == 2);
    CHECK(*std::any_cast<std::shared_ptr<int>>(f.last.data()) == 7);
    c.reset();
    f.server.run();
    CHECK(value.use_count() == 1);
}

TEST_CASE("A handle without a connection sends nothing") {
    ws::connection const none;
    CHECK_FALSE(none);
    CHECK_FALSE(none.send("x"));
    CHECK_FALSE(none.is_open());
    CHECK(none.buffered_amount() == 0);
    none.close();
    none.terminate();
    CHECK(none == ws::connection());
}

TEST_CASE("A handle may outlive the context") {
    ws::connection kept;
    {
        connection_fixture f;
        memory_client c = f.open();
        kept = f.last;
        CHECK(kept.is_open());
    }
    CHECK_FALSE(kept.send("x"));
    kept.close();
    kept.terminate();
}
