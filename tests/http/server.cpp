// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/http/detail/admission.hpp>
#include <httphooks/http/server.hpp>
#include <httphooks/into_response.hpp>

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/raw_client.hpp"
#include "support/refusals.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace std::chrono_literals;
using support::eventually;
using support::raw_client;
using support::read_end;

namespace hh = httphooks;
namespace asio = boost::asio;

namespace {

constexpr char hello_request[] = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr char get_last[] = "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

hh::http::options on_loopback(unsigned threads = 1) {
    hh::http::options o;
    o.address = "127.0.0.1";
    o.threads = threads;
    return o;
}

/// A server with threads, and hooks that it can answer from or park in.
struct server_fixture {
    asio::io_context registry_context{};
    hh::registry hooks{registry_context.get_executor()};
    std::mutex mutex{};
    std::vector<std::function<void()>> parked{};
    hh::http::server web;

    explicit server_fixture(hh::http::options o) : web(std::move(o), hooks) {
        hooks.get("/hello", [](auto&) { return hh::text("hello"); });
        hooks.get("/wait", [this](auto& c, auto done) {
            c.set_response(hh::text("waited"));
            std::lock_guard const lock(mutex);
            parked.push_back([d = std::make_shared<decltype(done)>(std::move(done))] { (*d)(); });
        });
    }
    ~server_fixture() {
        web.stop();
        parked.clear();
    }

    std::size_t waiting() {
        std::lock_guard const lock(mutex);
        return parked.size();
    }
    /// Runs the server. @return how it ends
    std::future<hh::error_code> run() {
        auto told = std::make_shared<std::promise<hh::error_code>>();
        auto ended = told->get_future();
        web.async_run([told](hh::error_code ec) { told->set_value(ec); });
        return ended;
    }
};

/// Whether a port takes no connection any more.
bool draining(std::uint16_t port) {
    asio::io_context context;
    asio::ip::tcp::socket s(context);
    hh::error_code ec;
    s.connect({asio::ip::address_v4::loopback(), port}, ec);
    return ec == asio::error::connection_refused;
}

}  // namespace

TEST_CASE("a server with threads answers on all of them") {
    server_fixture f(on_loopback(3));
    auto ended = f.run();
    REQUIRE(f.web.port() != 0);
    std::vector<raw_client> clients;
    for (int i = 0; i < 20; ++i) clients.emplace_back(f.web.port());
    for (auto& c : clients) REQUIRE(c.send(hello_request));
    for (auto& c : clients) CHECK(c.until("hello").starts_with("HTTP/1.1 200 OK\r\n"));
    for (auto& c : clients) REQUIRE(c.send(get_last));
    for (auto& c : clients) {
        auto const [text, end] = c.rest();
        CHECK(text.find("Connection: close\r\n") != text.npos);
        CHECK(end == read_end::fin);
    }
    f.web.stop();
    CHECK(ended.wait_for(5s) == std::future_status::ready);
}

TEST_CASE("a server runs on an executor of the caller's") {
    asio::io_context context;
    hh::registry hooks{context.get_executor()};
    hooks.get("/hello", [](auto&) { return hh::text("hello"); });
    auto const make = [&](auto const& executor) {
        return hh::http::server{executor, hooks, on_loopback()};
    };
    auto const strand = asio::make_strand(context);
    hh::http::server web = [&]() -> hh::http::server {
        switch (GENERATE(0, 1, 2, 3, 4)) {
            case 0:
                return make(context.get_executor());
            case 1:
                return make(strand);
            case 2:
                return make(asio::any_io_executor(context.get_executor()));
            case 3:
                return make(asio::any_io_executor(strand));
            default:
                return {{context.get_executor()}, hooks, on_loopback()};
        }
    }();
    bool ended = false;
    web.async_run([&](hh::error_code ec) { ended = !ec; });
    std::thread thread([&] { context.run(); });
    raw_client c(web.port());
    REQUIRE(c.send(hello_request));
    CHECK(c.until("hello").ends_with("hello"));
    web.stop();
    thread.join();
    CHECK(ended);
}

TEST_CASE("a port that is taken is an error of async_run, whatever the number of threads") {
    auto o = on_loopback(GENERATE(1u, 3u));
    o.share_port = GENERATE(false, true);
    server_fixture first(o);
    auto ended = first.run();
    auto o2 = on_loopback(GENERATE(1u, 2u));
    o2.share_port = !o.share_port && GENERATE(false, true);
    o2.port = first.web.port();
    server_fixture second(o2);
    for (int i = 0; i < 2; ++i) {
        auto failed = second.run();
        REQUIRE(failed.wait_for(5s) == std::future_status::ready);
        CHECK(failed.get() == asio::error::address_in_use);
    }
    raw_client c(first.web.port());
    REQUIRE(c.send(get_last));
    CHECK(c.rest().first.ends_with("hello"));
}

TEST_CASE("a server that could not listen can try again") {
    auto first = std::make_unique<server_fixture>(on_loopback(2));
    first->web.listen();
    auto o = on_loopback(2);
    o.port = first->web.port();
    server_fixture second(o);
    CHECK_THROWS_AS(second.web.listen(), hh::system_error);
    first.reset();
    second.web.listen();
    CHECK(second.web.port() == o.port);
}

TEST_CASE("servers that all say so share a port") {
    auto o = on_loopback(GENERATE(1u, 2u));
    o.share_port = true;
    server_fixture first(o);
    auto ended = first.run();
    o.port = first.web.port();
    server_fixture second(o);
    auto ended2 = second.run();
    // which of them a connection goes to is the system's choice: there is an answer of each
    auto const opened = [&] {
        return std::pair(first.web.counters()->opened(), second.web.counters()->opened());
    };
    for (int i = 0; i < 1000 && (opened().first == 0 || opened().second == 0); ++i) {
        raw_client c(o.port);
        REQUIRE(c.send(get_last));
        CHECK(c.rest().first.ends_with("hello"));
    }
    CHECK(opened().first > 0);
    CHECK(opened().second > 0);
}

TEST_CASE("options that cannot be meant are refused") {
    asio::io_context context;
    hh::registry hooks{context.get_executor()};
    auto o = on_loopback(0);
    CHECK_THROWS_AS((hh::http::server{o, hooks}), std::invalid_argument);
    o = on_loopback();
    o.trusted_proxies = {"10.0.0.0/8", "nonsense"};
    CHECK_THROWS_AS((hh::http::server{o, hooks}), std::invalid_argument);
    o = on_loopback();
    o.server_name = "a\r\nb";
    CHECK_THROWS_AS((hh::http::server{o, hooks}), std::invalid_argument);
}

TEST_CASE("options that have no effect with others are refused") {
    asio::io_context context;
    hh::registry hooks{context.get_executor()};
    CHECK_THROWS_AS((hh::http::server{context.get_executor(), hooks, on_loopback(2)}),
                    std::invalid_argument);
    auto o = on_loopback();
    o.trusted_field = hh::http::proxy_field::forwarded;
    CHECK_THROWS_AS((hh::http::server{o, hooks}), std::invalid_argument);
    o.trusted_proxies = {"10.0.0.0/8"};
    CHECK_NOTHROW(hh::http::server{o, hooks});
}

TEST_CASE("a drain answers what has begun, tells what it cut, and ends the run") {
    server_fixture f(on_loopback(2));
    auto ended = f.run();
    raw_client idle(f.web.port());
    raw_client answered(f.web.port());
    raw_client cut(f.web.port());
    REQUIRE(idle.send(hello_request));
    CHECK(idle.until("hello").ends_with("hello"));
    REQUIRE(answered.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"));
    REQUIRE(eventually([&] { return f.waiting() == 1; }));
    REQUIRE(cut.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"));
    REQUIRE(eventually([&] { return f.waiting() == 2; }));

    std::promise<hh::http::drain_report> report;
    f.web.async_drain(3s, [&](hh::error_code, hh::http::drain_report r) { report.set_value(r); });
    CHECK(idle.rest().second == read_end::fin);
    f.parked[0]();
    auto const [text, end] = answered.rest();
    CHECK(text.find("Connection: close\r\n") != text.npos);
    CHECK(text.ends_with("waited"));
    CHECK(end == read_end::fin);
    answered.finish();
    auto done = report.get_future();
    REQUIRE(done.wait_for(5s) == std::future_status::ready);
    auto const r = done.get();
    CHECK(r.connections == 1);
    CHECK(r.exchanges == 1);
    CHECK(cut.rest().first.empty());
    CHECK(ended.wait_for(5s) == std::future_status::ready);
    CHECK_THROWS(raw_client(f.web.port()));
}

TEST_CASE("a server that goes takes the handlers of its operations along") {
    asio::io_context context;
    hh::registry hooks{context.get_executor()};
    auto const kept = std::make_shared<int>();
    {
        hh::http::server web{on_loopback(2), hooks};
        web.async_run([kept](hh::error_code) {});
        SECTION("while it runs") {}
        SECTION("while it is told to stop") {
            web.stop();
        }
        SECTION("while it drains") {
            web.async_drain(1h, [kept](hh::error_code, hh::http::drain_report) {});
        }
    }
    CHECK(kept.use_count() == 1);
}

TEST_CASE("a handler's own context runs until the server has called it") {
    server_fixture f(on_loopback(2));
    asio::io_context mine;
    bool ran = false;
    bool drained = false;
    f.web.async_run(asio::bind_executor(mine.get_executor(), [&](hh::error_code) { ran = true; }));
    f.web.async_drain(1s, asio::bind_executor(mine.get_executor(),
                                              [&](hh::error_code, auto) { drained = true; }));
    mine.run_for(5s);
    CHECK(ran);
    CHECK(drained);
}

TEST_CASE("too many connections are told so, and there is room again when one goes") {
    auto o = on_loopback();
    o.max_connections = 2;
    server_fixture f(o);
    auto ended = f.run();
    raw_client a(f.web.port());
    auto b = std::make_unique<raw_client>(f.web.port());
    REQUIRE(a.send(hello_request));
    CHECK(a.until("hello").ends_with("hello"));
    REQUIRE(b->send(hello_request));
    CHECK(b->until("hello").ends_with("hello"));
    raw_client c(f.web.port());
    auto const [text, end] = c.rest();
    CHECK(text.starts_with("HTTP/1.1 503 "));
    CHECK(text.find("Connection: close\r\n") != text.npos);
    CHECK(end == read_end::fin);
    b.reset();
    CHECK(eventually([&] {
        raw_client d(f.web.port());
        return d.send(hello_request) && d.until("hello").starts_with("HTTP/1.1 200 ");
    }));
}

TEST_CASE("connections are counted by address, but for loopback") {
    auto const admitted = std::make_shared<hh::http::detail::admission>(
        10, 2, std::make_shared<hh::server_counters>());
    auto const far = asio::ip::make_address("192.0.2.1");
    auto one = admitted->admit(far);
    auto two = admitted->admit(asio::ip::make_address("::ffff:192.0.2.1"));
    CHECK(one);
    CHECK(two);
    CHECK_FALSE(admitted->admit(far));
    CHECK(admitted->admit(asio::ip::make_address("192.0.2.2")));
    one.reset();
    CHECK(admitted->admit(far));
    std::vector<std::unique_ptr<hh::http::detail::connection_ticket>> near;
    for (int i = 0; i < 9; ++i) {
        near.push_back(admitted->admit(asio::ip::make_address("127.0.0.1")));
        CHECK(near.back());
    }
    CHECK_FALSE(admitted->admit(asio::ip::make_address("127.0.0.1")));
}

TEST_CASE("a reset at any byte of a request leaves the server well") {
    server_fixture f(on_loopback());
    auto ended = f.run();
    std::string const request =
        "POST /hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
        "chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    for (std::size_t n = 0; n <= request.size(); ++n) {
        raw_client c(f.web.port());
        REQUIRE(c.send(request.substr(0, n)));
        c.reset();
    }
    raw_client c(f.web.port());
    REQUIRE(c.send(hello_request));
    CHECK(c.until("hello").ends_with("hello"));
}

TEST_CASE("a reset while a hook runs cancels it") {
    server_fixture f(on_loopback());
    auto ended = f.run();
    raw_client c(f.web.port());
    SECTION("plain") {
        REQUIRE(c.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"));
    }
    SECTION("after a half-close") {
        REQUIRE(c.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"));
        c.finish();
    }
    REQUIRE(eventually([&] { return f.waiting() == 1; }));
    c.reset();
    CHECK(eventually([&] { return f.hooks.stats().exchanges == 0; }));
    f.parked[0]();
}

TEST_CASE("a half-close is no end: the reply comes, then FIN") {
    server_fixture f(on_loopback());
    auto ended = f.run();
    raw_client c(f.web.port());
    REQUIRE(c.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"));
    c.finish();
    REQUIRE(eventually([&] { return f.waiting() == 1; }));
    f.parked[0]();
    auto const [text, end] = c.rest();
    CHECK(text.ends_with("waited"));
    CHECK(end == read_end::fin);
}

TEST_CASE("without descriptors the server waits, and goes on when there are some") {
    server_fixture f(on_loopback());
    auto ended = f.run();
    raw_client first(f.web.port());
    REQUIRE(first.send(hello_request));
    CHECK(first.until("hello").ends_with("hello"));
    int const client = ::socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(client >= 0);
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    rlimit none = before;
    none.rlim_cur = static_cast<rlim_t>(client) + 1;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(f.web.port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bool const connected =
        ::connect(client, reinterpret_cast<sockaddr const*>(&to), sizeof to) == 0;
    // the one that is open is served all the same
    bool const served = first.send(hello_request) && first.until("hello").ends_with("hello");
    ::setrlimit(RLIMIT_NOFILE, &before);
    CHECK(connected);
    CHECK(served);
    REQUIRE(::send(client, hello_request, sizeof hello_request - 1, MSG_NOSIGNAL) > 0);
    timeval const limit{5, 0};
    ::setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    char reply[1024];
    CHECK(::recv(client, reply, sizeof reply, 0) > 0);
    ::close(client);
}

TEST_CASE("a large reply reaches a client that reads late") {
    server_fixture f(on_loopback());
    f.hooks.get("/large", [](auto&) { return hh::text(std::string(20'000'000, 'x')); });
    auto ended = f.run();
    raw_client c(f.web.port());
    REQUIRE(c.send("GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    auto const [text, end] = c.rest();
    CHECK(text.size() > 20'000'000);
    CHECK(end == read_end::fin);
}

TEST_CASE("a client that writes all before it reads sees why it is refused") {
    auto o = on_loopback();
    o.linger_timeout = 60s;
    server_fixture f(o);
    auto ended = f.run();
    std::size_t const size = GENERATE(std::size_t{4} << 20, std::size_t{60} << 20);
    bool const chunked = GENERATE(false, true);
    raw_client c(f.web.port());
    REQUIRE(c.send(hello_request));
    REQUIRE(c.send("POST /hello HTTP/1.1\r\nHost: a\r\n"));
    std::string const piece(64 * 1024, 'x');
    if (chunked)
        REQUIRE(c.send("Transfer-Encoding: chunked\r\n\r\n"));
    else
        REQUIRE(c.send("Content-Length: " + std::to_string(size) + "\r\n\r\n"));
    for (std::size_t sent = 0; sent < size; sent += piece.size())
        REQUIRE(c.send(chunked ? "10000\r\n" + piece + "\r\n" : piece));
    auto const [text, end] = c.rest();
    CHECK(text.starts_with("HTTP/1.1 200 OK"));
    CHECK(text.find("helloHTTP/1.1 413 ") != text.npos);
    CHECK(end == read_end::fin);
    c.finish();
    CHECK(eventually([&] { return f.web.counters()->sessions() == 0; }));
}

TEST_CASE("a client that sends for ever to a connection which is being closed is stopped") {
    auto o = on_loopback();
    o.linger_timeout = 60s;
    bool const together = GENERATE(false, true);
    (together ? o.linger_bytes_total : o.linger_bytes) = 1'000'000;
    server_fixture f(o);
    auto ended = f.run();
    raw_client c(f.web.port());
    REQUIRE(c.send("POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000000\r\n\r\n"));
    std::string const piece(64 * 1024, 'x');
    int pieces = 0;
    while (pieces < 10'000 && c.send(piece)) ++pieces;
    CHECK(pieces < 10'000);
    CHECK(eventually([&] { return f.web.counters()->sessions() == 0; }));
}

TEST_CASE("the last reply reaches a client that takes longer than the server waits for it") {
    auto o = on_loopback();
    o.linger_timeout = 100ms;
    server_fixture f(o);
    f.hooks.get("/large", [](auto&) { return hh::text(std::string(500'000, 'x')); });
    auto ended = f.run();
    raw_client c(f.web.port());
    int const small = 4096;
    ::setsockopt(c.handle(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    REQUIRE(c.send("GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    std::string text;
    // as soon as the system has taken all of the reply, the server's part of it is over
    auto const counted = f.web.counters();
    REQUIRE(eventually([&] {
        if (counted->waiting_bytes() > 0) c.read(text);
        return counted->opened() == 1 && counted->sessions() == 0;
    }));
    auto const [rest, end] = c.rest();
    text += rest;
    CHECK(end == read_end::fin);
    CHECK(text.size() - text.find("\r\n\r\n") - 4 == 500'000);
}

TEST_CASE("connections, what waits for clients, and what is refused are counted") {
    auto o = on_loopback();
    o.max_connections = 2;
    server_fixture f(o);
    f.hooks.get("/large", [](auto&) { return hh::text(std::string(20'000'000, 'x')); });
    auto const counted = f.web.counters();
    auto ended = f.run();
    {
        raw_client slow(f.web.port());
        REQUIRE(slow.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n"));
        CHECK(eventually([&] { return counted->waiting_bytes() > 1'000'000; }));
        raw_client wrong(f.web.port());
        REQUIRE(wrong.send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"));
        CHECK(wrong.until("\r\n\r\n").starts_with("HTTP/1.1 400 "));
        CHECK(counted->sessions() == 2);
        raw_client third(f.web.port());
        CHECK(third.rest().first.starts_with("HTTP/1.1 503 "));
        CHECK(support::refusals(*counted) == "Bad Request: 1; Too many connections: 1");
    }
    CHECK(eventually([&] { return counted->sessions() == 0; }));
    CHECK(counted->opened() == 2);
    CHECK(eventually([&] { return counted->waiting_bytes() == 0; }));
}

TEST_CASE("run_until_signal answers what has begun when the process is told to end") {
    int const signal = GENERATE(SIGINT, SIGTERM);
    server_fixture f(on_loopback(2));
    f.web.listen();
    std::promise<void> returned;
    std::thread thread([&] {
        f.web.run_until_signal(20s);
        returned.set_value();
    });
    raw_client c(f.web.port());
    REQUIRE(c.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"));
    REQUIRE(eventually([&] { return f.waiting() == 1; }));
    ::kill(::getpid(), signal);
    CHECK(eventually([&] { return draining(f.web.port()); }));
    f.parked.front()();
    auto const [text, end] = c.rest();
    CHECK(text.find("waited") != text.npos);
    CHECK(end == read_end::fin);
    CHECK(returned.get_future().wait_for(10s) == std::future_status::ready);
    thread.join();
}

TEST_CASE("a second signal ends run_until_signal at once") {
    server_fixture f(on_loopback());
    f.web.listen();
    std::promise<void> returned;
    std::thread thread([&] {
        f.web.run_until_signal(1h);
        returned.set_value();
    });
    auto ended = returned.get_future();
    raw_client c(f.web.port());
    REQUIRE(c.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"));
    REQUIRE(eventually([&] { return f.waiting() == 1; }));
    ::kill(::getpid(), SIGTERM);
    CHECK(eventually([&] { return draining(f.web.port()); }));
    CHECK(ended.wait_for(0s) == std::future_status::timeout);
    ::kill(::getpid(), SIGTERM);
    CHECK(ended.wait_for(10s) == std::future_status::ready);
    thread.join();
}

TEST_CASE("run_until_signal returns when the server is stopped, and is for servers with threads") {
    server_fixture f(on_loopback());
    f.web.listen();
    std::promise<void> returned;
    std::thread thread([&] {
        f.web.run_until_signal();
        returned.set_value();
    });
    raw_client c(f.web.port());
    REQUIRE(c.send(hello_request));
    CHECK(c.until("hello").starts_with("HTTP/1.1 200 "));
    f.web.stop();
    CHECK(returned.get_future().wait_for(10s) == std::future_status::ready);
    thread.join();

    asio::io_context context;
    hh::http::server web(context.get_executor(), f.hooks, on_loopback());
    CHECK_THROWS_AS(web.run_until_signal(), std::logic_error);
}
