// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/http/mount.hpp>
#include <httphooks/http/server.hpp>
#include <httphooks/into_response.hpp>

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/raw_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

using namespace std::chrono_literals;
using support::eventually;
using support::get_request;
using support::raw_client;
using support::read_end;

namespace hh = httphooks;
namespace asio = boost::asio;

namespace {

using socket_type = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;

/// What a protocol server does with connections, one thing a path.
class acrobat {
public:
    struct job {
        hh::http::connection conn;
        hh::request req;
        hh::http::mount_handler handler;
    };

    struct shared {
        std::mutex mutex{};
        std::shared_ptr<job> parked{};
        std::optional<hh::error_code> aborted{};
        std::atomic<int> drained{0};
        std::atomic<int> served{0};
        std::atomic<int> begun{0};
        std::atomic<int> whole{0};
        std::atomic<int> lost{0};
    };

    std::string_view prefix() const { return "/m"; }
    std::uint64_t body_limit() const { return 10; }
    void drain() { ++state->drained; }
    hh::http::body_end body_begins(hh::request const&) {
        ++state->begun;
        return [s = state](bool good) { ++(good ? s->whole : s->lost); };
    }

    void async_serve(hh::http::connection c, hh::request r, hh::http::mount_handler h) {
        ++state->served;
        auto const j = std::make_shared<job>(job{std::move(c), std::move(r), std::move(h)});
        std::string_view const target(j->req.target().data(), j->req.target().size());
        if (target == "/m/stream")
            stream(j);
        else if (target == "/m/take")
            take(j);
        else if (target == "/m/park")
            park(j);
        else if (target == "/m/peer")
            tell_peer(j);
        else
            whole(j);
    }

    /// Answers the parked request, on the connection's thread.
    void answer(std::string text) {
        std::shared_ptr<job> j;
        {
            std::lock_guard const lock(state->mutex);
            j = state->parked;
        }
        auto const executor = j->conn.get_executor();
        asio::post(executor, [j, t = std::move(text)] {
            j->conn.async_write(hh::text(t), [j](hh::error_code ec) { finish(j, ec); });
        });
    }

    bool parked() const {
        std::lock_guard const lock(state->mutex);
        return state->parked != nullptr;
    }
    std::optional<hh::error_code> aborted() const {
        std::lock_guard const lock(state->mutex);
        return state->aborted;
    }
    void forget() const {
        std::lock_guard const lock(state->mutex);
        state->parked.reset();
    }

    std::shared_ptr<shared> state = std::make_shared<shared>();

private:
    static void finish(std::shared_ptr<job> const& j, hh::error_code ec) {
        auto handler = std::move(j->handler);
        if (ec)
            std::move(handler)(ec, std::nullopt);
        else
            std::move(handler)(ec, std::optional<hh::http::connection>(std::move(j->conn)));
    }

    static void whole(std::shared_ptr<job> const& j) {
        auto reply = hh::text("mount ", j->req.target(), " [", j->req.body(), "]");
        reply.set(hh::field::content_length, "999");
        j->conn.async_write(reply, [j](hh::error_code ec) { finish(j, ec); });
    }

    static void tell_peer(std::shared_ptr<job> const& j) {
        auto const reply =
            hh::text("[", j->conn.peer().address().to_string(), j->conn.tls() ? " tls]" : "]");
        j->conn.async_write(reply, [j](hh::error_code ec) { finish(j, ec); });
    }

    static void stream(std::shared_ptr<job> const& j) {
        auto const header = hh::make_response(hh::status::ok, {}, "text/plain");
        j->conn.async_start(header, [j](hh::error_code ec) {
            if (ec) return finish(j, ec);
            j->conn.async_write_chunk("one,", [j](hh::error_code ec2) {
                if (ec2) return finish(j, ec2);
                j->conn.async_write_chunk("two", [j](hh::error_code ec3) {
                    if (ec3) return finish(j, ec3);
                    j->conn.async_end([j](hh::error_code ec4) { finish(j, ec4); });
                });
            });
        });
    }

    /// Speaks another protocol: everything comes back in brackets, until a dot.
    static void take(std::shared_ptr<job> const& j) {
        using released = hh::http::connection::released<socket_type>;
        auto taken = j->conn.release<socket_type>();
        auto const r = std::make_shared<released>(std::move(taken).value());
        auto handler = std::move(j->handler);
        std::move(handler)(hh::error_code(), std::nullopt);
        echo(r);
    }

    template <class Released>
    static void echo(std::shared_ptr<Released> const& r) {
        if (auto const dot = r->input.find('.'); dot != std::string::npos) {
            auto const reply = std::make_shared<std::string>("{" + r->input.substr(0, dot) + "}");
            asio::async_write(r->stream, asio::buffer(*reply),
                              [r, reply](hh::error_code, std::size_t) {});
            return;
        }
        auto const piece = std::make_shared<std::array<char, 100>>();
        r->stream.async_read_some(asio::buffer(*piece),
                                  [r, piece](hh::error_code ec, std::size_t n) {
                                      r->input.append(piece->data(), n);
                                      if (!ec) echo(r);
                                  });
    }

    void park(std::shared_ptr<job> const& j) {
        j->conn.async_wait_abort([s = state](hh::error_code ec) {
            std::lock_guard const lock(s->mutex);
            s->aborted = ec;
        });
        std::lock_guard const lock(state->mutex);
        state->aborted.reset();
        state->parked = j;
    }
};

static_assert(hh::http::mountable<acrobat>);
static_assert(!hh::http::mountable<int>);

struct elsewhere {
    std::string where;
    std::string_view prefix() const { return where; }
    void async_serve(hh::http::connection c, hh::request, hh::http::mount_handler h) {
        auto const kept = std::make_shared<hh::http::connection>(std::move(c));
        auto const handler = std::make_shared<hh::http::mount_handler>(std::move(h));
        kept->async_write(hh::text(where), [kept, handler](hh::error_code ec) {
            std::move (*handler)(ec, std::optional<hh::http::connection>(std::move(*kept)));
        });
    }
};

struct mount_fixture {
    asio::io_context registry_context{};
    hh::registry hooks{registry_context.get_executor()};
    acrobat m{};
    hh::http::server web;

    static hh::http::options settings() {
        hh::http::options o;
        o.address = "127.0.0.1";
        return o;
    }

    explicit mount_fixture(hh::http::options const& o = settings()) : web(o, hooks) {
        hooks.get("/*", [](auto&) { return hh::text("hooks"); });
        web.mount(m);
        web.mount(elsewhere{"/m/deeper"});
        ended = web.async_run(asio::use_future);
    }
    ~mount_fixture() {
        web.stop();
        m.forget();
    }

    std::future<void> ended{};
};

}  // namespace

TEST_CASE("a mount owns its prefix and what is below, on the raw path") {
    mount_fixture f;
    raw_client c(f.web.port());
    auto const ask = [&](std::string const& target) {
        REQUIRE(c.send(get_request(target)));
        auto text = c.until("\r\n\r\n");
        auto const length = std::stoul(text.substr(text.find("Content-Length: ") + 16));
        auto const begin = text.find("\r\n\r\n") + 4;
        while (text.size() < begin + length && c.read(text) == read_end::more) {
        }
        return text.substr(begin);
    };
    CHECK(ask("/m") == "mount /m []");
    CHECK(ask("/m?q") == "mount /m?q []");
    CHECK(ask("/m/x/../y") == "mount /m/x/../y []");
    CHECK(ask("http://a/m/x") == "mount http://a/m/x []");
    CHECK(ask("/mx") == "hooks");
    CHECK(ask("/M") == "hooks");
    CHECK(ask("//m") == "hooks");
    CHECK(ask("/%6d") == "hooks");
    CHECK(ask("/m/deeper/x") == "/m/deeper");
    CHECK(ask("/m/deeperx") == "mount /m/deeperx []");
    CHECK(f.m.state->served == 5);
}

TEST_CASE("prefixes that are malformed or taken are refused") {
    hh::http::mounts all;
    all.add(elsewhere{"/a"});
    CHECK_THROWS_AS(all.add(elsewhere{"/a"}), std::invalid_argument);
    CHECK_THROWS_AS(all.add(elsewhere{"a"}), std::invalid_argument);
    CHECK_THROWS_AS(all.add(elsewhere{"/a/"}), std::invalid_argument);
    CHECK_THROWS_AS(all.add(elsewhere{"/a?b"}), std::invalid_argument);
    CHECK_THROWS_AS(all.add(elsewhere{""}), std::invalid_argument);
}

TEST_CASE("after a mount's reply the connection serves the next request") {
    mount_fixture f;
    raw_client c(f.web.port());
    REQUIRE(c.send(get_request("/m/1") + get_request("/other") + get_request("/m/2") +
                   get_request("/last", "Connection: close\r\n")));
    auto const [text, end] = c.rest();
    CHECK(text.find("mount /m/1 []") < text.find("hooks"));
    CHECK(text.find("hooks") < text.find("mount /m/2 []"));
    CHECK(text.ends_with("hooks"));
    CHECK(text.find("999") == text.npos);
    CHECK(end == read_end::fin);
}

TEST_CASE("a mount is told of the client that a trusted proxy asks for, request by request") {
    std::string const requests =
        get_request("/m/peer", "X-Forwarded-For: 192.0.2.1\r\n") +
        get_request("/m/peer", "X-Forwarded-For: 192.0.2.2\r\nX-Forwarded-Proto: https\r\n") +
        get_request("/m/peer", "Connection: close\r\n");
    auto const peers = [&](hh::http::options const& o) {
        mount_fixture f(o);
        raw_client c(f.web.port());
        REQUIRE(c.send(requests));
        std::string const text = c.rest().first;
        std::string found;
        for (auto at = text.find('['); at != text.npos; at = text.find('[', at + 1))
            found += text.substr(at, text.find(']', at) + 1 - at);
        return found;
    };
    hh::http::options o = mount_fixture::settings();
    CHECK(peers(o) == "[127.0.0.1][127.0.0.1][127.0.0.1]");
    o.trusted_proxies = {"127.0.0.1"};
    CHECK(peers(o) == "[192.0.2.1][192.0.2.2 tls][127.0.0.1]");
}

TEST_CASE("a streamed reply is chunked, or ends with the connection for HTTP/1.0") {
    mount_fixture f;
    raw_client c(f.web.port());
    REQUIRE(c.send(get_request("/m/stream") + get_request("/x", "Connection: close\r\n")));
    auto const [text, end] = c.rest();
    CHECK(text.find("Transfer-Encoding: chunked\r\n") != text.npos);
    CHECK(text.find("\r\n\r\n4\r\none,\r\n3\r\ntwo\r\n0\r\n\r\nHTTP/1.1 200 OK") != text.npos);
    CHECK(text.ends_with("hooks"));
    raw_client old(f.web.port());
    REQUIRE(old.send("GET /m/stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    auto const [text10, end10] = old.rest();
    CHECK(text10.find("chunked") == text10.npos);
    CHECK(text10.find("Connection: close\r\n") != text10.npos);
    CHECK(text10.ends_with("\r\n\r\none,two"));
    CHECK(end10 == read_end::fin);
    raw_client head(f.web.port());
    REQUIRE(head.send("HEAD /m/stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    CHECK(head.rest().first.ends_with("\r\n\r\n"));
}

TEST_CASE("a mount has a body limit of its own") {
    mount_fixture f;
    raw_client c(f.web.port());
    REQUIRE(c.send("POST /m HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"));
    CHECK(c.until("]").ends_with("mount /m [abc]"));
    REQUIRE(c.send("POST /m HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n"));
    CHECK(c.rest().first.starts_with("HTTP/1.1 413 "));
}

TEST_CASE("a mount is told of a body that is on its way, and of its end") {
    mount_fixture f;
    auto const& s = *f.m.state;
    raw_client c(f.web.port());
    REQUIRE(c.send("POST /m HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"));
    CHECK(c.until("]").ends_with("mount /m [abc]"));
    CHECK(s.begun == 0);  // it came with its header
    REQUIRE(
        c.send("POST /m HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
               "Expect: 100-continue\r\n\r\n"));
    c.until("100 Continue\r\n\r\n");
    CHECK(s.begun == 1);
    SECTION("it is whole") {
        REQUIRE(c.send("a"));
        REQUIRE(c.send("bc"));
        CHECK(c.until("]").ends_with("mount /m [abc]"));
        CHECK(s.begun == 1);
        CHECK(s.whole == 1);
    }
    SECTION("the client goes") {
        REQUIRE(c.send("a"));
        c.finish();
        REQUIRE(eventually([&] { return s.lost == 1; }));
        CHECK(s.whole == 0);
    }
    SECTION("the connection is reset") {
        c.reset();
        REQUIRE(eventually([&] { return s.lost == 1; }));
        CHECK(s.whole == 0);
    }
    SECTION("the server refuses it") {
        REQUIRE(c.send("abc"));
        CHECK(c.until("]").ends_with("mount /m [abc]"));
        REQUIRE(
            c.send("POST /m HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                   "Expect: 100-continue\r\n\r\n"));
        c.until("100 Continue\r\n\r\n");
        REQUIRE(c.send("b\r\nabcdefghijk\r\n"));
        CHECK(c.rest().first.starts_with("HTTP/1.1 413 "));
        CHECK(s.begun == 2);
        CHECK(s.whole == 2);
    }
    CHECK(s.lost + s.whole == s.begun);
}

TEST_CASE("while nothing is written a mount is told how the client goes") {
    mount_fixture f;
    raw_client c(f.web.port());
    REQUIRE(c.send(get_request("/m/park")));
    REQUIRE(eventually([&] { return f.m.parked(); }));
    CHECK_FALSE(f.m.aborted());
    SECTION("FIN: it may still read") {
        c.finish();
        REQUIRE(eventually([&] { return f.m.aborted().has_value(); }));
        CHECK(*f.m.aborted() == asio::error::eof);
        f.m.answer("late");
        auto const [text, end] = c.rest();
        CHECK(text.ends_with("late"));
        CHECK(end == read_end::fin);
    }
    SECTION("a reset") {
        c.reset();
        REQUIRE(eventually([&] { return f.m.aborted().has_value(); }));
        CHECK(*f.m.aborted() == asio::error::connection_reset);
    }
    SECTION("it stays, and what it sent meanwhile is the next request") {
        REQUIRE(c.send(get_request("/next", "Connection: close\r\n")));
        f.m.answer("here");
        auto const [text, end] = c.rest();
        CHECK(text.find("here") < text.find("hooks"));
        CHECK(text.ends_with("hooks"));
        REQUIRE(eventually([&] { return f.m.aborted().has_value(); }));
        CHECK(*f.m.aborted() == asio::error::operation_aborted);
    }
}

TEST_CASE("a mount can take the connection over, with the bytes behind the request") {
    mount_fixture f;
    raw_client c(f.web.port());
    SECTION("all at once") {
        REQUIRE(c.send(get_request("/m/take") + "abc."));
    }
    SECTION("more comes later") {
        REQUIRE(c.send(get_request("/m/take") + "a"));
        REQUIRE(eventually([&] { return f.m.state->served == 1; }));
        REQUIRE(c.send("bc."));
    }
    auto const [text, end] = c.rest();
    CHECK(text == "{abc}");
}

TEST_CASE("a drain tells the mounts, and waits for the connections that they have") {
    mount_fixture f;
    raw_client c(f.web.port());
    REQUIRE(c.send(get_request("/m/park")));
    REQUIRE(eventually([&] { return f.m.parked(); }));
    std::promise<hh::http::drain_report> report;
    auto done = report.get_future();
    f.web.async_drain(3s, [&](hh::error_code, hh::http::drain_report r) { report.set_value(r); });
    REQUIRE(eventually([&] { return f.m.state->drained == 1; }));
    SECTION("the mount ends in time") {
        f.m.answer("bye");
        c.finish();
        CHECK(c.rest().first.ends_with("bye"));
        f.m.forget();
        REQUIRE(done.wait_for(5s) == std::future_status::ready);
        CHECK(done.get().connections == 0);
    }
    SECTION("it does not") {
        f.web.stop();
        REQUIRE(done.wait_for(5s) == std::future_status::ready);
        CHECK(done.get().connections == 1);
        CHECK(c.rest().first.empty());
    }
}

TEST_CASE("mounts serve under a session of the caller's") {
    asio::io_context context;
    asio::ip::tcp::acceptor acceptor(context, {asio::ip::make_address("127.0.0.1"), 0});
    raw_client c(acceptor.local_endpoint().port());
    hh::http::mounts all;
    all.add(acrobat{});
    hh::request req;
    req.method(hh::verb::get);
    req.target("/m/1");
    req.version(11);
    CHECK(all.matches(req));
    boost::beast::flat_buffer buffer;
    bool back = false;
    all.async_serve(hh::http::connection{acceptor.accept(), std::move(buffer)}, req,
                    [&](hh::error_code ec, std::optional<hh::http::connection> conn) {
                        back = !ec && conn && conn->keep_alive();
                    });
    context.run_for(5s);
    CHECK(back);
    CHECK(c.rest().first.ends_with("mount /m/1 []"));
    req.target("/other");
    CHECK_FALSE(all.matches(req));
}

TEST_CASE("a connection that comes back from a mount which waited on it can be taken apart") {
    asio::io_context context;
    asio::ip::tcp::acceptor acceptor(context, {asio::ip::make_address("127.0.0.1"), 0});
    raw_client c(acceptor.local_endpoint().port());
    acrobat mount;
    hh::http::mounts all;
    all.add(mount);
    hh::request const req(hh::verb::get, "/m/park", 11);
    std::optional<asio::ip::tcp::socket> taken;
    all.async_serve(hh::http::connection{acceptor.accept()}, req,
                    [&](hh::error_code, std::optional<hh::http::connection> conn) {
                        REQUIRE(conn);
                        auto released = conn->release<asio::ip::tcp::socket>();
                        REQUIRE(released);
                        taken = std::move(released->stream);
                    });
    context.poll();
    REQUIRE(mount.parked());
    mount.answer("parked");
    mount.forget();
    context.restart();
    context.run_for(5s);
    REQUIRE(taken);
    CHECK(taken->is_open());
    taken.reset();
    CHECK(c.rest().first.ends_with("parked"));
}
