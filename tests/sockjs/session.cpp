// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/sockjs/session.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <string>
#include <type_traits>
#include <utility>

using namespace std::chrono_literals;
namespace sockjs = httphooks::sockjs;
using sockjs::close_code;
using sockjs::framing;
using sockjs::session;
using sockjs::session_actions;

namespace {

/// A session whose clock the test moves.
struct bench {
    sockjs::options options{};
    session::time_point now{};
    session machine{options, now};

    void pass(std::chrono::milliseconds d) { now += d; }
    session_actions poll() { return machine.attach({framing::line, 0, {}}, now); }
    session_actions stream(std::size_t limit = 4096) {
        return machine.attach({framing::line, limit, {}}, now);
    }
    session_actions done() { return machine.receiver_done(now); }
    /// What the receiver gets for a message.
    session_actions say(std::string_view message) {
        CHECK(machine.send(message) == session::sent::queued);
        return machine.flush();
    }
    session_actions close() {
        CHECK(machine.close(close_code::go_away, "Go away!"));
        return machine.flush();
    }
    /// A session that was opened by a poll.
    void open() {
        CHECK(poll().opened);
        done();
    }
};

}  // namespace

TEST_CASE("the first receiver gets the open frame, before the application knows") {
    bench b;
    auto const todo = b.poll();
    CHECK(todo.write == "o\n");
    CHECK(todo.end);
    CHECK(todo.opened);
    CHECK(b.machine.state() == session::phase::open);
}

TEST_CASE("a message that is sent when the session opens comes with the next poll") {
    bench b;
    CHECK(b.poll().write == "o\n");
    CHECK(b.machine.send("x") == session::sent::queued);
    CHECK(b.machine.flush().write.empty());
    b.done();
    auto const todo = b.poll();
    CHECK(todo.write == "a[\"x\"]\n");
    CHECK(todo.end);
    CHECK_FALSE(todo.opened);
}

TEST_CASE("a poll that waits is answered by the first message") {
    bench b;
    b.open();
    CHECK(b.poll().write.empty());
    auto const todo = b.say("x");
    CHECK(todo.write == "a[\"x\"]\n");
    CHECK(todo.end);
    CHECK(todo.drained);
}

TEST_CASE("all messages that wait are one frame") {
    bench b;
    b.open();
    b.machine.send("1");
    b.machine.send("2");
    CHECK(b.poll().write == "a[\"1\",\"2\"]\n");
}

TEST_CASE("a stream gets what was sent meanwhile when the last frame is written") {
    bench b;
    auto todo = b.stream();
    CHECK(todo.write == "o\n");
    CHECK_FALSE(todo.end);
    CHECK(b.say("1").write.empty());
    CHECK(b.say("2").write.empty());
    CHECK(b.machine.buffered() > 0);
    CHECK(b.machine.written().write == "a[\"1\",\"2\"]\n");
    todo = b.machine.written();
    CHECK(todo.write.empty());
    CHECK(todo.drained);
    CHECK(b.machine.buffered() == 0);
}

TEST_CASE("31 echoes of 134 bytes fit into a stream of 4096 bytes, then it ends") {
    bench b;
    b.stream(4096);
    b.machine.written();
    for (int i = 1; i <= 31; ++i) {
        auto const todo = b.say(std::string(128, 'x'));
        CHECK(todo.write.size() == 134);
        CHECK(todo.end == (i == 31));
        b.machine.written();
    }
}

TEST_CASE("a message of 4096 bytes is delivered, and ends the stream") {
    bench b;
    b.stream(4096);
    b.machine.written();
    auto const todo = b.say(std::string(4096, 'x'));
    CHECK(todo.write == "a[\"" + std::string(4096, 'x') + "\"]\n");
    CHECK(todo.end);
}

TEST_CASE("while a receiver waits or writes, another one would be refused") {
    bench b;
    CHECK_FALSE(b.machine.has_receiver());
    b.stream();
    CHECK(b.machine.has_receiver());
    b.machine.written();
    CHECK(b.machine.has_receiver());
}

TEST_CASE("a poll that has got its frame is in nobody's way") {
    bench b;
    b.poll();
    CHECK_FALSE(b.machine.has_receiver());
    CHECK(b.poll().write.empty());
    CHECK(b.machine.has_receiver());
}

TEST_CASE("after the application's close each poll gets the close frame") {
    bench b;
    b.open();
    CHECK(b.close().write.empty());
    for (int i = 0; i < 3; ++i) {
        auto const todo = b.poll();
        CHECK(todo.write == "c[3000,\"Go away!\"]\n");
        CHECK(todo.end);
        b.done();
    }
}

TEST_CASE("a poll that waits is answered by the close frame") {
    bench b;
    b.open();
    b.poll();
    auto const todo = b.close();
    CHECK(todo.write == "c[3000,\"Go away!\"]\n");
    CHECK(todo.end);
}

TEST_CASE("each poll of a closed session starts the disconnect delay anew") {
    bench b;
    b.open();
    b.close();
    for (int i = 0; i < 3; ++i) {
        b.pass(4s);
        CHECK_FALSE(b.machine.expire(b.now).over);
        CHECK(b.poll().end);
        b.done();
    }
    b.pass(5s);
    CHECK(b.machine.expire(b.now).over);
    CHECK(b.machine.state() == session::phase::over);
}

TEST_CASE("a stream on a closed session gets the close frame and ends") {
    bench b;
    b.open();
    b.close();
    auto const todo = b.stream();
    CHECK(todo.write == "c[3000,\"Go away!\"]\n");
    CHECK(todo.end);
}

TEST_CASE("what was sent before the close comes first") {
    bench b;
    b.open();
    b.machine.send("last");
    b.close();
    SECTION("a poll gets the messages, the next one the close frame") {
        CHECK(b.poll().write == "a[\"last\"]\n");
        b.done();
        CHECK(b.poll().write == "c[3000,\"Go away!\"]\n");
    }
    SECTION("a stream gets both") {
        auto todo = b.stream();
        CHECK(todo.write == "a[\"last\"]\n");
        CHECK_FALSE(todo.end);
        todo = b.machine.written();
        CHECK(todo.write == "c[3000,\"Go away!\"]\n");
        CHECK(todo.end);
    }
}

TEST_CASE("a session whose waiting receiver goes is over at once") {
    bench b;
    b.open();
    b.poll();
    CHECK(b.machine.receiver_gone(b.now).over);
    CHECK_FALSE(b.machine.receiver_gone(b.now).over);
    CHECK(b.machine.send("x") == session::sent::closed);
}

TEST_CASE("a client that closes once it has its answer keeps its session") {
    bench b;
    b.open();
    b.poll();
    b.say("x");
    CHECK_FALSE(b.machine.receiver_gone(b.now).over);
    CHECK(b.poll().write.empty());
}

TEST_CASE("without a receiver a session lives for the disconnect delay, whatever is sent") {
    bench b;
    b.options.disconnect_delay = 600ms;
    b.machine = session(b.options, b.now);
    b.open();
    CHECK(b.machine.deadline() == b.now + 600ms);
    b.pass(450ms);
    b.machine.send("x");
    CHECK_FALSE(b.machine.expire(b.now).over);
    b.pass(149ms);
    CHECK_FALSE(b.machine.expire(b.now).over);
    b.pass(1ms);
    CHECK(b.machine.expire(b.now).over);
}

TEST_CASE("the disconnect delay begins when the response is written") {
    bench b;
    b.poll();
    b.pass(20s);
    CHECK_FALSE(b.machine.deadline());
    CHECK_FALSE(b.machine.expire(b.now).over);
    b.done();
    CHECK(b.machine.deadline() == b.now + 5s);
}

TEST_CASE("a session may change its transport with each receiver") {
    bench b;
    b.open();
    b.machine.send("1");
    CHECK(b.machine.attach({framing::callback, 0, "f"}, b.now).write ==
          "/**/f(\"a[\\\"1\\\"]\");\r\n");
    b.done();
    b.machine.send("%");
    CHECK(b.machine.attach({framing::event, 4096, {}}, b.now).write == "data: a[\"%25\"]\r\n\r\n");
}

TEST_CASE("a session that is over says so once") {
    bench b;
    b.open();
    b.pass(5s);
    CHECK(b.machine.expire(b.now).over);
    CHECK_FALSE(b.machine.expire(b.now).over);
    CHECK_FALSE(b.machine.abandon(close_code::going_away, "").over);
    CHECK_FALSE(b.machine.deadline());
}

TEST_CASE("a heartbeat ends a poll and not a stream") {
    bench b;
    b.open();
    SECTION("a poll") {
        b.poll();
        CHECK(b.machine.deadline() == b.now + 25s);
        b.pass(25s);
        auto const todo = b.machine.expire(b.now);
        CHECK(todo.write == "h\n");
        CHECK(todo.end);
    }
    SECTION("a stream") {
        b.stream();
        b.pass(25s);
        auto const todo = b.machine.expire(b.now);
        CHECK(todo.write == "h\n");
        CHECK_FALSE(todo.end);
    }
}

TEST_CASE("messages do not move the heartbeats") {
    bench b;
    b.options.heartbeat_delay = 300ms;
    b.stream();
    b.machine.written();
    for (int i = 0; i < 10; ++i) {
        b.pass(200ms);
        CHECK(b.machine.expire(b.now).write.empty());
        CHECK_FALSE(b.say("tick").write.empty());
        b.machine.written();
        b.pass(100ms);
        CHECK(b.machine.expire(b.now).write == "h\n");
        b.machine.written();
    }
}

TEST_CASE("messages delay the heartbeats when the option says so") {
    bench b;
    b.options.messages_delay_heartbeat = true;
    b.stream();
    b.machine.written();
    b.pass(25s);
    CHECK(b.machine.expire(b.now).write == "h\n");
    b.machine.written();
    b.say("x");
    b.machine.written();
    b.pass(25s);
    CHECK(b.machine.expire(b.now).write.empty());
    b.pass(25s);
    CHECK(b.machine.expire(b.now).write == "h\n");
}

TEST_CASE("without a heartbeat delay there are no heartbeats") {
    bench b;
    b.options.heartbeat_delay = 0ms;
    b.stream();
    b.machine.written();
    CHECK_FALSE(b.machine.deadline());
    b.pass(1h);
    CHECK(b.machine.expire(b.now).write.empty());
}

TEST_CASE("a client that is still being written to gets no heartbeat") {
    bench b;
    b.stream();
    b.pass(25s);
    CHECK(b.machine.expire(b.now).write.empty());
    CHECK(b.machine.deadline() == b.now + 25s);
}

TEST_CASE("a message that is sent after the close is refused") {
    bench b;
    b.open();
    b.close();
    CHECK(b.machine.send("x") == session::sent::closed);
    CHECK_FALSE(b.machine.close(close_code::normal, "again"));
}

TEST_CASE("what waits is bounded, but for a message that finds nothing waiting") {
    bench b;
    b.options.queue_bytes = 100;
    b.open();
    CHECK(b.machine.send(std::string(5000, 'x')) == session::sent::queued);
    b.machine.end_turn();
    CHECK(b.machine.send(std::string(90, 'y')) == session::sent::queued);
    CHECK(b.machine.send("y2345678") == session::sent::overflow);
    b.poll();
    b.done();
    CHECK(b.machine.send("1") == session::sent::queued);
    b.machine.end_turn();
    CHECK(b.machine.send(std::string(101, 'x')) == session::sent::overflow);
    b.options.overflow = sockjs::overflow_policy::drop;
    CHECK(b.machine.send(std::string(101, 'x')) == session::sent::dropped);
    CHECK(b.poll().write == "a[\"1\"]\n");
}

TEST_CASE("what one turn sends when nothing waited is no backlog") {
    bench b;
    b.options.queue_bytes = 100;
    b.options.queue_messages = 3;
    b.open();
    std::string const big(600, 'x');
    SECTION("before a poll comes") {
        for (int i = 0; i < 10; ++i) CHECK(b.machine.send(big) == session::sent::queued);
        CHECK(b.machine.in_turn());
    }
    SECTION("to a poll that waits") {
        b.poll();
        for (int i = 0; i < 10; ++i) b.say(big);
        CHECK(b.machine.in_turn());
    }
    SECTION("to a stream") {
        b.stream();
        b.machine.written();
        for (int i = 0; i < 10; ++i) b.say(big);
        CHECK(b.machine.in_turn());
        b.machine.end_turn();
        CHECK(b.machine.written().write.size() > 9 * big.size());
        CHECK_FALSE(b.machine.in_turn());
        return;
    }
    b.machine.end_turn();
    CHECK_FALSE(b.machine.in_turn());
    for (int i = 0; i < 3; ++i) CHECK(b.machine.send("more") == session::sent::queued);
    CHECK(b.machine.send("more") == session::sent::overflow);
}

TEST_CASE("the number of messages that wait is bounded") {
    bench b;
    b.options.queue_messages = 3;
    b.open();
    CHECK(b.machine.send("first") == session::sent::queued);
    b.machine.end_turn();
    for (int i = 0; i < 3; ++i) CHECK(b.machine.send("x") == session::sent::queued);
    CHECK(b.machine.send("x") == session::sent::overflow);
}

TEST_CASE("a session that is abandoned says goodbye and waits for nobody") {
    bench b;
    SECTION("without a receiver it is over") {
        b.open();
        CHECK(b.machine.abandon(close_code::go_away, "Go away!").over);
    }
    SECTION("before it was open, too") {
        CHECK(b.machine.abandon(close_code::go_away, "Go away!").over);
    }
    SECTION("a receiver that waits gets the close frame") {
        b.open();
        b.poll();
        auto const todo = b.machine.abandon(close_code::go_away, "Go away!");
        CHECK(todo.write == "c[3000,\"Go away!\"]\n");
        CHECK(todo.end);
        CHECK(b.done().over);
    }
    SECTION("a stream that is written to gets it next, without what waited") {
        b.stream();
        b.machine.send("x");
        CHECK(b.machine.abandon(close_code::policy, "slow").write.empty());
        auto const todo = b.machine.written();
        CHECK(todo.write == "c[1008,\"slow\"]\n");
        CHECK(todo.end);
        CHECK(b.done().over);
    }
}
