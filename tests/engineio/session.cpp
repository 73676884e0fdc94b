// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/engineio/session.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace eio = httphooks::engineio;
using namespace std::chrono_literals;
using eio::close_reason;
using eio::packet;
using eio::packet_type;
using eio::revision;
using eio::session;
using eio::session_actions;
using eio::transport_kind;

namespace {

/// Packets as a payload, to be compared.
std::string text(std::vector<packet> const& packets) {
    std::string all;
    for (packet const& p : packets) {
        if (!all.empty()) all += ' ';
        eio::append_text(all, p.view());
    }
    return all;
}

struct machine {
    explicit machine(eio::options options = {}, transport_kind t = transport_kind::polling,
                     revision r = revision::v4)
        : o(std::move(options)), s(o, "id", t, r, now) {
        opened = text(t == transport_kind::polling ? s.poll(now).poll : s.start().websocket);
    }

    session_actions receive(packet_type type, std::string data = {}) {
        session_actions todo;
        s.receive({type, false, data}, now, todo);
        return todo;
    }
    session_actions probe(packet_type type, std::string data = {}) {
        return s.receive_probe(eio::packet_view{type, false, data}, now);
    }
    session_actions poll() { return s.poll(now); }
    session_actions send(std::string data) {
        REQUIRE(s.send({packet_type::message, false, data}) == session::sent::taken);
        return s.flush();
    }
    session_actions pass(std::chrono::milliseconds t) {
        now += t;
        return s.expire(now);
    }

    eio::options o;
    session::time_point now = session::time_point(1h);
    session s;
    std::string opened{};
};

}  // namespace

TEST_CASE("the packet open says what the client has to know") {
    CHECK(machine().opened ==
          R"(0{"sid":"id","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,)"
          R"("maxPayload":1000000})");
    machine const direct({}, transport_kind::websocket);
    CHECK(direct.opened.find(R"("upgrades":[])") != std::string::npos);
    eio::options o;
    o.allow_upgrades = false;
    CHECK(machine(o).opened.find(R"("upgrades":[])") != std::string::npos);
    o = {};
    o.websocket = false;
    CHECK(machine(o).opened.find(R"("upgrades":[])") != std::string::npos);
}

TEST_CASE("the initial packet comes with the packet open") {
    eio::options o;
    o.initial_packet = "welcome";
    CHECK(machine(o).opened.ends_with("} 4welcome"));
    CHECK(machine(o, transport_kind::websocket).opened.ends_with("} 4welcome"));
}

TEST_CASE("a poll waits until there is something, and takes all that there is") {
    machine m;
    CHECK(m.poll().poll.empty());
    CHECK(m.s.polled());
    CHECK(m.s.writable());
    auto const one = m.send("a");
    CHECK(text(one.poll) == "4a");
    CHECK(one.drained);
    CHECK_FALSE(m.s.writable());
    CHECK(m.send("b").poll.empty());
    CHECK(m.send("c").poll.empty());
    CHECK(m.s.buffered() == 4);
    CHECK(text(m.poll().poll) == "4b 4c");
    CHECK(m.s.buffered() == 0);
}

TEST_CASE("a second poll ends the session") {
    machine m;
    m.poll();
    auto const todo = m.poll();
    CHECK(todo.refuse_poll);
    CHECK(text(todo.poll) == "1");
    CHECK(todo.closed == close_reason::transport_error);
    CHECK(todo.over);
    CHECK_FALSE(m.s.deadline());
}

TEST_CASE("a poll that comes too late is refused alone") {
    machine over;
    over.s.fail(close_reason::transport_close);
    CHECK(over.poll().refuse_poll);
    CHECK_FALSE(over.poll().closed);
    machine upgraded;
    upgraded.s.probe(upgraded.now);
    upgraded.probe(packet_type::upgrade);
    CHECK(upgraded.poll().refuse_poll);
    CHECK(upgraded.s.is_open());
}

TEST_CASE("the client of a poll goes, and the session with it") {
    for (bool const answered : {false, true}) {
        machine m;
        m.poll();
        if (answered) m.send("lost");
        auto const todo = m.s.poll_gone();
        CHECK(todo.over);
        CHECK(todo.closed == close_reason::transport_error);
        CHECK(todo.poll.empty());
        CHECK_FALSE(m.s.poll_gone().over);
    }
    machine upgraded;
    upgraded.s.probe(upgraded.now);
    upgraded.probe(packet_type::upgrade);
    CHECK_FALSE(upgraded.s.poll_gone().over);
}

TEST_CASE("a ping comes after each interval, and each wants its pong") {
    machine m;
    for (int i = 0; i < 5; ++i) {
        m.poll();
        CHECK(m.s.deadline() == m.now + 25s);
        CHECK(m.pass(25s - 1ms).poll.empty());
        CHECK(text(m.pass(1ms).poll) == "2");
        CHECK(m.s.deadline() == m.now + 20s);
        CHECK_FALSE(m.pass(20s - 1ms).over);
        CHECK_FALSE(m.receive(packet_type::pong).over);
    }
    m.pass(25s);
    CHECK(text(m.poll().poll) == "2");
    m.poll();
    auto const todo = m.pass(20s);
    CHECK(text(todo.poll) == "1");
    CHECK(todo.closed == close_reason::ping_timeout);
    CHECK(todo.over);
}

TEST_CASE("the session times out although no poll waits") {
    machine m;
    CHECK(m.pass(25s).poll.empty());
    auto const todo = m.pass(20s);
    CHECK(todo.closed == close_reason::ping_timeout);
    CHECK(todo.poll.empty());
    CHECK(todo.over);
}

TEST_CASE("messages do not put heartbeats off, an unasked pong does") {
    machine m;
    m.now += 10s;
    session_actions todo;
    CHECK(m.s.receive({packet_type::message, false, "x"}, m.now, todo));
    CHECK(m.s.deadline() == m.now + 15s);
    m.receive(packet_type::pong);
    CHECK(m.s.deadline() == m.now + 25s);
}

TEST_CASE("a heartbeat in the wrong direction ends the session") {
    machine m;
    CHECK(m.receive(packet_type::ping).closed == close_reason::transport_error);
    machine old({}, transport_kind::polling, revision::v3);
    CHECK(old.receive(packet_type::pong).closed == close_reason::transport_error);
}

TEST_CASE("in revision 3 the client pings, and the server times out without a word") {
    machine m({}, transport_kind::polling, revision::v3);
    m.poll();
    CHECK(m.s.deadline() == m.now + 45s);
    m.now += 20s;
    CHECK(text(m.receive(packet_type::ping, "x").poll) == "3x");
    CHECK(m.s.deadline() == m.now + 45s);
    CHECK(m.pass(45s - 1ms).closed == std::nullopt);
    CHECK(m.pass(1ms).closed == close_reason::ping_timeout);
}

TEST_CASE("in revision 3 the time-out survives the upgrade") {
    machine m({}, transport_kind::polling, revision::v3);
    REQUIRE(m.s.probe(m.now));
    m.probe(packet_type::ping, "probe");
    m.now += 5s;
    CHECK(m.probe(packet_type::upgrade).adopt_probe);
    auto const todo = m.pass(40s);
    CHECK(todo.closed == close_reason::ping_timeout);
    CHECK(todo.close_websocket);
}

TEST_CASE("the heartbeat of a client that is not listened to is not missed") {
    for (revision const r : {revision::v4, revision::v3}) {
        machine m({}, transport_kind::websocket, r);
        m.s.hold(true, m.now);
        for (int i = 0; i < 20; ++i) {
            auto const todo = m.pass(m.o.ping_interval);
            CHECK_FALSE(todo.closed);
            // it misses those of the server as well
            if (r == revision::v4) CHECK(text(todo.websocket) == "2");
        }
        m.s.hold(false, m.now);
        auto const longest = m.o.ping_timeout + (r == revision::v3 ? m.o.ping_interval : 0ms);
        CHECK_FALSE(m.pass(longest - 1ms).closed);
        CHECK(m.pass(1ms).closed == close_reason::ping_timeout);
    }
}

TEST_CASE("a client that polls goes on polling while it is not listened to") {
    for (revision const r : {revision::v4, revision::v3}) {
        machine m({}, transport_kind::polling, r);
        m.s.hold(true, m.now);
        m.poll();
        std::string const beat = r == revision::v4 ? "2" : "6";
        auto const first = m.o.ping_interval + (r == revision::v3 ? m.o.ping_timeout : 0ms);
        CHECK(text(m.pass(first).poll) == beat);
        for (int i = 0; i < 10; ++i) {
            m.poll();
            CHECK(text(m.pass(m.o.ping_interval).poll) == beat);
        }
        CHECK_FALSE(m.pass(m.o.ping_timeout - 1ms).closed);
        CHECK(m.pass(1ms).closed == close_reason::ping_timeout);
    }
}

TEST_CASE("a poll that waits when a client is listened to no more shows that it lives") {
    machine m;
    m.poll();
    CHECK(text(m.pass(m.o.ping_interval).poll) == "2");
    m.poll();
    m.now += m.o.ping_timeout - 1ms;
    m.s.hold(true, m.now);
    CHECK_FALSE(m.pass(m.o.ping_timeout).closed);
    m.s.hold(false, m.now);
    CHECK(text(m.pass(m.o.ping_interval).poll) == "2");
    CHECK(m.pass(m.o.ping_timeout).closed == close_reason::ping_timeout);
}

TEST_CASE("packets that mean nothing to an open session are ignored") {
    machine m;
    for (auto const type : {packet_type::open, packet_type::upgrade, packet_type::noop}) {
        auto const todo = m.receive(type);
        CHECK_FALSE(todo.closed);
        CHECK(m.s.is_open());
    }
}

TEST_CASE("the client closes") {
    machine m;
    m.poll();
    auto const todo = m.receive(packet_type::close);
    CHECK(todo.closed == close_reason::transport_close);
    CHECK(text(todo.poll) == "6");
    machine idle;
    CHECK(idle.receive(packet_type::close).poll.empty());
    machine ws({}, transport_kind::websocket);
    CHECK(ws.receive(packet_type::close).close_websocket);
}

TEST_CASE("close answers the poll that waits") {
    machine m;
    m.poll();
    auto const todo = m.s.close(m.now);
    CHECK(text(todo.poll) == "1");
    CHECK(todo.closed == close_reason::forced_close);
    CHECK(todo.over);
    CHECK_FALSE(m.s.close(m.now).over);
}

TEST_CASE("close waits for the next poll, which gets what waits") {
    machine m;
    CHECK_FALSE(m.s.close(m.now).closed);
    CHECK_FALSE(m.s.is_open());
    auto const todo = m.poll();
    CHECK(text(todo.poll) == "6 1");
    CHECK(todo.closed == close_reason::forced_close);
    CHECK(todo.over);

    machine full;
    full.send("a");
    CHECK_FALSE(full.s.close(full.now).closed);
    CHECK(full.s.send({packet_type::message, false, "b"}) == session::sent::closed);
    CHECK(text(full.poll().poll) == "4a");
    auto const last = full.poll();
    CHECK(text(last.poll) == "6 1");
    CHECK(last.over);
}

TEST_CASE("close sends what waits first; the end is another poll's reply") {
    machine m;
    m.poll();
    m.s.send({packet_type::message, false, "a"});
    auto const todo = m.s.close(m.now);
    CHECK(text(todo.poll) == "4a");
    CHECK_FALSE(todo.closed);
    CHECK(m.poll().closed == close_reason::forced_close);
}

TEST_CASE("close does not wait for ever") {
    machine m;
    m.s.close(m.now, close_reason::server_shutting_down);
    CHECK(m.s.deadline() == m.now + 30s);
    auto const todo = m.pass(30s);
    CHECK(todo.closed == close_reason::server_shutting_down);
    CHECK(todo.over);
}

TEST_CASE("a server that drains waits for the next poll, but not for long") {
    machine m;
    m.send("a");
    CHECK_FALSE(m.s.close_to_drain(m.now).closed);
    CHECK(m.s.deadline() == m.now + 1s);
    SECTION("it comes") {
        CHECK(text(m.poll().poll) == "4a");
        CHECK(text(m.poll().poll) == "6 1");
        CHECK(m.s.is_over());
    }
    SECTION("it does not") {
        CHECK(m.pass(1s).closed == close_reason::server_shutting_down);
        CHECK(m.s.is_over());
    }
}

TEST_CASE("a server that drains waits no longer for a session that was closed before") {
    machine m;
    m.s.close(m.now);
    CHECK_FALSE(m.s.close_to_drain(m.now).closed);
    CHECK(m.s.deadline() == m.now + 1s);
    CHECK(m.pass(1s).closed == close_reason::forced_close);

    eio::options soon;
    soon.close_timeout = 10ms;
    machine hasty(soon);
    hasty.s.close(hasty.now);
    hasty.s.close_to_drain(hasty.now);
    CHECK(hasty.s.deadline() == hasty.now + 10ms);
}

TEST_CASE("a server that drains answers the poll that waits, and closes WebSockets") {
    machine m;
    m.poll();
    auto const todo = m.s.close_to_drain(m.now);
    CHECK(text(todo.poll) == "1");
    CHECK(todo.closed == close_reason::server_shutting_down);
    machine ws({}, transport_kind::websocket);
    CHECK(ws.s.close_to_drain(ws.now).close_websocket);
    CHECK_FALSE(ws.s.close_to_drain(ws.now).closed);
}

TEST_CASE("nothing is handed on from a session that closes") {
    machine m;
    m.s.close(m.now);
    session_actions todo;
    CHECK_FALSE(m.s.receive({packet_type::message, false, "x"}, m.now, todo));
}

TEST_CASE("an upgrade: probe, noops, then the WebSocket gets what waits") {
    machine m;
    m.poll();
    REQUIRE(m.s.probe(m.now));
    CHECK(m.pass(5s).poll.empty());
    CHECK(m.probe(packet_type::ping, "probe").answer_probe);
    CHECK(m.pass(99ms).poll.empty());
    CHECK(text(m.pass(1ms).poll) == "6");
    for (int i = 0; i < 3; ++i) {
        CHECK(m.pass(1s).poll.empty());
        m.poll();
        CHECK(m.s.deadline() <= m.now + 100ms);
        CHECK(text(m.pass(100ms).poll) == "6");
    }
    m.send("a");
    CHECK(text(m.poll().poll) == "4a");
    m.send("b");
    auto const todo = m.probe(packet_type::upgrade);
    CHECK(todo.adopt_probe);
    CHECK(text(todo.websocket) == "4b");
    CHECK(m.s.transport() == transport_kind::websocket);
    CHECK_FALSE(todo.close_probe);
}

TEST_CASE("a poll that waits when the upgrade comes is answered with nothing") {
    machine m;
    m.poll();
    m.s.probe(m.now);
    auto const todo = m.probe(packet_type::upgrade);
    CHECK(text(todo.poll) == "6");
    CHECK(todo.adopt_probe);
}

TEST_CASE("a probe that is none is closed, and polling goes on") {
    for (auto const type : {packet_type::message, packet_type::pong, packet_type::close}) {
        machine m;
        m.s.probe(m.now);
        CHECK(m.probe(type).close_probe);
        CHECK(m.s.is_open());
        CHECK(text((m.poll(), m.send("x")).poll) == "4x");
        CHECK(m.s.probe(m.now));
    }
    machine m;
    m.s.probe(m.now);
    CHECK(m.s.receive_probe(std::nullopt, m.now).close_probe);
    machine other;
    other.s.probe(other.now);
    CHECK(other.probe(packet_type::ping, "other").close_probe);
}

TEST_CASE("a probe that takes too long is closed alone") {
    machine m;
    m.s.probe(m.now);
    m.probe(packet_type::ping, "probe");
    CHECK(m.s.deadline() == m.now + 10s);
    auto const todo = m.pass(10s);
    CHECK(todo.close_probe);
    CHECK_FALSE(todo.closed);
    CHECK(m.s.probe(m.now));
}

TEST_CASE("there is one upgrade") {
    machine m;
    CHECK(m.s.probe(m.now));
    CHECK_FALSE(m.s.probe(m.now));
    m.probe(packet_type::upgrade);
    CHECK_FALSE(m.s.probe(m.now));
    machine ws({}, transport_kind::websocket);
    CHECK_FALSE(ws.s.probe(ws.now));
    machine gone;
    gone.s.probe(gone.now);
    gone.s.probe_gone();
    CHECK(gone.s.probe(gone.now));
}

TEST_CASE("a session that ends closes the probe too") {
    machine m;
    m.poll();
    m.s.probe(m.now);
    auto const todo = m.s.close(m.now);
    CHECK(text(todo.poll) == "1");
    CHECK(todo.close_probe);
    machine late;
    late.s.probe(late.now);
    CHECK_FALSE(late.s.close(late.now).close_probe);
    auto const then = late.probe(packet_type::upgrade);
    CHECK(then.adopt_probe);
    CHECK(then.close_websocket);
    CHECK(then.closed == close_reason::forced_close);
}

TEST_CASE("a ping that is due during an upgrade is sent once") {
    machine m;
    m.pass(24s);
    m.s.probe(m.now);
    m.probe(packet_type::ping, "probe");
    m.pass(1s);
    auto const todo = m.probe(packet_type::upgrade);
    CHECK(text(todo.websocket) == "2");
    CHECK(m.pass(1s).websocket.empty());
    m.receive(packet_type::pong);
    CHECK(text(m.pass(25s).websocket) == "2");
}

TEST_CASE("what is sent at once is taken when nothing waits, behind it what is allowed") {
    eio::options o;
    o.queue_bytes = 10;
    o.queue_packets = 2;
    eio::overflow_policy const policy =
        GENERATE(eio::overflow_policy::close, eio::overflow_policy::drop);
    o.overflow = policy;
    auto const refused =
        policy == eio::overflow_policy::drop ? session::sent::dropped : session::sent::overflow;
    machine m(o);
    auto const send = [&m](std::string_view data) {
        return m.s.send({packet_type::message, false, data});
    };
    std::string const large(100, 'x');
    SECTION("without a poll, again and again") {
        for (int round = 0; round < 3; ++round) {
            for (int i = 0; i < 10; ++i) CHECK(send(large) == session::sent::taken);
            CHECK(m.s.flush().poll.empty());
            CHECK(send(large) == session::sent::taken);
            CHECK(send("y") == refused);
            CHECK(m.poll().poll.size() == 11);
        }
    }
    SECTION("while a poll waits") {
        m.poll();
        for (int i = 0; i < 10; ++i) CHECK(send(large) == session::sent::taken);
        CHECK(m.s.flush().poll.size() == 10);
        CHECK(send("a") == session::sent::taken);
    }
    SECTION("packets of the session's own do not count") {
        m.pass(25s);
        CHECK(send(large) == session::sent::taken);
        CHECK(send(large) == session::sent::taken);
    }
    SECTION("bytes behind it") {
        send("a");
        m.s.flush();
        CHECK(send("1234") == session::sent::taken);
        CHECK(send("12345") == refused);
        CHECK(send("1234") == session::sent::taken);
    }
    SECTION("messages behind it") {
        send("a");
        m.s.flush();
        CHECK(send("b") == session::sent::taken);
        CHECK(send("c") == session::sent::taken);
        CHECK(send("d") == refused);
    }
}

TEST_CASE("messages that stay together are taken whole or not at all, and count as one") {
    eio::options o;
    o.queue_bytes = 20;
    o.queue_packets = 2;
    o.overflow = eio::overflow_policy::drop;
    machine m(o);
    std::vector<packet> const pair{{packet_type::message, false, "ab"},
                                   {packet_type::message, true, "cd"}};
    m.send("first");
    CHECK(m.s.send(pair) == session::sent::taken);
    CHECK(m.s.send(pair) == session::sent::taken);
    CHECK(m.s.send(pair) == session::sent::dropped);
    CHECK(text(m.poll().poll) == "4first 4ab bY2Q= 4ab bY2Q=");
    m.send("first");
    CHECK(m.s.send(pair) == session::sent::taken);
    std::vector<packet> const large{{packet_type::message, false, "ab"},
                                    {packet_type::message, true, std::string(20, 'x')}};
    CHECK(m.s.send(large) == session::sent::dropped);
    CHECK(text(m.poll().poll) == "4first 4ab bY2Q=");
}

TEST_CASE("answers to pings of a client that does not poll are bounded too") {
    eio::options o;
    o.queue_packets = 10;
    machine m(o, transport_kind::polling, revision::v3);
    int taken = 0;
    while (taken < 100 && !m.receive(packet_type::ping).over) {
        m.s.flush();
        ++taken;
    }
    CHECK(taken == 11);
}

TEST_CASE("nothing is lost, doubled or reordered whenever the upgrade comes") {
    unsigned seed = 1;
    auto const draw = [&seed](unsigned n) {
        seed = seed * 1664525 + 1013904223;
        return (seed >> 16) % n;
    };
    for (int round = 0; round < 10'000; ++round) {
        machine m;
        std::string got;
        int next = 0;
        bool probing = false;
        auto const take = [&](session_actions const& todo) {
            for (packet const& p : todo.poll)
                if (p.type == packet_type::message) got += p.data;
            for (packet const& p : todo.websocket)
                if (p.type == packet_type::message) got += p.data;
        };
        std::string expected;
        for (int step = 0; step < 20; ++step) {
            switch (draw(5)) {
                case 0:
                    if (!m.s.polled() && m.s.transport() == transport_kind::polling) take(m.poll());
                    break;
                case 1:
                    if (!probing) probing = m.s.probe(m.now);
                    break;
                case 2:
                    if (probing && m.s.transport() == transport_kind::polling)
                        take(draw(3) == 0 ? m.probe(packet_type::upgrade)
                                          : m.probe(packet_type::ping, "probe"));
                    break;
                case 3:
                    take(m.pass(60ms));
                    break;
                default: {
                    std::string const data(1, static_cast<char>('a' + next++ % 26));
                    expected += data;
                    if (m.s.transport() == transport_kind::polling)
                        take(m.send(data));
                    else
                        got += data;
                }
            }
        }
        if (m.s.transport() == transport_kind::polling && !m.s.polled()) take(m.poll());
        REQUIRE(got == expected);
    }
}
