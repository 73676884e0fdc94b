// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/middleware.hpp>
#include <httphooks/socketio/socket.hpp>
#include <httphooks/socketio/socket_error.hpp>

#include <nlohmann/json.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/system_error.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/socketio_service.hpp"

using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace hh = httphooks;
namespace sio = httphooks::socketio;
using support::eventually;
using support::socketio_peer;
using support::socketio_service;

TEST_CASE("handlers take typed arguments, and give what is acknowledged") {
    socketio_service s;
    s.io().on_connection([&s](sio::socket k) {
        k.on("add", [](int a, int b) { return a + b; });
        k.on("greet", [](std::string name, sio::acknowledgement ack) { ack("hello " + name, 1); });
        k.on("optional", [](std::optional<int> n) { return n.value_or(-1); });
        k.on("map", [](std::map<std::string, int> m) { return m.size(); });
        k.on("later",
             [](std::string text) -> asio::awaitable<std::string> { co_return text + "!"; });
        k.on("bytes", [](sio::bytes b) { return sio::bytes{b.data + "x"}; });
        k.on_error([&s](sio::socket_error const& e) {
            s.note(e.event + ' ' + std::to_string(e.argument.value_or(99)) + ' ' + e.message);
        });
    });
    socketio_peer p(s);
    p.join();
    CHECK(p.ask("21[\"add\",2,3]") == "31[5]");
    CHECK(p.ask("22[\"add\",2,3,\"surplus\"]") == "32[5]");
    CHECK(p.ask("23[\"greet\",\"you\"]") == "33[\"hello you\",1]");
    CHECK(p.ask("24[\"optional\"]") == "34[-1]");
    CHECK(p.ask("25[\"optional\",null]") == "35[-1]");
    CHECK(p.ask("26[\"map\",{\"a\":1,\"b\":2}]") == "36[2]");
    CHECK(p.ask("27[\"later\",\"x\"]") == "37[\"x!\"]");
    p.send("51-8[\"bytes\",{\"_placeholder\":true,\"num\":0}]");
    p.send_bytes("ab");
    CHECK(p.get() == "61-8[{\"_placeholder\":true,\"num\":0}]");
    CHECK(p.get() == "abx");
    p.send("2[\"add\",2.5,1]");
    CHECK(s.next_note() == "add 0 argument of the wrong kind");
    p.send("2[\"add\",1]");
    CHECK(s.next_note() == "add 1 argument missing");
    p.send("2[\"add\",1,3000000000]");
    CHECK(s.next_note() == "add 1 argument of the wrong kind");
    CHECK(p.ask("29[\"add\",1,1]") == "39[2]");
}

TEST_CASE("an event is sent with whatever JSON has, and with bytes") {
    socketio_service s;
    s.io().on_connection([&s](sio::socket k) {
        k.emit("e");
        k.emit("e", 1, 2.5, true, nullptr, "text", std::string("\"q\""));
        k.emit("e", nlohmann::json{{"a", {1, 2}}}, std::vector<int>{1, 2});
        k.emit(7, "x");
        k.emit("bin", sio::bytes{std::string("\1\2\3", 3)},
               nlohmann::json{{"a", nlohmann::json::array({nlohmann::json::binary({})})}});
        try {
            k.emit("connect", 1);
        } catch (boost::system::system_error const&) {
            s.note("refused");
        }
    });
    s.io().of("/a").on_connection([](sio::socket k) { k.emit("e", 1); });
    socketio_peer p(s);
    p.join();
    CHECK(p.get() == "2[\"e\"]");
    CHECK(p.get() == "2[\"e\",1,2.5,true,null,\"text\",\"\\\"q\\\"\"]");
    CHECK(p.get() == "2[\"e\",{\"a\":[1,2]},[1,2]]");
    CHECK(p.get() == "2[7,\"x\"]");
    CHECK(p.get() ==
          "52-[\"bin\",{\"_placeholder\":true,\"num\":0},{\"a\":[{\"_placeholder\":true,\"num\":"
          "1}]}]");
    CHECK(s.next_note() == "refused");
    CHECK(p.get() == std::string("\1\2\3"));
    CHECK(p.get().empty());
    p.join("0/a,");
    CHECK(p.get() == "2/a,[\"e\",1]");
}

TEST_CASE("handlers are called once, taken away, and counted") {
    socketio_service s;
    s.io().on_connection([](sio::socket k) {
        k.once("once", [k] { k.emit("once"); });
        auto const first = k.on("two", [k] { k.emit("first"); });
        k.on("two", [k] { k.emit("second"); });
        k.on("off", [k, first] {
            k.off(first);
            return k.listener_count("two");
        });
        k.on("off all", [k] {
            k.off("two");
            return k.listener_count("two");
        });
        k.on(7, [] { return "seven"; });
    });
    socketio_peer p(s);
    p.join();
    p.send("2[\"once\"]");
    p.send("2[\"once\"]");
    p.send("2[\"two\"]");
    CHECK(p.get() == "2[\"once\"]");
    CHECK(p.get() == "2[\"first\"]");
    CHECK(p.get() == "2[\"second\"]");
    CHECK(p.ask("21[\"off\"]") == "31[1]");
    CHECK(p.ask("2[\"two\"]") == "2[\"second\"]");
    CHECK(p.ask("22[\"off all\"]") == "32[0]");
    p.send("2[\"two\"]");
    CHECK(p.ask("23[7]") == "33[\"seven\"]");
    CHECK(p.ask("24[\"7\"]") == "34[\"seven\"]");
}

TEST_CASE("an acknowledgement answers once, and not after the client has left") {
    socketio_service s;
    std::optional<sio::acknowledgement> kept;
    s.io().on_connection([&](sio::socket k) {
        k.on("double", [](sio::acknowledgement ack) {
            ack(1);
            ack(2);
        });
        k.on("keep", [&](sio::acknowledgement ack) {
            kept = ack;
            s.note(ack ? "asked" : "not asked");
        });
        k.on("late", [&] { (*kept)("late"); });
    });
    socketio_peer p(s);
    p.join();
    CHECK(p.ask("21[\"double\"]") == "31[1]");
    p.send("2[\"keep\"]");
    CHECK(s.next_note() == "not asked");
    p.send("22[\"keep\"]");
    CHECK(s.next_note() == "asked");
    p.send("1");
    p.join();
    p.send("2[\"late\"]");
    CHECK(p.ask("23[\"double\"]") == "33[1]");
}

TEST_CASE("the server asks for acknowledgements too") {
    socketio_service s;
    s.io().on_connection([&s](sio::socket k) {
        k.on("ask", [&s, k] {
            k.emit("q", 1, [&s](hh::error_code ec, int n) {
                s.note(ec ? ec.message() : std::to_string(n));
            });
        });
        k.on("ask soon", [&s, k] {
            k.timeout(100ms).emit("q", 2, [&s](hh::error_code ec, int n) {
                s.note(ec ? ec.message() : std::to_string(n));
            });
        });
        k.on("await", [k]() -> asio::awaitable<nlohmann::json> {
            nlohmann::json answer = co_await k.async_emit_with_ack("q", 3, asio::use_awaitable);
            co_return answer;
        });
    });
    socketio_peer p(s);
    p.join();
    CHECK(p.ask("2[\"ask\"]") == "20[\"q\",1]");
    p.send("30[41,\"surplus\"]");
    CHECK(s.next_note() == "41");
    p.send("30[42]");
    CHECK(p.ask("2[\"ask\"]") == "21[\"q\",1]");
    p.send("31[\"text\"]");
    CHECK(s.next_note() == "argument of the wrong kind");
    CHECK(p.ask("2[\"ask soon\"]") == "22[\"q\",2]");
    CHECK(s.next_note() == "operation has timed out");
    p.send("32[1]");
    CHECK(p.ask("27[\"await\"]") == "23[\"q\",3]");
    CHECK(p.ask("33[{\"a\":1}]") == "37[{\"a\":1}]");
    CHECK(p.ask("2[\"ask\"]") == "24[\"q\",1]");
    p.send("x");
    CHECK(p.get() == "<end>");
    CHECK(s.next_note() == "socket has been disconnected");
}

TEST_CASE("bytes come in acknowledgements") {
    socketio_service s;
    s.io().on_connection([&s](sio::socket k) {
        k.emit("q", [&s](hh::error_code ec, sio::bytes b) { s.note(ec ? "?" : b.data); });
    });
    socketio_peer p(s);
    p.join();
    CHECK(p.get() == "20[\"q\"]");
    p.send("61-0[{\"_placeholder\":true,\"num\":0}]");
    p.send_bytes("abc");
    CHECK(s.next_note() == "abc");
}

TEST_CASE("listeners of all events see what comes and what is sent") {
    socketio_service s;
    s.io().on_connection([&s](sio::socket k) {
        k.on_any([&s](std::string_view name, sio::arguments const& a) {
            s.note("in " + std::string(name) + ' ' + a.to_json().dump());
        });
        k.prepend_any([&s](std::string_view, sio::arguments const&) { s.note("before"); });
        k.on_any_outgoing([&s](std::string_view name, sio::arguments const& a) {
            s.note("out " + std::string(name) + ' ' + a.to_json().dump());
        });
        k.on("x", [&s, k](sio::acknowledgement ack) {
            s.note("handler");
            ack();
            k.emit("y", 1);
            s.io().emit("z", 2);
        });
        k.on("stop", [k] {
            k.off_any();
            k.off_any_outgoing();
        });
    });
    socketio_peer p(s);
    p.join();
    p.send("21[\"x\",true]");
    for (char const* const expected :
         {"before", "in x [true]", "handler", "out y [1]", "out z [2]"})
        CHECK(s.next_note() == expected);
    p.send("2[\"stop\"]");
    CHECK(s.next_note() == "before");
    CHECK(s.next_note() == "in stop []");
    p.send("22[\"x\"]");
    CHECK(s.next_note() == "handler");
    CHECK(p.get() == "31[]");
    CHECK(p.get() == "2[\"y\",1]");
    CHECK(p.get() == "2[\"z\",2]");
    CHECK(p.get() == "32[]");
    CHECK(s.note_count() == 0);
}

TEST_CASE("middlewares of a socket see each event first, and may refuse it") {
    socketio_service s;
    s.io().on_connection([&s](sio::socket k) {
        k.use([](std::string_view name, sio::arguments const&, sio::next go) {
            if (name == "bad")
                go({"refused", {{{"code", 1}}}});
            else
                go();
        });
        k.use([](std::string_view, sio::arguments const&, sio::next go) {
            std::thread([go] { go(); }).detach();
        });
        k.on("good", [](int n) { return n; });
        k.on("bad", [&s] { s.note("never"); });
        k.on_error([&s](sio::socket_error const& e) {
            s.note(e.event + ' ' + e.message + ' ' + e.data->dump());
        });
    });
    socketio_peer p(s);
    p.join();
    CHECK(p.ask("21[\"good\",5]") == "31[5]");
    p.send("22[\"bad\"]");
    CHECK(s.next_note() == "bad refused {\"code\":1}");
    CHECK(p.ask("23[\"good\",6]") == "33[6]");
}

TEST_CASE("a middleware of a socket is one closure for all events") {
    socketio_service s;
    s.io().on_connection([&s](sio::socket k) {
        k.use([bucket = std::make_unique<int>(2)](std::string_view, sio::arguments const&,
                                                  sio::next go) {
            (*bucket)-- > 0 ? go() : go({"too many", {}});
        });
        k.on_any([n = 0, &s](std::string_view, sio::arguments const&) mutable {
            s.note(std::to_string(++n));
        });
        k.on("e", [n = 0]() mutable { return ++n; });
        k.on_error([&s](sio::socket_error const& e) { s.note(e.message); });
    });
    socketio_peer p(s);
    p.join();
    CHECK(p.ask("21[\"e\"]") == "31[1]");
    CHECK(p.ask("22[\"e\"]") == "32[2]");
    p.send("23[\"e\"]");
    for (char const* const expected : {"1", "2", "3", "too many"}) CHECK(s.next_note() == expected);
}

TEST_CASE("a middleware of a socket may add others, and end the socket, while it runs") {
    socketio_service s;
    s.io().on_connection([&s](sio::socket k) {
        auto const text = std::make_shared<std::string>("still there");
        k.use([k, text, &s](std::string_view name, sio::arguments const&, sio::next go) {
            if (name == "end") k.disconnect();
            if (name == "add")
                k.use([&s](std::string_view, sio::arguments const&, sio::next then) {
                    s.note("added");
                    then();
                });
            s.note(*text);
            go();
        });
        k.on("add", [] { return 1; });
        k.on("end", [&s] { s.note("never"); });
        k.on_disconnect([&s](sio::disconnect_reason) { s.note("gone"); });
    });
    socketio_peer p(s);
    p.join();
    CHECK(p.ask("21[\"add\"]") == "31[1]");
    CHECK(s.next_note() == "still there");
    CHECK(p.ask("22[\"add\"]") == "32[1]");
    CHECK(s.next_note() == "still there");
    CHECK(s.next_note() == "added");
    CHECK(p.ask("23[\"end\"]") == "1");
    CHECK(s.next_note() == "gone");
    CHECK(s.next_note() == "still there");
    CHECK(p.join().size() == 20);
    CHECK(s.note_count() == 0);
}

TEST_CASE("a middleware that never lets an event go is let go with its socket") {
    socketio_service s;
    auto const token = std::make_shared<int>(1);
    s.io().on_connection([&s, token](sio::socket k) {
        k.use([&s, token, held = std::vector<sio::next>()](std::string_view, sio::arguments const&,
                                                           sio::next go) mutable {
            held.push_back(std::move(go));
            s.note("held");
        });
    });
    long const before = token.use_count();
    {
        socketio_peer p(s);
        p.join();
        p.send("2[\"e\"]");
        CHECK(s.next_note() == "held");
        CHECK(token.use_count() > before);
    }
    CHECK(eventually([&] { return token.use_count() == before; }));
}

TEST_CASE("an event that is not handled is answered by the application, or by itself") {
    sio::options o;
    SECTION("the application") {}
    SECTION("itself") {
        o.answer_errors = true;
    }
    socketio_service s(o);
    s.io().on_connection([&s, itself = o.answer_errors](sio::socket k) {
        k.use([](std::string_view name, sio::arguments const&, sio::next go) {
            if (name == "refused") return go({"refused", {{{"code", 1}}}});
            if (name == "plain") return go({"no", {}});
            if (name == "later") {
                std::thread([go] { go({"late", {}}); }).detach();
                return;
            }
            go();
        });
        k.on("add", [](int a, int b) { return a + b; });
        k.on("await", [](int a) -> asio::awaitable<int> { co_return a; });
        k.on("either", [](int a) { return a; });
        k.on("either", [](std::string a) { return a; });
        k.on_error([&s, itself](sio::socket_error const& e) {
            if (!e.ack) s.note("nobody asks: " + e.message);
            if (!itself || e.message == "no") e.ack("told", e.message);
        });
    });
    socketio_peer p(s);
    p.join();
    bool const itself = o.answer_errors;
    auto const answer = [itself](std::string number, std::string message, std::string more = {}) {
        return "3" + number +
               (itself ? "[{" + more + "\"error\":\"" + message + "\"}]"
                       : "[\"told\",\"" + message + "\"]");
    };
    CHECK(p.ask("21[\"add\",1]") == answer("1", "argument missing"));
    CHECK(p.ask("22[\"add\",1,\"\"]") == answer("2", "argument of the wrong kind"));
    CHECK(p.ask("23[\"await\"]") == answer("3", "argument missing"));
    CHECK(p.ask("24[\"refused\"]") ==
          answer("4", "refused", itself ? "\"data\":{\"code\":1}," : ""));
    CHECK(p.ask("25[\"later\"]") == answer("5", "late"));
    // on_error() is first
    CHECK(p.ask("26[\"plain\"]") == "36[\"told\",\"no\"]");
    CHECK(p.ask("27[\"add\",1,1]") == "37[2]");
    p.send("2[\"add\"]");
    CHECK(s.next_note() == "nobody asks: argument missing");
    if (!itself) return;
    CHECK(p.ask("28[\"unknown\"]") == answer("8", "no handler for the event"));
    // one handler that fits is enough
    CHECK(p.ask("29[\"either\",1]") == "39[1]");
    CHECK(p.ask("20[\"either\",\"x\"]") == "30[\"x\"]");
    CHECK(p.ask("21[\"either\",true]") == answer("1", "argument of the wrong kind"));
}

TEST_CASE("a handler that throws leaves nobody waiting, then its connection is closed") {
    sio::options o;
    SECTION("the application answers") {}
    SECTION("it is answered") {
        o.answer_errors = true;
    }
    socketio_service s(o);
    std::atomic<int> thrown{0};
    s.io().on_error([&](std::exception_ptr) { ++thrown; });
    s.io().on_connection([&s, itself = o.answer_errors](sio::socket k) {
        k.use([](std::string_view name, sio::arguments const&, sio::next go) {
            if (name == "middleware") throw std::runtime_error("secret");
            if (name == "thread") {
                std::thread([go] { go(); }).detach();
                return;
            }
            go();
        });
        k.use([](std::string_view name, sio::arguments const&, sio::next go) {
            if (name == "thread") throw std::runtime_error("secret");
            go();
        });
        k.on_any([](std::string_view name, sio::arguments const&) {
            if (name == "any") throw std::runtime_error("secret");
        });
        k.on("handler", []() -> int { throw std::runtime_error("secret"); });
        k.on("coroutine", []() -> asio::awaitable<int> {
            throw std::runtime_error("secret");
            co_return 1;
        });
        k.on_error([&s, itself](sio::socket_error const& e) {
            s.note(e.event + (e.code == sio::error::handler_failed ? " failed" : " ?"));
            if (!itself) e.ack("told");
        });
        k.on_disconnect([&s](sio::disconnect_reason why) { s.note(to_string(why)); });
    });
    int n = 0;
    for (std::string const name : {"any", "middleware", "thread", "handler", "coroutine"}) {
        socketio_peer p(s);
        p.join();
        CHECK(p.ask("21[\"" + name + "\"]") ==
              (o.answer_errors ? "31[{\"error\":\"internal error\"}]" : "31[\"told\"]"));
        CHECK(p.get() == "<end>");
        CHECK(s.next_note() == name + " failed");
        CHECK(s.next_note() == "forced close");
        CHECK(thrown == ++n);
    }
}

TEST_CASE("what a socket broadcasts never comes to itself, whatever rooms it has left") {
    sio::options o;
    SECTION("without recovery") {}
    SECTION("with recovery") {
        o.recovery.emplace();
    }
    bool const recovers = o.recovery.has_value();
    socketio_service s(o);
    s.io().on_connection([](sio::socket k) {
        k.join("a");
        k.leave(k.id());
        k.on("go", [k] {
            k.broadcast().emit("all");
            k.to("a").emit("room");
            k.volatile_().emit("volatile");
            k.emit("done");
        });
    });
    socketio_peer p(s);
    socketio_peer q(s);
    p.join();
    q.join();
    auto const next = [recovers](socketio_peer& c) {
        auto const array = nlohmann::json::parse(c.get().substr(1));
        CHECK(array.size() == (recovers ? 2 : 1));
        return array.at(0).get<std::string>();
    };
    p.send("2[\"go\"]");
    CHECK(next(p) == "volatile");
    CHECK(next(p) == "done");
    CHECK(next(q) == "all");
    CHECK(next(q) == "room");
    s.io().to(s.io().of("/").sockets().at(0).id()).emit("nobody");
    s.io().emit("everybody");
    CHECK(next(p) == "everybody");
    CHECK(next(q) == "everybody");
}

TEST_CASE("a socket that is disconnecting is still in its rooms, then in none") {
    socketio_service s;
    s.io().on_connection([&s](sio::socket k) {
        k.join("a", std::vector<std::string>{"b", "c"});
        k.on_disconnecting([&s, k](sio::disconnect_reason) {
            s.note("disconnecting " + std::to_string(k.rooms().size()));
        });
        k.on_disconnect([&s, k](sio::disconnect_reason) {
            s.note("disconnect " + std::to_string(k.rooms().size()));
            s.note(k.join("d") ? "joined" : "did not join");
            s.note(k.connected() ? "connected" : "gone");
            k.emit("nobody gets it");
        });
    });
    socketio_peer p(s);
    p.join();
    p.send("1");
    for (char const* const expected : {"disconnecting 4", "disconnect 0", "did not join", "gone"})
        CHECK(s.next_note() == expected);
}

TEST_CASE("sockets that disconnect each other while they are disconnecting end once") {
    bool const close = GENERATE(false, true);
    bool const dropped = GENERATE(false, true);
    CAPTURE(close, dropped);
    socketio_service s;
    std::vector<sio::socket> both;
    auto const watch = [&](sio::socket const& k) {
        both.push_back(k);
        k.on_disconnecting([&, k](sio::disconnect_reason) {
            s.note(k.nsp() + " disconnecting" + (k.connected() ? "" : "?"));
            for (auto const& other : both) other.disconnect(close);
        });
        k.on_disconnect([&s, k](sio::disconnect_reason) { s.note(k.nsp() + " disconnect"); });
    };
    s.io().on_connection(watch);
    s.io().of("/b").on_connection(watch);
    {
        socketio_peer p(s);
        p.join();
        p.join("0/b,");
        if (!dropped) {
            CHECK(p.ask("1") == "1/b,");
            if (close) CHECK(p.get() == "<end>");
        }
    }
    for (char const* const expected :
         {"/ disconnecting", "/b disconnecting", "/b disconnect", "/ disconnect"})
        CHECK(s.next_note() == expected);
    socketio_peer later(s);
    CHECK_FALSE(later.join().empty());
    CHECK(s.note_count() == 0);
    s.stop();
}

TEST_CASE("handlers that hold their socket do not keep it when it is disconnected") {
    socketio_service s;
    auto const witness = std::make_shared<int>(0);
    s.io().on_connection([witness](sio::socket k) {
        k.on("x", [k, witness] {});
        k.on_any([k, witness](std::string_view, sio::arguments const&) {});
        k.on_any_outgoing([k, witness](std::string_view, sio::arguments const&) {});
        k.use([k, witness](std::string_view, sio::arguments const&, sio::next const& go) { go(); });
        k.on_disconnecting([k, witness](sio::disconnect_reason) {});
        k.on_disconnect([k, witness](sio::disconnect_reason) {});
        k.on_error([k, witness](sio::socket_error const&) {});
        k.emit("q", [k, witness](hh::error_code) {});
    });
    {
        socketio_peer p(s);
        p.join();
        CHECK(p.get() == "20[\"q\"]");
        CHECK(witness.use_count() >= 10);
    }
    CHECK(eventually([&] { return witness.use_count() == 2; }));
}

TEST_CASE("volatile events are dropped when something waits before them") {
    socketio_service s;
    s.io().on_connection([](sio::socket k) {
        k.on("alone", [k] { k.volatile_().emit("v", 1); });
        k.on("two", [k] {
            k.volatile_().emit("v", 1);
            k.volatile_().emit("v", 2);
        });
        k.on("mixed", [k] {
            k.emit("n", 1);
            k.volatile_().emit("v", 2);
            k.volatile_().emit("v", sio::bytes{"x"});
            k.emit("n", 4);
        });
        k.on("bin", [k] { k.volatile_().emit("v", sio::bytes{"x"}); });
    });
    socketio_peer p(s);
    p.join();
    CHECK(p.ask("2[\"alone\"]") == "2[\"v\",1]");
    CHECK(p.ask("2[\"two\"]") == "2[\"v\",1]");
    CHECK(p.ask("2[\"mixed\"]") == "2[\"n\",1]");
    CHECK(p.get() == "2[\"n\",4]");
    CHECK(p.ask("2[\"bin\"]") == "51-[\"v\",{\"_placeholder\":true,\"num\":0}]");
    CHECK(p.get() == "x");
}

TEST_CASE("the handshake is as secure as a trusted proxy says") {
    asio::io_context context;
    hh::registry hooks{context.get_executor()};
    hh::http::options o;
    o.address = "127.0.0.1";
    o.trusted_proxies = {"127.0.0.1"};
    std::promise<bool> secure;
    auto told = secure.get_future();
    hh::http::server web(o, hooks);
    sio::server io(web.get_executor());
    io.on_connection([&](sio::socket k) { secure.set_value(k.handshake().secure()); });
    web.mount(io);
    web.async_run([](hh::error_code) {});
    support::http_peer p(web.port());
    std::string const target = "/socket.io/?EIO=4&transport=polling";
    bool const https = GENERATE(false, true);
    auto const opened = p.ask("GET", target, {{"X-Forwarded-Proto", https ? "https" : "http"}});
    auto const sid = support::text_member(opened.body, "sid");
    CHECK(p.ask("POST", target + "&sid=" + sid, {}, "40").status == 200);
    REQUIRE(told.wait_for(10s) == std::future_status::ready);
    CHECK(told.get() == https);
    web.stop();
}

TEST_CASE("what is sent at once to a client that polls is no backlog, however much it is") {
    socketio_service s;
    s.io().on_connection([&s](sio::socket k) {
        k.emit("large", std::string(1'100'000, 'x'));
        for (int i = 0; i < 1'100; ++i) k.emit("n", i);
        k.on("big", [k](std::size_t n) { k.emit("big", std::string(n, 'y')); });
        k.on("bytes", [] { return sio::bytes{std::string(1'100'000, 'z')}; });
        k.on_disconnect([&s](sio::disconnect_reason why) { s.note(to_string(why)); });
    });
    for (bool const first : {true, false}) {
        // the poll comes before what it is answered with, or behind it
        INFO(first);
        support::socketio_poller p(s);
        auto const ask = [&](std::string_view payload) {
            if (first) p.poll();
            CHECK(p.post(payload) == "ok");
            return support::messages_of(first ? p.answer() : p.get());
        };
        auto const joined = ask("40");
        REQUIRE(joined.size() == 1'102);
        CHECK(joined[1].size() == 1'100'000 + 14);
        CHECK(joined[1'101] == "42[\"n\",1099]");
        auto const two =
            ask("42[\"big\",600000]\x1e"
                "42[\"big\",600000]");
        REQUIRE(two.size() == 2);
        CHECK(two[1].size() > 600'000);
        auto const bytes = ask("427[\"bytes\"]");
        REQUIRE(bytes.size() == 2);
        CHECK(bytes[0] == "461-7[{\"_placeholder\":true,\"num\":0}]");
        CHECK(bytes[1].size() > 1'100'000);
    }
    CHECK(s.note_count() == 0);
}

TEST_CASE("an event with bytes is dropped whole, when too much waits or it is volatile") {
    sio::options o;
    o.engine.queue_bytes = 1'000;
    o.engine.overflow = hh::engineio::overflow_policy::drop;
    socketio_service s(o);
    s.io().on_connection([](sio::socket k) {
        k.on("go", [k] { k.emit("b", sio::bytes{std::string(400, 'x')}); });
        k.on("maybe", [k] { k.volatile_().emit("v", sio::bytes{"x"}); });
    });
    support::socketio_poller p(s);
    CHECK(p.post("40") == "ok");
    p.get();
    for (int i = 0; i < 10; ++i) CHECK(p.post("42[\"go\"]") == "ok");
    CHECK(p.post("42[\"maybe\"]") == "ok");
    auto const got = support::messages_of(p.get());
    REQUIRE(got.size() == 6);
    for (std::size_t i = 0; i < got.size(); i += 2) {
        CHECK(got[i] == "451-[\"b\",{\"_placeholder\":true,\"num\":0}]");
        CHECK(got[i + 1].starts_with('b'));
    }
    p.poll();
    CHECK(p.post("42[\"maybe\"]") == "ok");
    CHECK(support::messages_of(p.answer()).size() == 2);
}

TEST_CASE("the handshake tells how the client came") {
    socketio_service s;
    std::promise<sio::handshake> shaken;
    s.io().on_connection([&](sio::socket k) { shaken.set_value(k.handshake()); });
    socketio_peer p(s, "&q=a+b&m=1&m=2");
    p.join("0{\"token\":\"t\"}");
    auto seen = shaken.get_future();
    REQUIRE(seen.wait_for(20s) == std::future_status::ready);
    sio::handshake const h = seen.get();
    CHECK(h.address() == "127.0.0.1");
    CHECK_FALSE(h.secure());
    CHECK_FALSE(h.xdomain());
    CHECK(h.url().starts_with("/socket.io/?"));
    CHECK(h.query("q") == "a b");
    CHECK_FALSE(h.query("r"));
    CHECK(h.query()["q"] == "a b");
    CHECK(h.query()["m"] == nlohmann::json::array({"1", "2"}));
    CHECK(h.headers().count("Upgrade") == 1);
    CHECK(h.auth() == nlohmann::json{{"token", "t"}});
    CHECK(h.time().ends_with("GMT"));
    CHECK(h.to_json()["headers"]["upgrade"] == "websocket");
    CHECK(h.to_json()["issued"].is_number());
}

TEST_CASE("a socket is used from other threads, and after the client has gone") {
    socketio_service s;
    std::promise<sio::socket> connected;
    s.io().on_connection([&](sio::socket k) { connected.set_value(k); });
    socketio_peer p(s);
    p.join();
    sio::socket const k = connected.get_future().get();
    for (int i = 0; i < 10; ++i) k.emit("n", i);
    for (int i = 0; i < 10; ++i) CHECK(p.get() == "2[\"n\"," + std::to_string(i) + "]");
    auto answer = k.async_emit_with_ack("q", asio::use_future);
    CHECK(p.get() == "20[\"q\"]");
    p.send("30[5]");
    CHECK(answer.get() == 5);
    CHECK(k.join("a"));
    CHECK(k.rooms().size() == 2);
    k.disconnect();
    CHECK(p.get() == "1");
    CHECK(eventually([&] { return !k.connected(); }));
    k.emit("n", 1);
    k.disconnect(true);
    CHECK_FALSE(k.join("a"));
    auto late = k.timeout(50ms).async_emit_with_ack("q", asio::use_future);
    CHECK_THROWS_AS(late.get(), boost::system::system_error);
}

TEST_CASE("a socket is in so many rooms, and owes so many acknowledgements") {
    sio::options o;
    o.max_rooms = 2;
    o.max_acks = 2;
    socketio_service s(o);
    s.io().on_connection([&s](sio::socket k) {
        s.note(k.join("a", "b") ? "joined" : "too many");
        s.note(k.join("a") ? "joined" : "too many");
        s.note(k.join("c") ? "joined" : "too many");
        for (int i = 0; i < 3; ++i) k.emit("q", [&s](hh::error_code ec) { s.note(ec.message()); });
    });
    socketio_peer p(s);
    p.join();
    for (char const* const expected : {"joined", "joined", "too many", "operation has timed out"})
        CHECK(s.next_note() == expected);
}
