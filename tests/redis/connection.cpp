// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/redis/connection.hpp>

#include <httphooks/redis/detail/command.hpp>
#include <httphooks/redis/error.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/system_error.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
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

#include "support/catch.hpp"
#include "support/redis_peer.hpp"
#include "support/redis_server.hpp"

namespace redis = httphooks::redis;
namespace asio = boost::asio;
using httphooks::error_code;
using redis::connection_state;
using support::redis_peer;
using support::redis_server;
using namespace std::chrono_literals;

namespace {

/// What became of a command.
struct redis_outcome {
    error_code ec{};
    redis::value reply{};
    bool done = false;
};

/// Runs a context until something is so, or a time has passed.
template <class Condition>
bool run_redis_until(asio::io_context& context, Condition c,
                     std::chrono::steady_clock::duration most = 20s) {
    auto const until = std::chrono::steady_clock::now() + most;
    context.restart();
    while (!c()) {
        if (std::chrono::steady_clock::now() > until) return false;
        context.run_one_for(50ms);
        if (context.stopped()) context.restart();
    }
    return true;
}

/// A connection on a context of its own.
struct redis_client {
    asio::io_context context{1};
    std::optional<redis::connection> connection{};
    std::vector<std::pair<connection_state, error_code>> states{};

    explicit redis_client(redis::options o) { open(std::move(o)); }
    redis_client() = default;
    ~redis_client() {
        connection.reset();
        context.restart();
        context.run_for(5s);
    }

    void open(redis::options o) {
        connection.emplace(context.get_executor(), std::move(o));
        connection->on_state(
            [this](connection_state s, error_code ec) { states.emplace_back(s, ec); });
    }

    std::shared_ptr<redis_outcome> begin(redis::arguments a) {
        auto const o = std::make_shared<redis_outcome>();
        connection->async_command(std::move(a), [o](error_code ec, redis::value v) {
            *o = {ec, std::move(v), true};
        });
        return o;
    }
    redis_outcome end(std::shared_ptr<redis_outcome> const& o) {
        REQUIRE(run_redis_until(context, [&] { return o->done; }));
        return *o;
    }
    redis_outcome ask(redis::arguments a) { return end(begin(std::move(a))); }
    bool reaches(connection_state s) {
        return run_redis_until(context, [&] { return connection->state() == s; });
    }
};

redis::options redis_options(std::string url) {
    redis::options o;
    o.url = std::move(url);
    o.reconnect_delay = 5ms;
    o.reconnect_delay_max = 50ms;
    return o;
}

std::string greet(redis_peer::words const&) {
    return "greet";
}

/// Greets, and answers everything else with this.
redis_peer::answerer always(std::string text) {
    return [text = std::move(text)](redis_peer::words const& w) {
        return w[0] == "PING" || w[0] == "CLUSTER" ? "greet" : text;
    };
}

}  // namespace

TEST_CASE("commands of Redis are answered") {
    if (!redis_server::installed()) return;
    redis_server server;
    redis_client c(redis_options(server.url()));
    CHECK(c.connection->state() == connection_state::idle);

    auto r = c.ask({"SET", "key", std::string("a\r\n\0b", 5)});
    CHECK_FALSE(r.ec);
    CHECK(r.reply == redis::value("OK", redis::value_kind::status));
    CHECK(c.ask({"GET", "key"}).reply.text() == std::string("a\r\n\0b", 5));
    CHECK(c.ask({"GET", "no key"}).reply.is_null());
    CHECK(c.ask({"INCRBY", "number", 41}).reply.number() == 41);
    r = c.ask({"LPUSH", "key", "x"});
    CHECK(r.ec == redis::error::error_reply);
    CHECK(r.reply.is_error());
    CHECK(r.reply.text().starts_with("WRONGTYPE"));
    CHECK(c.connection->is_connected());
    CHECK(c.states == decltype(c.states){{connection_state::connecting, {}},
                                         {connection_state::connected, {}}});
    CHECK(c.connection->stats().sent == 5);
    CHECK(c.connection->stats().connections == 1);

    c.connection->close();
    CHECK(c.ask({"PING"}).ec == redis::error::closed);
    CHECK(c.reaches(connection_state::closed));
}

TEST_CASE("large replies and many values come as they are") {
    if (!redis_server::installed()) return;
    redis_server server;
    redis_client c(redis_options(server.url()));
    std::string const large(3'000'000, 'x');
    CHECK_FALSE(c.ask({"SET", "large", large}).ec);
    CHECK(c.ask({"GET", "large"}).reply.text() == large);
    auto const r =
        c.ask({"EVAL", "local t = {} for i = 1, 20000 do t[i] = {i, 'x'} end return t", 0});
    REQUIRE(r.reply.size() == 20'000);
    CHECK(r.reply[19'999][0].number() == 20'000);
    CHECK(r.reply[19'999][1].text() == "x");
}

TEST_CASE("the commands of one turn leave in one write, and are answered in their order") {
    asio::io_context context(1);
    redis_peer server(context, [](redis_peer::words const& w) {
        return w[0] == "ECHO" ? "$" + std::to_string(w[1].size()) + "\r\n" + w[1] + "\r\n"
                              : "greet";
    });
    redis::connection connection(context.get_executor(), redis_options(server.url()));
    connection.connect();
    REQUIRE(run_redis_until(context, [&] { return connection.is_connected(); }));
    std::vector<std::string> replies;
    for (int i = 0; i < 200; ++i)
        connection.async_command({"ECHO", i},
                                 [&](error_code, redis::value v) { replies.push_back(v.text()); });
    REQUIRE(run_redis_until(context, [&] { return replies.size() == 200; }));
    for (int i = 0; i < 200; ++i) CHECK(replies[static_cast<std::size_t>(i)] == std::to_string(i));
    CHECK(server.reads() == 1);
}

TEST_CASE("commands of a transaction are not interrupted by others") {
    if (!redis_server::installed()) return;
    redis_server server;
    asio::io_context context(1);
    redis::connection connection(context.get_executor(), redis_options(server.url()));
    auto all = [&]() -> asio::awaitable<void> {
        co_await connection.async_command({"SET", "key", "x"});
        redis::transaction t;
        t.add({"GET", "key"}).add({"DEL", "key"}).add({"LPUSH", "list", 1, 2});
        redis::value r = co_await connection.async_transaction(std::move(t));
        CHECK(r.size() == 3);
        CHECK(r[0].text() == "x");
        CHECK(r[1].number() == 1);
        CHECK(r[2].number() == 2);

        redis::transaction wrong;
        wrong.add({"GET"}).add({"GET", "key"});
        error_code ec;
        r = co_await connection.async_transaction(std::move(wrong),
                                                  asio::redirect_error(asio::use_awaitable, ec));
        CHECK(ec == redis::error::error_reply);
        CHECK(r.text().starts_with("EXECABORT"));
        r = co_await connection.async_command({"PING"});
        CHECK(r.text() == "PONG");
        connection.close();
    };
    bool done = false;
    asio::co_spawn(context, all, [&](std::exception_ptr e) {
        done = true;
        CHECK_FALSE(e);
    });
    CHECK(run_redis_until(context, [&] { return done; }));
    context.run_for(1s);
}

TEST_CASE("threads share a connection, and are answered where they want") {
    if (!redis_server::installed()) return;
    redis_server server;
    asio::io_context context(2);
    auto work = asio::make_work_guard(context);
    std::vector<std::thread> running;
    for (int i = 0; i < 2; ++i) running.emplace_back([&] { context.run(); });
    {
        redis::connection connection(context.get_executor(), redis_options(server.url()));
        std::atomic<int> good{0};
        std::atomic<int> inside{0};
        std::vector<std::thread> asking;
        for (int t = 0; t < 3; ++t)
            asking.emplace_back([&, t] {
                for (int i = 0; i < 200; ++i) {
                    // handlers without an executor are called one at a time
                    connection.async_command({"INCR", "a"},
                                             [&](error_code ec, redis::value const&) {
                                                 good += !ec && ++inside == 1;
                                                 --inside;
                                             });
                    auto f = connection.async_command({"ECHO", t * 1000 + i}, asio::use_future);
                    good += f.get().number() == t * 1000 + i;
                }
            });
        for (auto& t : asking) t.join();
        auto last = connection.async_command({"GET", "a"}, asio::use_future);
        CHECK(last.get().number() == 600);
        CHECK(good == 1200);
        connection.close();
    }
    work.reset();
    for (auto& t : running) t.join();
}

TEST_CASE("a connection can be made to a socket of the file system") {
    if (!redis_server::installed()) return;
    redis_server server;
    redis_client c(redis_options("unix://" + server.socket_path() + "?db=2"));
    CHECK_FALSE(c.ask({"SET", "key", "x"}).ec);
    CHECK(c.ask({"CLIENT", "INFO"}).reply.text().find("db=2") != std::string::npos);

    redis_client none(redis_options("unix:///" + std::string(300, 'x')));
    none.connection->connect();
    CHECK(none.reaches(connection_state::away));
    CHECK(none.states.back().second == boost::system::errc::filename_too_long);
}

TEST_CASE("a connection begins with its user, its password and its database") {
    if (!redis_server::installed()) return;
    redis_server server(
        {"--requirepass", "se cret", "--user", "anna", "on", ">pw", "~*", "&*", "+@all"});
    std::string const host = "127.0.0.1:" + std::to_string(server.port());
    for (std::string const& who :
         {std::string("redis://:se%20cret@"), std::string("redis://anna:pw@")}) {
        redis_client c(redis_options(who + host + "/3"));
        auto const r = c.ask({"CLIENT", "INFO"});
        CHECK_FALSE(r.ec);
        CHECK(r.reply.text().find("db=3") != std::string::npos);
    }
    for (std::string const& who :
         {std::string("redis://"), std::string("redis://:wrong@"),
          std::string("redis://anna:wrong@"), std::string("redis://nobody:pw@")}) {
        CAPTURE(who);
        redis::options o = redis_options(who + host);
        o.command_timeout = 100ms;
        redis_client c(o);
        CHECK(c.ask({"GET", "key"}).ec == asio::error::timed_out);
        CHECK(c.connection->state() == connection_state::away);
        CHECK(c.states.back().second == redis::error::authentication_failed);
    }
    redis_client c(redis_options("redis://anna:pw@" + host + "/99"));
    c.connection->connect();
    CHECK(c.reaches(connection_state::away));
    CHECK(c.states.back().second == redis::error::not_ready);
}

TEST_CASE("a user who may neither ping nor know the cluster can be connected") {
    if (!redis_server::installed()) return;
    redis_server server({"--user", "anna", "on", ">pw", "~*", "+get"});
    redis_client c(redis_options("redis://anna:pw@127.0.0.1:" + std::to_string(server.port())));
    CHECK_FALSE(c.ask({"GET", "key"}).ec);
    CHECK(c.ask({"SET", "key", "x"}).reply.text().starts_with("NOPERM"));
}

TEST_CASE("a connection that is lost is opened again, and what was not sent yet is sent") {
    if (!redis_server::installed()) return;
    redis_server server;
    redis_client c(redis_options(server.url()));
    CHECK_FALSE(c.ask({"SET", "key", "x"}).ec);
    server.kill();
    CHECK(c.reaches(connection_state::away));
    auto const waiting = c.begin({"SET", "key", "y"});
    server.start();
    CHECK_FALSE(c.end(waiting).ec);
    CHECK(c.ask({"GET", "key"}).reply.text() == "y");
    CHECK(c.connection->stats().connections == 2);
}

TEST_CASE("a server may be absent at the start") {
    if (!redis_server::installed()) return;
    redis_server server;
    server.kill();
    redis_client c(redis_options(server.url()));
    auto const waiting = c.begin({"INCR", "n"});
    CHECK(c.reaches(connection_state::away));
    CHECK(c.states.back().second == asio::error::connection_refused);
    server.start();
    CHECK(c.end(waiting).reply.number() == 1);
}

TEST_CASE("commands that were sent are not repeated when the connection is lost") {
    asio::io_context context(1);
    redis_peer server(context, always(""));
    redis::connection connection(context.get_executor(), redis_options(server.url()));
    error_code first;
    error_code second;
    connection.async_command({"INCR", "n"},
                             [&](error_code ec, redis::value const&) { first = ec; });
    REQUIRE(run_redis_until(context, [&] { return server.commands().size() == 1; }));
    server.hang_up();
    REQUIRE(run_redis_until(context, [&] { return first.failed(); }));
    CHECK(first == redis::error::connection_lost);
    REQUIRE(run_redis_until(context, [&] { return server.connections() == 2; }));
    connection.async_command({"GET", "n"},
                             [&](error_code ec, redis::value const&) { second = ec; });
    REQUIRE(run_redis_until(context, [&] { return server.commands().size() == 2; }));
    CHECK(server.commands()[1][0] == "GET");
    CHECK(connection.stats().lost == 1);
    connection.close();
    REQUIRE(run_redis_until(context, [&] { return second.failed(); }));
    CHECK(second == redis::error::closed);
    server.stop();
    context.run_for(1s);
}

TEST_CASE("a command that is not answered in time ends, and the connection with it") {
    asio::io_context context(1);
    redis_peer server(context, always(""));
    redis::options o = redis_options(server.url());
    o.command_timeout = 50ms;
    redis::connection connection(context.get_executor(), o);
    error_code first;
    connection.async_command({"GET", "n"}, [&](error_code ec, redis::value const&) { first = ec; });
    REQUIRE(run_redis_until(context, [&] { return server.connections() == 2; }));
    CHECK(first == asio::error::timed_out);
    connection.close();
    server.stop();
    context.run_for(1s);
}

TEST_CASE("a command that waits for a connection ends in time") {
    redis::options o =
        redis_options("redis://127.0.0.1:" + std::to_string(redis_server::free_port()));
    o.command_timeout = 50ms;
    redis_client c(o);
    CHECK(c.ask({"GET", "n"}).ec == asio::error::timed_out);
    CHECK(c.connection->stats().dropped == 1);
    CHECK(c.connection->stats().queued == 0);
}

TEST_CASE("without a queue commands fail at once while there is no connection") {
    asio::io_context context(1);
    redis_peer server(context, always("+x\r\n"));
    redis::options o = redis_options(server.url());
    o.queue_limit = 0;
    redis::connection connection(context.get_executor(), o);
    error_code ec;
    connection.async_command({"GET", "n"}, [&](error_code e, redis::value const&) { ec = e; });
    REQUIRE(run_redis_until(context, [&] { return ec.failed(); }));
    CHECK(ec == redis::error::not_connected);
    REQUIRE(run_redis_until(context, [&] { return connection.is_connected(); }));
    std::optional<error_code> good;
    connection.async_command({"GET", "n"}, [&](error_code e, redis::value const&) { good = e; });
    REQUIRE(run_redis_until(context, [&] { return good.has_value(); }));
    CHECK_FALSE(*good);
    connection.close();
    server.stop();
    context.run_for(1s);
}

TEST_CASE("a full queue refuses new commands, or drops the oldest") {
    std::string const text(1'000, 'x');
    for (redis::queue_policy const policy :
         {redis::queue_policy::fail, redis::queue_policy::drop}) {
        redis::options o =
            redis_options("redis://127.0.0.1:" + std::to_string(redis_server::free_port()));
        o.queue_limit = 100'000;
        o.queue_full = policy;
        redis_client c(o);
        std::vector<std::shared_ptr<redis_outcome>> all;
        for (int i = 0; i < 200; ++i) all.push_back(c.begin({"SET", "key", text}));
        bool const drop = policy == redis::queue_policy::drop;
        REQUIRE(
            run_redis_until(c.context, [&] { return (drop ? all.front() : all.back())->done; }));
        CHECK(c.connection->stats().queued <= 100'000);
        CHECK(c.connection->stats().queued > 90'000);
        CHECK((drop ? all.front() : all.back())->ec ==
              (drop ? redis::error::dropped : redis::error::queue_full));
        CHECK_FALSE((drop ? all.back() : all.front())->done);
    }
}

TEST_CASE("one command of any size may wait") {
    redis::options o =
        redis_options("redis://127.0.0.1:" + std::to_string(redis_server::free_port()));
    o.queue_limit = 1'000;
    for (redis::queue_policy const policy :
         {redis::queue_policy::fail, redis::queue_policy::drop}) {
        o.queue_full = policy;
        redis_client c(o);
        auto const large = c.begin({"SET", "key", std::string(500'000, 'x')});
        CHECK(c.reaches(connection_state::away));
        CHECK_FALSE(large->done);
    }
}

TEST_CASE("replies may come in any pieces") {
    asio::io_context context(1);
    redis_peer server(context, always("*3\r\n$2\r\nab\r\n:1\r\n*1\r\n+x\r\n"));
    server.in_pieces = true;
    redis::connection connection(context.get_executor(), redis_options(server.url()));
    int good = 0;
    for (int i = 0; i < 5; ++i)
        connection.async_command({"GET", "n"}, [&](error_code ec, redis::value const& v) {
            good += !ec && v.size() == 3 && v[0].text() == "ab" && v[2][0].text() == "x";
        });
    CHECK(run_redis_until(context, [&] { return good == 5; }));
    connection.close();
    server.stop();
    context.run_for(1s);
}

TEST_CASE("hostile replies end the connection, and say so to the command") {
    struct hostile {
        std::string text;
        redis::error expected;
    };
    for (hostile const& h :
         {hostile{"HTTP/1.1 200 OK\r\n\r\n", redis::error::bad_reply},
          hostile{"$1000000000\r\n", redis::error::reply_limit},
          hostile{"*1000000000\r\n", redis::error::reply_limit},
          hostile{"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", redis::error::reply_limit},
          hostile{"+" + std::string(100'000, 'x'), redis::error::bad_reply}}) {
        CAPTURE(h.text.substr(0, 40));
        asio::io_context context(1);
        redis_peer server(context, always(h.text));
        redis::options o = redis_options(server.url());
        o.reply_depth = 5;
        redis::connection connection(context.get_executor(), o);
        error_code first;
        error_code second;
        connection.async_command({"GET", "a"},
                                 [&](error_code e, redis::value const&) { first = e; });
        connection.async_command({"GET", "b"},
                                 [&](error_code e, redis::value const&) { second = e; });
        REQUIRE(run_redis_until(context, [&] { return second.failed(); }));
        CHECK(first == h.expected);
        CHECK(second == redis::error::connection_lost);
        REQUIRE(run_redis_until(context, [&] { return server.connections() == 2; }));
        connection.close();
        server.stop();
        context.run_for(1s);
    }
}

TEST_CASE("a reply that nobody has asked for ends the connection") {
    asio::io_context context(1);
    redis_peer server(context, greet);
    redis::connection connection(context.get_executor(), redis_options(server.url()));
    std::vector<error_code> reasons;
    connection.on_state([&](connection_state s, error_code ec) {
        if (s == connection_state::away) reasons.push_back(ec);
    });
    connection.connect();
    REQUIRE(run_redis_until(context, [&] { return connection.is_connected(); }));
    server.say("+surprise\r\n");
    REQUIRE(run_redis_until(context, [&] { return server.connections() == 2; }));
    CHECK(reasons == std::vector<error_code>{redis::error::bad_reply});
    connection.close();
    server.stop();
    context.run_for(1s);
}

TEST_CASE("a server that greets in a strange way is not taken for one") {
    for (std::string const& text :
         {std::string("-LOADING Redis is loading the dataset in memory\r\n"),
          std::string("HTTP/1.1 400 Bad Request\r\n\r\n"), std::string("$99999999999\r\n")}) {
        CAPTURE(text);
        asio::io_context context(1);
        redis_peer server(context, [&](redis_peer::words const& w) {
            return w[0] == "PING" ? text : std::string("greet");
        });
        redis::connection connection(context.get_executor(), redis_options(server.url()));
        connection.connect();
        REQUIRE(run_redis_until(context, [&] { return server.connections() == 3; }));
        CHECK(connection.state() == connection_state::away);
        connection.close();
        server.stop();
        context.run_for(1s);
    }
}

TEST_CASE("a server that accepts and says nothing is given up") {
    asio::io_context context(1);
    redis_peer server(context, [](redis_peer::words const&) { return std::string(); });
    redis::options o = redis_options(server.url());
    o.connect_timeout = 30ms;
    redis::connection connection(context.get_executor(), o);
    error_code why;
    connection.on_state([&](connection_state, error_code ec) { why = ec; });
    connection.connect();
    REQUIRE(run_redis_until(context, [&] { return server.connections() == 2; }));
    CHECK(why == asio::error::timed_out);
    connection.close();
    server.stop();
    context.run_for(1s);
}

TEST_CASE("a server that falls silent is found out") {
    asio::io_context context(1);
    int pings = 0;
    redis_peer server(context, [&](redis_peer::words const& w) {
        return w[0] != "PING" || ++pings < 3 ? std::string("greet") : std::string();
    });
    redis::options o = redis_options(server.url());
    o.health_check_interval = 20ms;
    o.health_check_timeout = 20ms;
    redis::connection connection(context.get_executor(), o);
    std::vector<error_code> reasons;
    connection.on_state([&](connection_state s, error_code ec) {
        if (s == connection_state::away) reasons.push_back(ec);
    });
    connection.connect();
    REQUIRE(run_redis_until(context, [&] { return server.connections() == 2; }));
    CHECK(pings >= 3);
    CHECK(reasons.at(0) == asio::error::timed_out);
    connection.close();
    server.stop();
    context.run_for(1s);
}

TEST_CASE("a paused server is found out, and used again when it goes on") {
    if (!redis_server::installed()) return;
    redis_server server;
    redis::options o = redis_options(server.url());
    o.command_timeout = 100ms;
    o.connect_timeout = 100ms;
    redis_client c(o);
    CHECK_FALSE(c.ask({"SET", "key", "x"}).ec);
    server.pause();
    CHECK(c.ask({"GET", "key"}).ec == asio::error::timed_out);
    CHECK(c.reaches(connection_state::away));
    server.resume();
    CHECK(c.reaches(connection_state::connected));
    CHECK(c.ask({"GET", "key"}).reply.text() == "x");
}

TEST_CASE("the last handle closes a connection, whatever is under way") {
    asio::io_context context(1);
    redis_peer server(context, always(""));
    error_code ec;
    {
        redis::connection const connection(context.get_executor(), redis_options(server.url()));
        redis::connection copy = connection;
        copy.async_command({"GET", "n"}, [&](error_code e, redis::value const&) { ec = e; });
        REQUIRE(run_redis_until(context, [&] { return server.commands().size() == 1; }));
    }
    REQUIRE(run_redis_until(context, [&] { return ec.failed(); }));
    CHECK(ec == redis::error::closed);
    server.stop();
    context.restart();
    context.run_for(5s);
    CHECK(context.stopped());
}

TEST_CASE("what is asked for right before a connection is closed is sent") {
    asio::io_context context(1);
    redis_peer server(context, always("+x\r\n"));
    redis::connection connection(context.get_executor(), redis_options(server.url()));
    connection.connect();
    REQUIRE(run_redis_until(context, [&] { return connection.is_connected(); }));
    error_code ec;
    connection.async_command({"PUBLISH", "c", "bye"},
                             [&](error_code e, redis::value const&) { ec = e; });
    connection.close();
    CHECK(run_redis_until(context, [&] { return server.commands().size() == 1; }));
    CHECK(ec == redis::error::closed);
    server.stop();
    context.run_for(1s);
}

TEST_CASE("handlers may close the connection, and ask again") {
    asio::io_context context(1);
    redis_peer server(context, always("+x\r\n"));
    redis::connection connection(context.get_executor(), redis_options(server.url()));
    int answered = 0;
    int closed = 0;
    std::function<void()> again = [&] {
        connection.async_command({"GET", "n"}, [&](error_code ec, redis::value const&) {
            ec ? ++closed : ++answered;
            if (answered == 5) connection.close();
            if (!ec) again();
        });
    };
    again();
    CHECK(run_redis_until(context, [&] { return closed == 1; }));
    CHECK(answered == 5);
    server.stop();
    context.run_for(1s);
}

TEST_CASE("what handlers of a connection to Redis throw leaves the event loop, and it goes on") {
    redis_client c;
    redis_peer peer(c.context, always("+OK\r\n"));
    c.open(redis_options(peer.url()));
    c.connection->on_state([](connection_state, error_code) { throw std::runtime_error("state"); });
    int thrown = 0;
    int answered = 0;
    auto const until = [&](auto holds) {
        for (;;) try {
                return run_redis_until(c.context, holds);
            } catch (std::runtime_error const&) {
                ++thrown;
            }
    };
    auto const ask = [&] {
        c.connection->async_command({"SET", "a", "b"}, [&](error_code ec, redis::value const&) {
            if (!ec) ++answered;
            throw std::runtime_error("answer");
        });
    };
    ask();
    ask();
    REQUIRE(until([&] { return thrown == 4; }));
    CHECK(answered == 2);
    ask();
    REQUIRE(until([&] { return thrown == 5; }));
    CHECK(answered == 3);
    CHECK(c.ask({"GET", "a"}).reply.text() == "OK");
    c.connection->close();
    ask();
    REQUIRE(until([&] { return thrown == 7; }));
    CHECK(answered == 3);
}

TEST_CASE("a connection that cannot be is refused when it is made") {
    asio::io_context context(1);
    auto const reason = [&](std::string url) -> error_code {
        try {
            redis::connection c(context.get_executor(), redis_options(std::move(url)));
        } catch (boost::system::system_error const& e) {
            return e.code();
        }
        return {};
    };
    CHECK(reason("http://127.0.0.1") == redis::error::invalid_url);
    CHECK(reason("rediss://127.0.0.1") == boost::system::errc::operation_not_supported);
}

TEST_CASE("a context may end while a connection is in use") {
    auto context = std::make_unique<asio::io_context>(1);
    redis_peer server(*context, always(""));
    auto connection =
        std::make_unique<redis::connection>(context->get_executor(), redis_options(server.url()));
    bool called = false;
    connection->async_command({"GET", "n"},
                              [&](error_code, redis::value const&) { called = true; });
    REQUIRE(run_redis_until(*context, [&] { return server.commands().size() == 1; }));
    connection.reset();
    server.stop();
    context.reset();
    CHECK_FALSE(called);
}

TEST_CASE("a hasty command is given up while there is no connection, others wait for one") {
    asio::io_context context;
    std::string url;
    {
        redis_peer const gone(context, greet);
        url = gone.url();
    }
    redis::connection c(context.get_executor(), {.url = url});
    std::vector<error_code> hasty;
    bool other = false;
    c.async_command({"GET", "a"}, [&](error_code, redis::value const&) { other = true; });
    using handler = std::function<void(error_code, redis::value)>;
    auto command = std::make_unique<redis::detail::command_of<handler>>(
        [&](error_code ec, redis::value const&) { hasty.push_back(ec); },
        redis::arguments("GET", "b").bytes(), 1);
    command->hasty = true;
    c.submit(std::move(command));
    auto const end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (hasty.empty() && std::chrono::steady_clock::now() < end)
        context.run_one_for(std::chrono::milliseconds(50));
    CHECK(hasty == std::vector<error_code>{redis::error::not_connected});
    CHECK_FALSE(other);
    c.close();
    context.run_for(std::chrono::seconds(1));
}
