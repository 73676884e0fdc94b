// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/middleware.hpp>
#include <httphooks/socketio/server.hpp>

#include <nlohmann/json.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <optional>
#include <regex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/refusals.hpp"
#include "support/socketio_service.hpp"

using namespace std::chrono_literals;
namespace hh = httphooks;
namespace sio = httphooks::socketio;
using support::eventually;
using support::socketio_peer;
using support::socketio_service;

namespace {

/// Notes why sockets are disconnected, and echoes.
void serve(socketio_service& s, sio::nsp n) {
    n.on_connection([&s](sio::socket k) {
        k.on("echo", [k](sio::arguments const& a, sio::acknowledgement ack) {
            if (ack)
                ack(a);
            else
                k.emit("echo", a);
        });
        k.on_disconnect([&s](sio::disconnect_reason why) { s.note(to_string(why)); });
    });
}

}  // namespace

TEST_CASE("a client joins the main namespace, and gets an id that is not the connection's") {
    socketio_service s;
    serve(s, s.io().of("/"));
    for (char const* const packet : {"0", "0/", "0/,", "0{}", "0{\"token\":\"x\"}"}) {
        socketio_peer p(s);
        CHECK(p.join(packet).size() == 20);
        CHECK(p.joined() == "0{\"sid\":\"" + support::text_member(p.joined(), "sid") + "\"}");
        CHECK(support::text_member(p.joined(), "sid") != p.engine_id());
        CHECK(p.ask("21[\"echo\",1,\"x\"]") == "31[1,\"x\"]");
        CHECK(p.ask("2[\"echo\",1,\"x\"]") == "2[\"echo\",1,\"x\"]");
    }
}

TEST_CASE("a namespace is joined by its name, with or without a comma") {
    socketio_service s;
    serve(s, s.io().of("custom"));
    for (char const* const packet : {"0/custom", "0/custom,", "0/custom,{\"a\":1}"}) {
        socketio_peer p(s);
        CHECK(p.join(packet).size() == 20);
        CHECK(p.joined().starts_with("0/custom,{\"sid\":\""));
        CHECK(p.ask("2/custom,7[\"echo\"]") == "3/custom,7[]");
        CHECK(p.ask("2/custom,[\"echo\",2]") == "2/custom,[\"echo\",2]");
    }
}

TEST_CASE("the path is served without its slash too, if the options say so") {
    for (bool const slash : {true, false}) {
        sio::options o;
        o.engine.add_trailing_slash = slash;
        socketio_service s(o);
        CHECK(s.ask("GET", "/socket.io/?EIO=4&transport=polling").status == 200);
        CHECK(s.ask("GET", "/socket.io?EIO=4&transport=polling").status == (slash ? 404 : 200));
        support::websocket_peer w(s.port(), "/socket.io?EIO=4&transport=websocket");
        CHECK(w.reply().status == (slash ? 404 : 101));
        CHECK(s.ask("GET", "/socket.iox?EIO=4&transport=polling").status == 404);
    }
}

TEST_CASE("one connection has sockets of several namespaces, each with an id of its own") {
    socketio_service s;
    serve(s, s.io().of("/"));
    serve(s, s.io().of("/a"));
    socketio_peer p(s);
    std::string const main = p.join();
    std::string const other = p.join("0/a,");
    CHECK(main != other);
    p.send("1/a,");
    CHECK(s.next_note() == "client namespace disconnect");
    CHECK(p.ask("20[\"echo\"]") == "30[]");
    CHECK(p.join("0/a,").size() == 20);
}

TEST_CASE("a namespace that is not there is refused, and the connection goes on") {
    socketio_service s;
    serve(s, s.io().of("/"));
    socketio_peer p(s);
    CHECK(p.ask("0/nope,") == "4/nope,{\"message\":\"Invalid namespace\"}");
    CHECK(p.ask("0/?q=1,") == "4/?q=1,{\"message\":\"Invalid namespace\"}");
    CHECK(p.ask("0/__proto__,") == "4/__proto__,{\"message\":\"Invalid namespace\"}");
    CHECK(p.join().size() == 20);
}

TEST_CASE("what a client may not send closes its connection") {
    socketio_service s;
    serve(s, s.io().of("/"));
    for (char const* const packet :
         {"0", "2/a,[\"x\"]", "3/a,1[]", "1/a,", "4{}", "4", "0/a", "0/a,[\"x\"]", "0/a,null"}) {
        INFO(packet);
        socketio_service t;
        serve(t, t.io().of("/"));
        t.io().of("/a");
        socketio_peer p(t);
        p.join();
        // a payload that "connect" cannot have is no packet
        bool const none = std::string_view(packet).starts_with("0/a,");
        std::string const why = none ? "parse error" : "forced close";
        if (std::string_view(packet) == "0/a") p.join("0/a");
        CHECK(p.ask(packet) == "<end>");
        CHECK(t.next_note() == why);
        support::socketio_poller q(t);
        CHECK(q.post("40") == "ok");
        q.get();
        if (std::string_view(packet) == "0/a") q.post("40/a"), q.get();
        CHECK(q.post(std::string("4") + packet) == "ok");
        CHECK(t.next_note() == why);
        CHECK(q.get() ==
              "6\x1e"
              "1");
    }
    for (char const* const packet :
         {"0,", "0[\"a\"]", "0\"a\"", "0null", "2[\"x\"]", "31[]", "1", "4{}", "7", "x"}) {
        INFO(packet);
        socketio_peer p(s);
        CHECK(p.ask(packet) == "<end>");
    }
}

TEST_CASE("a packet that is none closes the connection") {
    socketio_service s;
    serve(s, s.io().of("/"));
    for (char const* const packet : {"2[]",
                                     "2{}",
                                     "2null",
                                     "2\"s\"",
                                     "2[null]",
                                     "2[true]",
                                     "2[\"connect\"]",
                                     "2[\"disconnect\"]",
                                     "2[\"disconnecting\"]",
                                     "2[\"newListener\"]",
                                     "2[\"x\"]]",
                                     "2[\"removeListener\"]",
                                     "2[\"connect_error\"]",
                                     "3[\"x\"",
                                     "212345678901234567890[]",
                                     "5[\"x\"]",
                                     "5-[\"x\"]",
                                     "51.5-[\"x\"]",
                                     "511-[\"x\"]",
                                     "9"}) {
        INFO(packet);
        socketio_peer p(s);
        p.join();
        CHECK(p.ask(packet) == "<end>");
        CHECK(s.next_note() == "parse error");
    }
    socketio_peer p(s);
    p.join();
    p.send_bytes("\1");
    CHECK(p.get() == "<end>");
    CHECK(s.next_note() == "parse error");
    support::socketio_poller q(s);
    CHECK(q.post("40") == "ok");
    CHECK(q.post("42[") == "ok");
    CHECK(s.next_note() == "parse error");
}

TEST_CASE("what means nothing is passed over") {
    socketio_service s;
    serve(s, s.io().of("/"));
    socketio_peer p(s);
    p.join();
    p.send("2");
    p.send("399[1]");
    p.send("3[1]");
    p.send("2[\"nobody listens\"]");
    p.send("2[\"error\",1]");
    p.send("2[\"connection\",1]");
    CHECK(p.ask("2007[\"echo\"]") == "37[]");
    CHECK(p.ask("21234567890123456789[\"echo\"]") == "31234567890123456789[]");
}

TEST_CASE("a client that joins nothing is closed, one that has joined may leave") {
    sio::options o;
    o.connect_timeout = 1s;
    socketio_service s(o);
    s.io().of("/mw").use([](sio::socket const&, sio::next const& go) {
        go(sio::middleware_error{"nope", {}});
    });
    {
        socketio_peer p(s);
        CHECK(p.get() == "<end>");
    }
    {
        socketio_peer p(s);
        CHECK(p.ask("0/mw,") == "4/mw,{\"message\":\"nope\"}");
        CHECK(p.get() == "<end>");
    }
    socketio_peer waits(s);
    socketio_peer p(s);
    p.join();
    p.send("1");
    CHECK(waits.get() == "<end>");
    CHECK(p.join().size() == 20);
}

TEST_CASE("a client may be given all the time there is to join, and to send attachments") {
    sio::options o;
    o.connect_timeout = std::chrono::milliseconds::max();
    socketio_service s(o);
    serve(s, s.io().of("/"));
    socketio_peer p(s);
    CHECK_FALSE(p.join().empty());
    for (int i = 0; i < 2; ++i) {
        p.send("51-1[\"echo\",{\"_placeholder\":true,\"num\":0}]");
        p.send_bytes("x");
        CHECK(p.get() == "61-1[{\"_placeholder\":true,\"num\":0}]");
        CHECK(p.get() == "x");
    }
}

TEST_CASE("attachments that do not come close the connection") {
    sio::options o;
    o.connect_timeout = 1s;
    socketio_service s(o);
    serve(s, s.io().of("/"));
    socketio_peer p(s);
    p.join();
    p.send("51-1[\"echo\",{\"_placeholder\":true,\"num\":0}]");
    p.send_bytes("x");
    CHECK(p.get() == "61-1[{\"_placeholder\":true,\"num\":0}]");
    CHECK(p.get() == "x");
    p.send("52-2[\"echo\",{\"_placeholder\":true,\"num\":0}]");
    p.send_bytes("x");
    CHECK(p.get() == "<end>");
    CHECK(s.next_note() == "forced close");
}

TEST_CASE("connections may be in so many namespaces, and ask for names of such a length") {
    sio::options o;
    o.max_namespaces = 2;
    o.max_namespace_length = 8;
    socketio_service s(o);
    for (char const* const name : {"/", "/a", "/b"}) s.io().of(name);
    socketio_peer p(s);
    CHECK(p.join().size() == 20);
    CHECK(p.join("0/a,").size() == 20);
    CHECK(p.ask("0/b,") == "4/b,{\"message\":\"Too many namespaces\"}");
    CHECK(p.ask("0/123456789,") == "<end>");
}

TEST_CASE("the reason of a disconnection is told") {
    socketio_service s;
    s.io().on_connection([&s](sio::socket k) {
        k.on("bye", [k] { k.disconnect(); });
        k.on("bye-hard", [k] { k.disconnect(true); });
        k.on("throw", [] { throw std::runtime_error("on purpose"); });
        k.on_disconnect([&s](sio::disconnect_reason why) { s.note(to_string(why)); });
    });
    s.io().of("/a").on_connection([&s](sio::socket k) {
        k.on_disconnect([&s](sio::disconnect_reason why) { s.note(to_string(why)); });
    });
    std::atomic<int> thrown{0};
    s.io().on_error([&](std::exception_ptr) { ++thrown; });
    SECTION("the server disconnects") {
        socketio_peer p(s);
        p.join();
        CHECK(p.ask("2[\"bye\"]") == "1");
        CHECK(s.next_note() == "server namespace disconnect");
        CHECK(p.join().size() == 20);
    }
    SECTION("the server disconnects, and closes") {
        socketio_peer p(s);
        p.join();
        p.join("0/a,");
        CHECK(p.ask("2[\"bye-hard\"]") == "1");
        CHECK(p.get() == "1/a,");
        CHECK(p.get() == "<end>");
        CHECK(s.next_note() == "server namespace disconnect");
        CHECK(s.next_note() == "server namespace disconnect");
    }
    SECTION("the client leaves") {
        socketio_peer p(s);
        p.join();
        p.send("1");
        CHECK(s.next_note() == "client namespace disconnect");
    }
    SECTION("the client goes away") {
        { socketio_peer(s).join(); }
        CHECK(s.next_note() == "transport close");
    }
    SECTION("the client sends what is no Engine.IO packet") {
        socketio_peer p(s);
        p.join();
        p.socket().send("x");
        CHECK(s.next_note() == "parse error");
    }
    SECTION("the client uses the transport against its rules") {
        socketio_peer p(s);
        p.join();
        p.socket().send("2");
        CHECK(s.next_note() == "transport error");
    }
    SECTION("a handler throws") {
        socketio_peer p(s);
        p.join();
        CHECK(p.ask("2[\"throw\"]") == "<end>");
        CHECK(s.next_note() == "forced close");
        CHECK(thrown == 1);
    }
    SECTION("the server shuts down") {
        socketio_peer p(s);
        p.join();
        auto done = s.io().async_close(boost::asio::use_future);
        CHECK(p.get() == "<end>");
        CHECK(s.next_note() == "server shutting down");
        REQUIRE(done.wait_for(10s) == std::future_status::ready);
        auto again = s.io().async_close(boost::asio::use_future);
        REQUIRE(again.wait_for(10s) == std::future_status::ready);
    }
}

TEST_CASE("a client that does not answer pings is disconnected") {
    sio::options o;
    o.engine.ping_interval = 500ms;
    o.engine.ping_timeout = 500ms;
    socketio_service s(o);
    serve(s, s.io().of("/"));
    socketio_peer p(s);
    p.join();
    CHECK(s.next_note() == "ping timeout");
}

TEST_CASE("a client that comes back gets what it has missed") {
    sio::options o;
    o.recovery.emplace();
    o.recovery->skip_middlewares = true;
    socketio_service s(o);
    std::atomic<int> middlewares{0};
    s.io().use([&](sio::socket const&, sio::next const& go) {
        ++middlewares;
        go();
    });
    s.io().on_connection([&s](sio::socket k) {
        s.note(k.recovered() ? "recovered " + k.data().dump() : "new");
        k.on("join", [k](std::string room) {
            k.data()["room"] = room;
            return k.join(room);
        });
        k.on("hello", [k] { k.emit("direct", 1); });
        k.on_disconnect([&s](sio::disconnect_reason why) { s.note(to_string(why)); });
    });
    std::string joined;
    std::string offset;
    {
        socketio_peer p(s);
        p.join();
        joined = p.joined();
        CHECK(s.next_note() == "new");
        CHECK(p.ask("20[\"join\",\"lobby\"]") == "30[true]");
        std::string const direct = p.ask("2[\"hello\"]");
        CHECK(direct.starts_with("2[\"direct\",1,\""));
        auto const args = nlohmann::json::parse(direct.substr(1));
        offset = args.back().get<std::string>();
    }
    CHECK(s.next_note() == "transport close");
    std::string const sid = support::text_member(joined, "sid");
    std::string const pid = support::text_member(joined, "pid");
    CHECK(pid.size() == 20);
    CHECK(pid != sid);
    s.io().emit("all", 1);
    s.io().to("lobby").emit("some", sio::bytes{"\1\2"});
    s.io().to("elsewhere").emit("others", 3);
    s.io().except("lobby").emit("others", 4);
    s.io().volatile_().emit("others", 5);
    s.io().to(sid).emit("one", 6);
    std::string const back = "0{\"pid\":\"" + pid + "\",\"offset\":\"" + offset + "\"}";
    SECTION("with the same id, its rooms, its data") {
        socketio_peer p(s);
        CHECK(p.ask(back).starts_with("2[\"all\",1,"));
        CHECK(p.get().starts_with("51-[\"some\",{\"_placeholder\":true,\"num\":0},"));
        CHECK(p.get() == "\1\2");
        CHECK(p.get().starts_with("2[\"one\",6,"));
        CHECK(p.get() == joined);
        CHECK(s.next_note() == "recovered {\"room\":\"lobby\"}");
        CHECK(middlewares == 1);
        s.io().to("lobby").emit("again");
        CHECK(p.get().starts_with("2[\"again\","));
        // once
        socketio_peer twin(s);
        CHECK(twin.join(back).size() == 20);
        CHECK(support::text_member(twin.joined(), "sid") != sid);
        CHECK(s.next_note() == "new");
    }
    SECTION("unless what it knows is unknown") {
        for (std::string const& packet :
             {"0{\"pid\":\"" + pid + "\",\"offset\":\"x\"}", std::string("0{\"pid\":\"x\"}"),
              "0{\"pid\":\"" + pid + "\"}", std::string("0{\"pid\":7,\"offset\":{}}")}) {
            {
                socketio_peer p(s);
                CHECK(p.join(packet).size() == 20);
                CHECK(support::text_member(p.joined(), "sid") != sid);
                CHECK(support::text_member(p.joined(), "pid") != pid);
                CHECK(s.next_note() == "new");
            }
            CHECK(s.next_note() == "transport close");
        }
    }
}

TEST_CASE("a client may come back before its old connection is known to be dead") {
    sio::options o;
    o.recovery.emplace();
    socketio_service s(o, 3);
    s.io().on_connection([&s](sio::socket k) {
        s.note(k.recovered() ? "recovered" : "new");
        k.on("hello", [k] { k.emit("direct", 1); });
        k.on_disconnect([&s](sio::disconnect_reason why) { s.note(to_string(why)); });
    });
    socketio_peer p(s);
    p.join();
    CHECK(s.next_note() == "new");
    auto const args = nlohmann::json::parse(p.ask("2[\"hello\"]").substr(1));
    std::string const pid = support::text_member(p.joined(), "pid");
    CHECK(p.ask("2[\"hello\"]").starts_with("2[\"direct\",1,"));
    socketio_peer q(s);
    CHECK(q.ask("0{\"pid\":\"" + pid + "\",\"offset\":" + args.back().dump() + "}")
              .starts_with("2[\"direct\",1,"));
    CHECK(q.get() == p.joined());
    CHECK(s.next_note() == "transport close");
    CHECK(s.next_note() == "recovered");
    CHECK(p.get() == "<end>");
    CHECK(q.ask("2[\"hello\"]").starts_with("2[\"direct\",1,"));
}

namespace {

/// What a client of a recovering server has seen.
struct returning_client {
    /// The packet that asks for the session.
    std::string back() const { return "0{\"pid\":\"" + pid + "\",\"offset\":\"" + offset + "\"}"; }
    /// Notes the offset of an event. @return its first argument
    int see(std::string const& packet) {
        auto const event = nlohmann::json::parse(packet.substr(1));
        offset = event.back().get<std::string>();
        return event.at(1).get<int>();
    }

    std::string pid{};
    std::string offset{};
};

}  // namespace

TEST_CASE(
    "volatile events, and those of middlewares, have an offset that a client comes back with") {
    sio::options o;
    o.recovery.emplace();
    socketio_service s(o);
    s.io().use([](sio::socket k, sio::next go) {
        k.emit("early", "text");
        go();
    });
    s.io().on_connection([&s](sio::socket k) {
        s.note(k.recovered() ? "recovered" : "new");
        k.on("quick", [k] { k.volatile_().emit("quick", "text"); });
        k.on("kept", [k] { k.emit("kept", "text"); });
        k.on_disconnect([&s](sio::disconnect_reason) { s.note("gone"); });
    });
    // as clients do: whatever text comes last
    std::string offset;
    std::string pid;
    auto const see = [&](std::string const& packet) {
        offset = nlohmann::json::parse(packet.substr(1)).back().get<std::string>();
        return packet.substr(0, packet.rfind(','));
    };
    {
        socketio_peer p(s);
        CHECK(see(p.ask("0")) == "2[\"early\",\"text\"");
        pid = support::text_member(p.get(), "pid");
        CHECK(s.next_note() == "new");
        SECTION("a volatile event") {
            CHECK(see(p.ask("2[\"quick\"]")) == "2[\"quick\",\"text\"");
        }
        SECTION("a volatile broadcast behind another event") {
            CHECK(see(p.ask("2[\"kept\"]")) == "2[\"kept\",\"text\"");
            s.io().volatile_().emit("quick", "text");
            CHECK(see(p.get()) == "2[\"quick\",\"text\"");
        }
        SECTION("nothing but that of a middleware") {}
    }
    CHECK(s.next_note() == "gone");
    s.io().emit("missed", "text");
    socketio_peer p(s);
    CHECK(see(p.ask("0{\"pid\":\"" + pid + "\",\"offset\":\"" + offset + "\"}")) ==
          "2[\"missed\",\"text\"");
    CHECK(support::text_member(p.get(), "pid") == pid);
    CHECK(s.next_note() == "recovered");
}

TEST_CASE("a client comes back although what it was sent last is forgotten") {
    sio::options o;
    o.recovery.emplace();
    o.recovery->max_packets = 2;
    socketio_service s(o);
    s.io().on_connection([&s](sio::socket k) {
        s.note(k.recovered() ? "recovered" : "new");
        k.on("hello", [k] { k.emit("n", 1); });
        k.on_disconnect([&s](sio::disconnect_reason) { s.note("gone"); });
    });
    returning_client c;
    {
        socketio_peer p(s);
        p.join();
        CHECK(s.next_note() == "new");
        c.pid = support::text_member(p.joined(), "pid");
        CHECK(c.see(p.ask("2[\"hello\"]")) == 1);
        for (int i = 0; i < 9; ++i) s.io().to("others").emit("n", 0);
    }
    CHECK(s.next_note() == "gone");
    s.io().emit("n", 2);
    {
        socketio_peer p(s);
        CHECK(c.see(p.ask(c.back())) == 2);
        CHECK(p.get().starts_with("0{"));
        CHECK(s.next_note() == "recovered");
        for (int i = 0; i < 9; ++i) s.io().to("others").emit("n", 0);
    }
    // and again
    CHECK(s.next_note() == "gone");
    s.io().emit("n", 3);
    s.io().emit("n", 4);
    socketio_peer p(s);
    CHECK(c.see(p.ask(c.back())) == 3);
    CHECK(c.see(p.get()) == 4);
    CHECK(p.get().starts_with("0{"));
    CHECK(s.next_note() == "recovered");
}

TEST_CASE("a session that was restored is not lost with the attempt that it was restored for") {
    sio::options o;
    o.recovery.emplace();
    o.recovery->skip_middlewares = false;
    socketio_service s(o);
    std::vector<sio::next> held;
    s.io().use([&](sio::socket const& k, sio::next const& go) {
        if (!k.recovered()) return go();
        k.join("of the attempt");
        held.push_back(go);
        s.note("held");
    });
    s.io().on_connection([&s](sio::socket k) {
        s.note(k.recovered() ? "recovered " + k.data().dump() : "new");
        if (!k.recovered()) k.data()["n"] = 1;
        k.on_disconnect([&s](sio::disconnect_reason) { s.note("gone"); });
    });
    returning_client c;
    {
        socketio_peer p(s);
        p.join();
        CHECK(s.next_note() == "new");
        c.pid = support::text_member(p.joined(), "pid");
        s.io().emit("n", 1);
        CHECK(c.see(p.get()) == 1);
    }
    CHECK(s.next_note() == "gone");
    auto p = std::make_unique<socketio_peer>(s);
    s.io().emit("n", 2);
    CHECK(c.see(p->ask(c.back())) == 2);
    CHECK(s.next_note() == "held");
    SECTION("the client asks again") {}
    SECTION("its connection is lost, and it comes back") {
        p = std::make_unique<socketio_peer>(s);
        CHECK(eventually([&] { return s.io().engine().connections().size() == 1; }));
    }
    s.io().emit("n", 3);
    CHECK(c.see(p->ask(c.back())) == 3);
    CHECK(s.next_note() == "held");
    held.back()();
    CHECK(p->get().starts_with("0{"));
    CHECK(s.next_note() == "recovered {\"n\":1}");
    s.io().to("of the attempt").emit("n", 4);
    s.io().emit("n", 5);
    CHECK(c.see(p->get()) == 4);
    CHECK(c.see(p->get()) == 5);
}

TEST_CASE("what is broadcast while a client that came back is not in yet comes in front") {
    sio::options o;
    o.recovery.emplace();
    o.recovery->skip_middlewares = false;
    o.recovery->max_packets = 8;
    socketio_service s(o, 2);
    std::optional<sio::next> held;
    s.io().use([&](sio::socket const& k, sio::next const& go) {
        if (!k.recovered()) return go();
        k.emit("middleware");
        held.emplace(go);
        s.note("held");
    });
    s.io().on_connection([&s](sio::socket k) {
        s.note(k.recovered() ? "recovered" : "new");
        if (!k.recovered()) k.join("lobby");
        k.on_disconnect([&s](sio::disconnect_reason) { s.note("gone"); });
    });
    returning_client c;
    {
        socketio_peer p(s);
        p.join();
        c.pid = support::text_member(p.joined(), "pid");
        CHECK(s.next_note() == "new");
        s.io().emit("n", 0);
        CHECK(c.see(p.get()) == 0);
    }
    CHECK(s.next_note() == "gone");
    s.io().emit("n", 1);
    socketio_peer p(s);
    CHECK(c.see(p.ask(c.back())) == 1);
    CHECK(s.next_note() == "held");
    CHECK(p.get() == "2[\"middleware\",\"" + c.offset + "\"]");
    s.io().emit("n", 2);
    s.io().to("lobby").emit("n", 3);
    s.io().to("elsewhere").emit("n", 4);
    s.io().volatile_().emit("n", 5);
    SECTION("of the packet that says that all is there") {
        (*held)();
        CHECK(c.see(p.get()) == 2);
        CHECK(c.see(p.get()) == 3);
        CHECK(support::text_member(p.get(), "pid") == c.pid);
        CHECK(s.next_note() == "recovered");
        s.io().emit("n", 6);
        CHECK(c.see(p.get()) == 6);
    }
    SECTION("or the client is to begin anew, when it was too much to be kept") {
        for (int i = 6; i < 15; ++i) s.io().emit("n", i);
        (*held)();
        CHECK(p.get() == "<end>");
        socketio_peer q(s);
        q.join(c.back());
        CHECK(support::text_member(q.joined(), "pid").size() == 20);
        CHECK(support::text_member(q.joined(), "pid") != c.pid);
        CHECK(s.next_note() == "new");
    }
    SECTION("even if it goes before it is in") {
        p.socket().peer().client().reset();
        CHECK(eventually([&] { return s.io().engine().size() == 0; }));
        (*held)();
        socketio_peer q(s);
        CHECK(c.see(q.ask(c.back())) == 2);
        CHECK(c.see(q.get()) == 3);
        CHECK(s.next_note() == "held");
        CHECK(q.get().starts_with("2[\"middleware\",\""));
        (*held)();
        CHECK(support::text_member(q.get(), "pid") == c.pid);
        CHECK(s.next_note() == "recovered");
    }
}

TEST_CASE("a client that comes back gets all that the log has, however much it is") {
    sio::options o;
    o.recovery.emplace();
    socketio_service s(o);
    s.io().on_connection([&s](sio::socket k) {
        k.on_disconnect([&s](sio::disconnect_reason why) { s.note(to_string(why)); });
    });
    returning_client c;
    auto const leave = [&] {
        {
            socketio_peer p(s);
            p.join();
            c.pid = support::text_member(p.joined(), "pid");
            s.io().emit("n", 0);
            CHECK(c.see(p.get()) == 0);
        }
        CHECK(s.next_note() == "transport close");
    };
    SECTION("over polling") {
        leave();
        for (int i = 1; i < 5'000; ++i) s.io().emit("n", i);
        support::socketio_poller p(s);
        CHECK(p.post("4" + c.back()) == "ok");
        auto const got = support::messages_of(p.get());
        REQUIRE(got.size() == 5'000);
        for (int i = 1; i < 5'000; ++i)
            REQUIRE(c.see(got[static_cast<std::size_t>(i - 1)].substr(1)) == i);
        CHECK(support::text_member(got.back(), "pid") == c.pid);
        // behind it as always
        for (int i = 0; i < 1'000; ++i) s.io().emit("n", i);
        CHECK(support::messages_of(p.get()).size() == 1'000);
        CHECK(s.note_count() == 0);
    }
    SECTION("over a WebSocket, of which sockets do not take all") {
        leave();
        std::string const much(14'000, 'x');
        for (int i = 1; i < 1'000; ++i) s.io().emit("n", i, much);
        socketio_peer p(s);
        p.send(c.back());
        for (int i = 1; i < 1'000; ++i) REQUIRE(c.see(p.get()) == i);
        CHECK(support::text_member(p.get(), "pid") == c.pid);
        CHECK(s.note_count() == 0);
    }
}

TEST_CASE("a client that comes back again and again gets each broadcast of other threads once") {
    sio::options o;
    o.recovery.emplace();
    o.recovery->skip_middlewares = false;
    socketio_service s(o, 3);
    s.io().use([&s](sio::socket const&, sio::next const& go) {
        boost::asio::post(s.web().get_executor(), [go] { go(); });
    });
    returning_client c;
    {
        socketio_peer p(s);
        p.join();
        c.pid = support::text_member(p.joined(), "pid");
        s.io().emit("n", 0);
        CHECK(c.see(p.get()) == 0);
    }
    std::atomic<int> seen{0};
    std::atomic<bool> enough{false};
    auto const talking = std::async(std::launch::async, [&] {
        for (int n = 1; !enough;) {
            if (n - seen > 300)
                std::this_thread::yield();
            else
                s.io().emit("n", n++);
        }
    });
    bool good = true;
    for (int visit = 0; visit < 40 && good; ++visit) {
        socketio_peer p(s);
        p.send(c.back());
        bool in = false;
        for (int left = 10 + visit; left > 0 && good;) {
            std::string const got = p.get();
            INFO("visit " << visit << ", " << seen << " seen: " << got);
            if (got.starts_with("0{")) {
                good = !in && support::text_member(got, "pid") == c.pid;
                in = true;
            } else {
                good = got.starts_with("2[\"n\",") && c.see(got) == ++seen;
                if (in) --left;
            }
            CHECK(good);
        }
    }
    enough = true;
    talking.wait();
}

TEST_CASE("a socket whose connection is closed while its middlewares run is not connected") {
    socketio_service s;
    s.io().use([&s](sio::socket const& k, sio::next const& go) {
        k.on_disconnect([&s](sio::disconnect_reason) { s.note("gone"); });
        boost::asio::post(k.get_executor(), [&s, go] {
            for (auto& c : s.io().engine().connections()) c.close();
            go();
            s.note("closed");
        });
    });
    s.io().on_connection([&s](sio::socket) { s.note("connected"); });
    socketio_peer p(s);
    CHECK(p.ask("0") == "<end>");
    CHECK(s.next_note() == "closed");
    CHECK(eventually([&] { return s.io().engine().size() == 0; }));
    CHECK(s.note_count() == 0);
}

TEST_CASE("a client that left cannot come back, and without recovery nobody can") {
    sio::options o;
    o.recovery.emplace();
    socketio_service s(o);
    serve(s, s.io().of("/"));
    socketio_peer p(s);
    p.join();
    std::string const pid = support::text_member(p.joined(), "pid");
    auto const args = nlohmann::json::parse(p.ask("2[\"echo\"]").substr(1));
    p.send("1");
    CHECK(s.next_note() == "client namespace disconnect");
    socketio_peer q(s);
    CHECK(q.join("0{\"pid\":\"" + pid + "\",\"offset\":" + args.back().dump() + "}").size() == 20);
    CHECK(support::text_member(q.joined(), "pid") != pid);
    socketio_service plain;
    serve(plain, plain.io().of("/"));
    socketio_peer r(plain);
    r.join();
    CHECK(r.joined().find("pid") == std::string::npos);
    CHECK(r.ask("2[\"echo\",1]") == "2[\"echo\",1]");
}

TEST_CASE("clients of the second generation are in the main namespace at once") {
    sio::options o;
    o.engine.allow_eio3 = true;
    socketio_service s(o);
    s.io().on_connection([](sio::socket k) { k.emit("auth", k.handshake().auth(), k.id()); });
    s.io().of("/custom").on_connection(
        [](sio::socket k) { k.emit("auth", k.handshake().auth(), k.id()); });
    s.io().of("/mw").use([](sio::socket const& k, sio::next const& go) {
        if (k.handshake().auth().contains("data"))
            go({"nope", {{{"code", 7}}}});
        else
            go({"nope", {}});
    });
    socketio_peer p(s, {}, "3");
    CHECK(p.get() == "0");
    CHECK(p.get() == "2[\"auth\",{},\"" + p.engine_id() + "\"]");
    CHECK(p.ask("0/custom?token=abc&x=%20,") == "0/custom,");
    CHECK(p.get() ==
          "2/custom,[\"auth\",{\"token\":\"abc\",\"x\":\" \"},\"/custom#" + p.engine_id() + "\"]");
    CHECK(p.ask("0/mw,") == "4/mw,\"nope\"");
    CHECK(p.ask("0/mw?data=1,") == "4/mw,{\"code\":7}");
    CHECK(p.ask("0/none,") == "4/none,{\"message\":\"Invalid namespace\"}");
    CHECK(p.ask("0/custom,") == "<end>");
}

TEST_CASE("with the msgpack parser each packet is one binary message") {
    sio::options o;
    o.parser = sio::parser::msgpack;
    socketio_service s(o);
    serve(s, s.io().of("/"));
    socketio_peer p(s);
    auto const ask = [&p](nlohmann::json const& packet) {
        auto const bytes = nlohmann::json::to_msgpack(packet);
        p.send_bytes(std::string(bytes.begin(), bytes.end()));
        std::string const answer = p.get();
        return nlohmann::json::from_msgpack(answer, true, false);
    };
    auto const hello = ask({{"type", 0}, {"nsp", "/"}});
    CHECK(hello["type"] == 0);
    CHECK(hello["nsp"] == "/");
    CHECK(hello["data"]["sid"].get<std::string>().size() == 20);
    auto const blob = nlohmann::json::binary({1, 2, 3});
    nlohmann::json data = nlohmann::json::array({"echo", blob, 5});
    auto const answer = ask({{"type", 2}, {"nsp", "/"}, {"data", data}, {"id", 9}});
    CHECK(answer["type"] == 3);
    CHECK(answer["id"] == 9);
    CHECK(answer["data"] == nlohmann::json::array({blob, 5}));
    p.send("0");
    CHECK(p.get() == "<end>");
}

TEST_CASE("the client's scripts are served, and nothing else of their folder") {
    namespace fs = std::filesystem;
    auto const made = fs::temp_directory_path() /
                      ("socketio_scripts_" +
                       std::to_string(std::chrono::steady_clock::now().time_since_epoch().count()));
    fs::create_directories(made);
    std::ofstream(made / "socket.io.min.js") << "var io;";
    std::ofstream(made / "socket.io.min.js.map") << "{}";
    std::ofstream(made / "secret.js") << "secret";
    sio::options o;
    o.client_files = made.string();
    o.engine.cors.emplace();
    {
        socketio_service s(o);
        auto const r = s.peer().ask("GET", "/socket.io/socket.io.min.js?x=1");
        CHECK(r.status == 200);
        CHECK(r.body == "var io;");
        CHECK(r["Content-Type"].find("javascript") != std::string::npos);
        CHECK(!r["Access-Control-Allow-Origin"].empty());
        std::string const etag = r["ETag"];
        CHECK(!etag.empty());
        auto const same =
            s.peer().ask("GET", "/socket.io/socket.io.min.js", {{"If-None-Match", etag}});
        CHECK(same.status == 304);
        CHECK(same.body.empty());
        CHECK(s.peer().ask("GET", "/socket.io/socket.io.min.js.map").body == "{}");
        CHECK(s.peer().ask("GET", "/socket.io/socket.io.js").status == 404);
        for (char const* const name :
             {"secret.js", "socket.io.min.css", "..%2fsecret.js", "socket.io.max.js", ""})
            CHECK(s.peer().ask("GET", std::string("/socket.io/") + name).status == 400);
    }
    socketio_service without;
    CHECK(without.peer().ask("GET", "/socket.io/socket.io.min.js").status == 400);
    fs::remove_all(made);
}

TEST_CASE("options that cannot be meant throw when the server is made") {
    boost::asio::io_context context;
    sio::options o;
    o.path = "socket.io";
    CHECK_THROWS_AS(sio::server(context.get_executor(), o), std::invalid_argument);
    o.path = "/chat";
    o.engine.path = "/other";
    CHECK_THROWS_AS(sio::server(context.get_executor(), o), std::invalid_argument);
    o.engine.path = "/chat";
    CHECK_NOTHROW(sio::server(context.get_executor(), o));
}

TEST_CASE("a server that ends with its event loop lets go of its sockets") {
    auto const kept = std::make_shared<int>(1);
    {
        socketio_service s;
        s.io().on_connection([kept](sio::socket k) {
            k.on("x", [kept, k] {});
            k.on_disconnect([kept, k](sio::disconnect_reason) {});
        });
        socketio_peer p(s);
        p.join();
        CHECK(kept.use_count() > 3);
        s.stop();
    }
    CHECK(kept.use_count() == 1);
}

TEST_CASE("a server that was closed lets go of handlers that hold it") {
    auto const kept = std::make_shared<int>(1);
    {
        socketio_service s;
        auto const io = s.io();
        io.on_connection([io, kept](sio::socket) {});
        io.on_new_namespace([io, kept](sio::nsp) {});
        io.of([io, kept](std::string_view name, nlohmann::json const&) { return name == "/y"; });
        io.of(std::regex("/dyn")).on_connection([n = io.of("/a"), kept](sio::socket) {});
        io.of("/a").use([n = io.of("/a"), kept](sio::socket, sio::next go) { go(); });
        socketio_peer p(s);
        p.join();
        p.join("0/dyn,");
        p.join("0/y,");
        CHECK(kept.use_count() == 6);
        auto done = io.async_close(boost::asio::use_future);
        REQUIRE(done.wait_for(10s) == std::future_status::ready);
        CHECK(eventually([&] { return kept.use_count() == 1; }));
    }
    CHECK(kept.use_count() == 1);
}

TEST_CASE("what only this server understands is counted among the refusals") {
    sio::options o;
    o.max_namespaces = 2;
    socketio_service s(o);
    serve(s, s.io().of("/"));
    s.io().of("/mw").use([](sio::socket const&, sio::next const& go) {
        go(sio::middleware_error{"nope", {}});
    });
    auto const counted = s.io().counters();
    {
        socketio_peer p(s);
        p.ask("0/nope,");
        p.ask("0/mw,");
        p.join();
        CHECK(p.ask("2[]") == "<end>");
        socketio_peer none(s);
        CHECK(none.ask("2[\"x\"]") == "<end>");
    }
    CHECK(support::refusals(*counted) ==
          "Bad packet: 1; Invalid namespace: 1; Packet to no socket: 1; Refused by middleware: 1");
    CHECK(counted->opened() == 2);
    CHECK(support::eventually([&] { return counted->sessions() == 0; }));
}
