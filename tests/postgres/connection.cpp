// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/postgres/connection.hpp>

#include <httphooks/postgres/error.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <future>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/postgres_server.hpp"

namespace {

namespace postgres = httphooks::postgres;
namespace asio = boost::asio;
using httphooks::error_code;
using postgres::connection;
using postgres::connection_state;
using postgres::query_result;
using support::postgres_server;
using namespace std::chrono_literals;

/// An event loop for one connection.
struct bench {
    asio::io_context loop{1};

    /// Runs the loop until a condition holds, at most half a minute.
    bool until(std::function<bool()> const& holds) {
        auto const late = std::chrono::steady_clock::now() + 30s;
        while (!holds()) {
            if (std::chrono::steady_clock::now() > late) return false;
            loop.restart();
            loop.run_one_for(100ms);
        }
        return true;
    }
    /// Runs the loop until a query has its result.
    template <class... Values>
    std::pair<error_code, query_result> ask(connection const& c, std::string_view sql,
                                            Values const&... values) {
        std::optional<std::pair<error_code, query_result>> got;
        c.async_query({sql, values...},
                      [&](error_code ec, query_result r) { got.emplace(ec, std::move(r)); });
        REQUIRE(until([&] { return got.has_value(); }));
        return *got;
    }
    /// The same for the first value.
    template <class... Values>
    std::string value(connection const& c, std::string_view sql, Values const&... values) {
        auto const [ec, r] = ask(c, sql, values...);
        INFO(r.message());
        REQUIRE_FALSE(ec);
        REQUIRE(r.rows() > 0);
        return std::string(r.value(0, 0).value_or("NULL"));
    }
    error_code settle(connection const& c) {
        std::optional<error_code> got;
        c.async_settle([&](error_code ec) { got = ec; });
        REQUIRE(until([&] { return got.has_value(); }));
        return *got;
    }
};

/// What a connection has told.
struct diary {
    explicit diary(connection const& c) {
        c.on_state([this](connection_state s, error_code ec, std::string_view text) {
            states.push_back(s);
            why = ec;
            said = text;
        });
        c.on_notification([this](postgres::notification const& n) {
            heard.push_back(std::string(n.channel) + ':' + std::string(n.payload));
        });
    }

    std::vector<connection_state> states{};
    error_code why{};
    std::string said{};
    std::vector<std::string> heard{};
};

postgres::options to(postgres_server const& server) {
    return {.conninfo = server.conninfo()};
}

}  // namespace

TEST_CASE("a connection runs queries with parameters, one after another") {
    if (!postgres_server::installed()) return;
    postgres_server const& server = postgres_server::shared();
    bench t;
    connection const c(t.loop.get_executor(), to(server));
    CHECK(c.state() == connection_state::idle);
    CHECK(t.value(c, "SELECT 1 + 1") == "2");
    CHECK(t.value(c, "SELECT $1 || $2", "a'; DROP TABLE x; --", std::string("ü")) ==
          "a'; DROP TABLE x; --ü");
    CHECK(t.value(c, "SELECT $1::int * 2", 21) == "42");
    CHECK(t.value(c, "SELECT NOT $1::boolean", true) == "f");
    CHECK(t.value(c, "SELECT $1::text", nullptr) == "NULL");
    std::byte const raw[] = {std::byte{0}, std::byte{255}, std::byte{'"'}};
    auto const bytes = t.ask(c, "SELECT $1::bytea", std::span<std::byte const>(raw));
    CHECK(bytes.second.bytes(0, 0) == std::string("\0\xff\"", 3));

    t.ask(c, "CREATE TEMPORARY TABLE books (id int, title text)");
    auto const put = t.ask(c, "INSERT INTO books VALUES (1, 'a'), (2, NULL)");
    CHECK(put.second.affected() == 2);
    auto const [ec, all] = t.ask(c, "SELECT * FROM books ORDER BY id");
    REQUIRE_FALSE(ec);
    CHECK(all.rows() == 2);
    CHECK(all.column("title") == std::size_t{1});
    CHECK(all.number(1, 0) == 2);
    CHECK_FALSE(all.value(1, 1));

    std::vector<int> order;
    for (int i = 0; i < 100; ++i)
        c.async_query({"SELECT $1::int", i}, [&order](error_code, query_result r) {
            order.push_back(static_cast<int>(*r.number(0, 0)));
        });
    REQUIRE(t.until([&] { return order.size() == 100; }));
    CHECK(std::is_sorted(order.begin(), order.end()));
    CHECK(c.stats().connections == 1);
}

TEST_CASE("a query that the server refuses has the reason, and does no harm") {
    if (!postgres_server::installed()) return;
    postgres_server const& server = postgres_server::shared();
    bench t;
    connection const c(t.loop.get_executor(), to(server));
    auto const [ec, r] = t.ask(c, "SELECT * FROM nowhere");
    CHECK(ec == postgres::error::query_failed);
    CHECK(r.sqlstate() == "42P01");
    CHECK(r.message() == "relation \"nowhere\" does not exist");
    CHECK(t.ask(c, "SELECT 1; SELECT 2").first == postgres::error::query_failed);
    CHECK(t.ask(c, "SELECT 1", 1).first == postgres::error::query_failed);
    CHECK(t.ask(c, "SELECT $1::text", std::string_view("a\0b", 3)).first ==
          postgres::error::invalid_text);
    CHECK(t.ask(c, std::string_view("SELECT 1\0", 9)).first == postgres::error::invalid_text);
    CHECK(t.ask(c, "SELECT $1::text", "\xff").first == postgres::error::query_failed);
    CHECK(t.ask(c, "").first == error_code());
    CHECK(t.value(c, "SELECT 3") == "3");
    CHECK(c.stats().connections == 1);

    CHECK(t.ask(c, "COPY pg_class TO STDOUT").first == postgres::error::copy_not_supported);
    CHECK(t.value(c, "SELECT 4") == "4");
    CHECK(c.stats().connections == 2);
}

TEST_CASE("a connection hears what is notified, as long as it listens") {
    if (!postgres_server::installed()) return;
    postgres_server const& server = postgres_server::shared();
    bench t;
    connection const c(t.loop.get_executor(), to(server));
    diary told(c);
    c.listen("news");
    c.listen("News#/\";--");
    CHECK_FALSE(t.settle(c));
    CHECK(server.ask("NOTIFY news, 'one'") == "");
    CHECK(t.value(c, "SELECT pg_notify($1, $2)", "News#/\";--", "two") == "");
    CHECK(server.ask("NOTIFY other, 'no'; NOTIFY news") == "");
    REQUIRE(t.until([&] { return told.heard.size() == 3; }));
    CHECK(told.heard == std::vector<std::string>{"news:one", "News#/\";--:two", "news:"});

    c.unlisten("news");
    CHECK_FALSE(t.settle(c));
    server.ask("NOTIFY news, 'three'");
    server.ask("NOTIFY \"News#/\"\";--\", 'four'");
    REQUIRE(t.until([&] { return told.heard.size() == 4; }));
    CHECK(told.heard.back() == "News#/\";--:four");
    CHECK(c.stats().notifications == 4);
    CHECK_THROWS(c.listen(std::string(64, 'x')));
    CHECK_THROWS(c.listen(std::string("a\0", 2)));
    CHECK_THROWS(c.listen(""));
}

TEST_CASE("a notification that comes right behind results is heard without another word") {
    if (!postgres_server::installed()) return;
    bench t;
    postgres::options o = to(postgres_server::shared());
    o.health_check_interval = 0ms;
    connection const c(t.loop.get_executor(), o);
    connection const other(t.loop.get_executor(), o);
    diary told(c);
    c.listen("own");
    CHECK_FALSE(t.settle(c));
    // it comes before, between or behind the answers to two channels, which are asked for in one
    for (std::size_t i = 1; i <= 300; ++i) {
        c.listen("a" + std::to_string(i));
        c.listen("b" + std::to_string(i));
        other.async_query({"SELECT pg_notify('own', $1)", std::to_string(i)}, asio::detached);
        INFO(i);
        REQUIRE(t.until([&] { return told.heard.size() == i; }));
    }
}

TEST_CASE("a connection whose server goes away and comes back listens before it says so") {
    if (!postgres_server::installed()) return;
    postgres_server& server = postgres_server::shared();
    bench t;
    connection const c(t.loop.get_executor(), to(server));
    diary told(c);
    std::vector<std::string> wanted;
    for (int i = 0; i < 600; ++i) {
        wanted.push_back("channel " + std::to_string(i));
        c.listen(wanted.back());
    }
    CHECK_FALSE(t.settle(c));
    CHECK(t.value(c, "SELECT count(*) FROM pg_listening_channels()") == "600");
    server.kill();
    REQUIRE(t.until([&] { return c.state() == connection_state::away; }));
    CHECK(told.states == std::vector{connection_state::connecting, connection_state::connected,
                                     connection_state::away});
    std::string waited;
    c.async_query("SELECT count(*) FROM pg_listening_channels()",
                  [&](error_code ec, query_result r) {
                      waited = ec ? ec.message() : std::string(*r.value(0, 0));
                  });
    c.unlisten("channel 7");
    server.start();
    REQUIRE(t.until([&] { return c.is_connected(); }));
    server.ask("NOTIFY \"channel 599\", 'again'");
    REQUIRE(t.until([&] { return !told.heard.empty(); }));
    CHECK(told.heard.back() == "channel 599:again");
    REQUIRE(t.until([&] { return !waited.empty(); }));
    CHECK(waited == "599");
    CHECK(c.stats().connections == 2);
}

TEST_CASE("a server that is absent at the start is waited for") {
    if (!postgres_server::installed()) return;
    postgres_server& server = postgres_server::shared();
    server.kill();
    bench t;
    connection const c(t.loop.get_executor(), to(server));
    diary told(c);
    c.listen("x");
    REQUIRE(t.until([&] { return c.state() == connection_state::away; }));
    CHECK(told.why == postgres::error::unreachable);
    CHECK_THAT(told.said, Catch::Contains("refused"));
    server.start();
    REQUIRE(t.until([&] { return c.is_connected(); }));
    server.ask("NOTIFY x, 'y'");
    REQUIRE(t.until([&] { return !told.heard.empty(); }));
}

TEST_CASE("without a queue queries wait for their turn, but not for a connection") {
    if (!postgres_server::installed()) return;
    bench t;
    postgres::options o = to(postgres_server::shared());
    o.queue_limit = 0;
    for (auto const full : {postgres::queue_policy::fail, postgres::queue_policy::drop}) {
        o.queue_full = full;
        connection const c(t.loop.get_executor(), o);
        CHECK(t.ask(c, "SELECT 1").first == postgres::error::not_connected);
        REQUIRE(t.until([&] { return c.is_connected(); }));
        std::vector<std::string> ended;
        auto const put = [&](std::string const& sql) {
            c.async_query({sql}, [&ended](error_code ec, query_result const& r) {
                ended.push_back(ec ? ec.message() : std::string(r.value(0, 0).value_or("NULL")));
            });
        };
        for (char const* const sql : {"SELECT 1", "SELECT 2", "SELECT 3"}) put(sql);
        put("SELECT '" + std::string(2'000'000, 'x') + "'");
        REQUIRE(t.until([&] { return ended.size() == 4; }));
        CHECK(ended == std::vector<std::string>{"too much waits for PostgreSQL", "1", "2", "3"});
        CHECK(c.stats().dropped == 2);
    }
}

TEST_CASE("what handlers of a connection throw leaves the event loop, and it goes on") {
    if (!postgres_server::installed()) return;
    postgres_server const& server = postgres_server::shared();
    bench t;
    connection const c(t.loop.get_executor(), to(server));
    std::vector<connection_state> states;
    std::vector<std::string> heard;
    c.on_state([&](connection_state s, error_code, std::string_view) {
        states.push_back(s);
        throw std::runtime_error("state");
    });
    c.on_notification([&](postgres::notification const& n) {
        heard.emplace_back(n.payload);
        throw std::runtime_error("notification");
    });
    int thrown = 0;
    auto const until = [&](std::function<bool()> const& holds) {
        for (;;) try {
                return t.until(holds);
            } catch (std::runtime_error const&) {
                ++thrown;
            }
    };
    c.listen("thrown");
    REQUIRE(until([&] { return c.is_connected() && thrown == 2; }));
    CHECK(states == std::vector{connection_state::connecting, connection_state::connected});
    server.ask("NOTIFY thrown, 'one'; NOTIFY thrown, 'two'");
    server.ask("NOTIFY thrown, 'three'");
    REQUIRE(until([&] { return thrown == 5; }));
    CHECK(heard == std::vector<std::string>{"one", "two", "three"});
    CHECK(t.value(c, "SELECT 1") == "1");
    c.close();
    REQUIRE(until([&] { return c.state() == connection_state::closed; }));
}

TEST_CASE("queries that wait for a server are bounded, in number of bytes and in time") {
    bench t;
    std::uint16_t const nobody = postgres_server::free_port();
    postgres::options o{.conninfo = "host=127.0.0.1 port=" + std::to_string(nobody)};
    o.queue_limit = 100;
    std::vector<std::string> ended;
    auto const put = [&](connection const& c, char const* sql) {
        c.async_query(sql, [&ended, sql](error_code ec, query_result) {
            ended.push_back(std::string(sql, 1) + ' ' + ec.message());
        });
    };
    std::string const a(60, 'a'), b(30, 'b'), d(60, 'd');
    {
        connection const c(t.loop.get_executor(), o);
        for (auto const* s : {&a, &b, &d}) put(c, s->c_str());
        REQUIRE(t.until([&] { return ended.size() == 1; }));
        CHECK(ended.back() == "d too much waits for PostgreSQL");
        CHECK(c.stats().queued == 90);
    }
    REQUIRE(t.until([&] { return ended.size() == 3; }));
    CHECK(ended.back() == "b the connection to PostgreSQL is closed");
    ended.clear();
    o.queue_full = postgres::queue_policy::drop;
    {
        connection const c(t.loop.get_executor(), o);
        for (auto const* s : {&a, &b, &d}) put(c, s->c_str());
        REQUIRE(t.until([&] { return ended.size() == 1; }));
        CHECK(ended.back() == "a dropped, because too much waits for PostgreSQL");
        CHECK(c.stats().dropped == 1);
        c.close();
        REQUIRE(t.until([&] { return ended.size() == 3; }));
    }
    ended.clear();
    o.queue_limit = 0;
    {
        connection const c(t.loop.get_executor(), o);
        put(c, a.c_str());
        REQUIRE(t.until([&] { return ended.size() == 1; }));
        CHECK(ended.back() == "a no connection to PostgreSQL");
    }
    ended.clear();
    o.queue_limit = 100;
    o.query_timeout = 20ms;
    {
        connection const c(t.loop.get_executor(), o);
        put(c, a.c_str());
        REQUIRE(t.until([&] { return ended.size() == 1; }));
        CHECK(ended.back() == "a " + error_code(asio::error::timed_out).message());
    }
}

TEST_CASE("a server that stands still is noticed") {
    if (!postgres_server::installed()) return;
    postgres_server const& server = postgres_server::shared();
    bench t;
    auto o = to(server);
    o.query_timeout = 300ms;
    o.connect_timeout = 300ms;
    connection const asks(t.loop.get_executor(), o);
    o.health_check_interval = 50ms;
    o.health_check_timeout = 100ms;
    connection const listens(t.loop.get_executor(), o);
    listens.listen("x");
    CHECK(t.value(asks, "SELECT 1") == "1");
    REQUIRE(t.until([&] { return listens.is_connected(); }));
    server.pause();
    CHECK(t.ask(asks, "SELECT 2").first == asio::error::timed_out);
    CHECK(asks.state() == connection_state::away);
    REQUIRE(t.until([&] { return listens.state() == connection_state::away; }));
    server.resume();
    REQUIRE(t.until([&] { return asks.is_connected() && listens.is_connected(); }));
    CHECK(t.value(asks, "SELECT 3") == "3");
}

TEST_CASE("a connection that the server ends loses the query that is under way, and no other") {
    if (!postgres_server::installed()) return;
    postgres_server const& server = postgres_server::shared();
    bench t;
    connection const c(t.loop.get_executor(), to(server));
    auto const own = t.value(c, "SELECT pg_backend_pid()");
    std::optional<error_code> first, second;
    c.async_query("SELECT pg_sleep(60)", [&](error_code ec, query_result) { first = ec; });
    c.async_query("SELECT 1", [&](error_code ec, query_result) { second = ec; });
    REQUIRE(t.until([&] { return c.stats().sent == 2; }));
    CHECK(server.ask("SELECT pg_terminate_backend(" + own + ")") == "t");
    REQUIRE(t.until([&] { return first && second; }));
    CHECK(*first == postgres::error::connection_lost);
    CHECK_FALSE(*second);
    CHECK(c.stats().lost == 1);
}

TEST_CASE("a login that fails is told, and tried again") {
    if (!postgres_server::installed()) return;
    postgres_server const server("secret");
    bench t;
    auto o = to(server);
    CHECK(t.value(connection(t.loop.get_executor(), o), "SELECT 1") == "1");
    o.conninfo += " password=wrong";
    connection const c(t.loop.get_executor(), o);
    diary told(c);
    c.connect();
    REQUIRE(t.until([&] { return c.state() == connection_state::away; }));
    CHECK(told.why == postgres::error::refused);
    CHECK_THAT(told.said, Catch::Contains("password authentication failed"));
    server.ask("ALTER USER tester PASSWORD 'wrong'");
    REQUIRE(t.until([&] { return c.is_connected(); }));
}

TEST_CASE("connections are made by names, lists of them, and sockets of the file system") {
    if (!postgres_server::installed()) return;
    postgres_server const& server = postgres_server::shared();
    bench t;
    std::string const port = std::to_string(server.port());
    std::string const nobody = std::to_string(postgres_server::free_port());
    for (std::string const& where :
         {"postgresql://tester@localhost:" + port + "/postgres",
          "host=" + server.folder() + " user=tester dbname=postgres port=" + port,
          "host=localhost," + server.folder() + " user=tester dbname=postgres port=" + nobody +
              "," + port,
          "host=no.such.host.invalid,127.0.0.1 user=tester dbname=postgres port=" + port,
          "hostaddr=127.0.0.1 user=tester dbname=postgres port=" + port}) {
        INFO(where);
        CHECK(t.value(connection(t.loop.get_executor(), {.conninfo = where}), "SELECT 1") == "1");
    }
    connection const lost(t.loop.get_executor(), {.conninfo = "host=no.such.host.invalid"});
    lost.connect();
    REQUIRE(t.until([&] { return lost.state() == connection_state::away; }));
    for (char const* bad : {"nonsense", "host='", "unknown=1", "postgresql://["})
        CHECK_THROWS(connection(t.loop.get_executor(), {.conninfo = bad}));
}

TEST_CASE("connections are used by many threads, with coroutines and futures") {
    if (!postgres_server::installed()) return;
    postgres_server const& server = postgres_server::shared();
    asio::io_context loop;
    auto const work = asio::make_work_guard(loop);
    std::vector<std::thread> runners;
    for (int i = 0; i < 3; ++i) runners.emplace_back([&loop] { loop.run(); });
    {
        connection const c(loop.get_executor(), to(server));
        std::atomic<int> heard{0};
        c.on_notification([&heard](postgres::notification const&) { ++heard; });
        c.listen("x");
        std::atomic<int> sum{0};
        std::vector<std::thread> askers;
        for (int i = 0; i < 4; ++i)
            askers.emplace_back([c, i, &sum] {
                for (int k = 0; k < 50; ++k) {
                    auto f = c.async_query(
                        {"SELECT $1::int, pg_notify('x', $2)", i, std::to_string(100 * i + k)},
                        asio::use_future);
                    sum += static_cast<int>(*f.get().number(0, 0));
                    if (k % 10 == 0) c.listen("channel " + std::to_string(k));
                    (void)c.stats();
                }
            });
        std::promise<std::string> spoken;
        asio::co_spawn(
            loop,
            [c]() -> asio::awaitable<std::string> {
                query_result const r = co_await c.async_query({"SELECT $1 || '!'", "hello"});
                co_return std::string(*r.value(0, 0));
            },
            [&spoken](std::exception_ptr, std::string s) { spoken.set_value(std::move(s)); });
        CHECK(spoken.get_future().get() == "hello!");
        for (auto& a : askers) a.join();
        CHECK(sum == 50 * (0 + 1 + 2 + 3));
        CHECK(support::eventually([&] { return heard == 200; }));
        c.close();
        auto last = c.async_query("SELECT 1", asio::use_future);
        CHECK_THROWS(last.get());
        CHECK(c.state() == connection_state::closed);
    }
    loop.stop();
    for (auto& r : runners) r.join();
}

TEST_CASE("large values go both ways") {
    if (!postgres_server::installed()) return;
    postgres_server const& server = postgres_server::shared();
    bench t;
    connection const c(t.loop.get_executor(), to(server));
    CHECK(t.value(c, "SELECT 1") == "1");
    std::string const big(5'000'000, 'x');  // more than may wait: it goes at once
    auto const [ec, r] = t.ask(c, "SELECT $1::text, $2::bytea", big, std::as_bytes(std::span(big)));
    REQUIRE_FALSE(ec);
    CHECK(r.value(0, 0) == big);
    CHECK(r.bytes(0, 1) == big);
}

TEST_CASE("an event loop may end while a connection is open, or being opened") {
    if (!postgres_server::installed()) return;
    postgres_server const& server = postgres_server::shared();
    bool called = false;
    for (int turns : {0, 1, 2, 3, 5, 8, 13, 100}) {
        asio::io_context loop{1};
        connection const c(loop.get_executor(), {.conninfo = server.conninfo()});
        c.listen("x");
        c.async_query("SELECT pg_sleep(60)", [&](error_code, query_result) { called = true; });
        for (; turns > 0; --turns) loop.run_one_for(20ms);
    }
    CHECK_FALSE(called);
    asio::io_context loop{1};
    std::optional<connection> c(std::in_place, loop.get_executor(),
                                postgres::options{.conninfo = server.conninfo()});
    c->async_query("SELECT pg_sleep(60)",
                   [&](error_code ec, query_result) { called = ec == postgres::error::closed; });
    for (int turns = 0; turns < 30; ++turns) loop.run_one_for(20ms);
    c.reset();  // the last handle
    loop.restart();
    loop.run_for(10s);
    CHECK(called);
}
