// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/http/guards.hpp>

#include <httphooks/engineio/server.hpp>
#include <httphooks/http/server.hpp>
#include <httphooks/into_response.hpp>
#include <httphooks/registry.hpp>
#include <httphooks/sockjs/server.hpp>
#include <httphooks/websocket/server.hpp>

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/hooks.hpp"
#include "support/raw_client.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using support::eventually;
using support::get_request;
using support::raw_client;
using support::read_end;

namespace hh = httphooks;
namespace asio = boost::asio;

namespace {

/// Tells what it was asked, and gives its refusals a field of its own.
class guarded_teller {
public:
    struct shared {
        std::atomic<int> served{0};
        std::atomic<int> begun{0};
        std::atomic<int> drained{0};
    };

    std::string_view prefix() const { return "/m"; }
    std::uint64_t body_limit() const { return 10; }
    void drain() { ++state->drained; }
    hh::http::body_end body_begins(hh::request const&) {
        ++state->begun;
        return {};
    }
    void dress_refusal(hh::request const& r, hh::response& reply) const {
        reply.set(hh::field::access_control_allow_origin, r[hh::field::origin]);
        reply.set(hh::field::content_type, "text/teller");
        reply.body() = "teller";
    }

    void async_serve(hh::http::connection c, hh::request r, hh::http::mount_handler h) {
        ++state->served;
        auto const kept = std::make_shared<hh::http::connection>(std::move(c));
        auto const handler = std::make_shared<hh::http::mount_handler>(std::move(h));
        auto reply = hh::text(r.target(), " [", r.body(), "] ", r["X-A"]);
        reply.set("X-Own", "mount");
        reply.set(hh::field::set_cookie, "own=1");
        kept->async_write(reply, [kept, handler](hh::error_code ec) {
            std::move (*handler)(ec, std::optional<hh::http::connection>(std::move(*kept)));
        });
    }

    std::shared_ptr<shared> state = std::make_shared<shared>();
};

/// A stream that cannot be asked whether there is something to read, as one over TLS cannot.
struct unready_socket : asio::ip::tcp::socket {
    explicit unready_socket(asio::ip::tcp::socket s) : asio::ip::tcp::socket(std::move(s)) {}
    void async_wait() = delete;
};

/// A server whose mounts are behind the hooks of a registry.
struct guards_fixture {
    hh::test::journal log{};
    hh::test::journal errors{};
    asio::io_context registry_context{};
    hh::registry hooks{registry_context.get_executor(), hh::test::recording(errors)};
    guarded_teller m{};
    hh::http::server web;

    static hh::http::options settings() {
        hh::http::options o;
        o.address = "127.0.0.1";
        return o;
    }

    explicit guards_fixture(std::chrono::milliseconds guard_timeout = 30s)
        : web(settings(), hooks) {
        hooks.get("/*", [](auto&) { return hh::text("hooks"); });
        web.mount(m, {.guards = hooks, .guard_timeout = guard_timeout});
    }
    ~guards_fixture() { web.stop(); }

    void run() { ended = web.async_run(asio::use_future); }

    /// All that the server says to these requests, the last of which closes the connection.
    std::string ask(std::string_view requests) {
        if (!ended.valid()) run();
        raw_client c(web.port());
        REQUIRE(c.send(requests));
        return c.rest().first;
    }

    std::future<void> ended{};
};

std::string guards_last(std::string const& target, std::string const& more = {}) {
    return get_request(target, more + "Connection: close\r\n");
}
std::string guards_upgrade(std::string const& target, std::string const& more = {}) {
    return get_request(target,
                       "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                       "Sec-WebSocket-Version: 13\r\n" +
                           more);
}

bool has_text(std::string const& text, std::string_view part) {
    return text.find(part) != text.npos;
}

/// Lets a request pass when it has a token.
void want_token(hh::registry& hooks, std::string_view pattern) {
    hooks.pre_responder(hh::any_verb, pattern, [](hh::pre_responder_context& c) {
        if (c.query("token") == "good") return c.pass();
        c.end(hh::make_response(hh::status::unauthorized, "who?", "text/plain"));
    });
}

}  // namespace

TEST_CASE("what a mount serves passes the guards first, on the normalised path, without body") {
    guards_fixture f;
    auto const note = [&f](char const* what) {
        return [&f, what](auto& c) {
            f.log.add(std::string(what) + std::string(c.path()) + "[" + c.request().body() + "]");
        };
    };
    f.hooks.request_listener(hh::any_verb, "/m/:x", note("listener:"));
    f.hooks.pre_responder(hh::any_verb, "/m/:x", [&](auto& c) {
        note("guard:")(c);
        c.pass();
    });
    f.hooks.pre_listener(hh::any_verb, "/m/:x", note("pre-listener:"));
    f.hooks.response_listener(hh::any_verb, "/*", note("response-listener:"));

    auto const text = f.ask(
        "POST /m/./a/../%62?q HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
        "Connection: close\r\n\r\nabc");

    CHECK(text.ends_with("/m/./a/../%62?q [abc] "));
    CHECK(f.log.text() == "listener:/m/b[] guard:/m/b[] pre-listener:/m/b[]");
    CHECK(f.hooks.stats().exchanges == 0);
}

TEST_CASE("a guard's refusal is the reply, with the fields of the mount, and the next is served") {
    guards_fixture f;
    want_token(f.hooks, "/m/*");
    f.hooks.response_listener(hh::any_verb, "/m/*", [&](auto& c) {
        f.log.add(std::to_string(c.response().result_int()) +
                  std::string(c.response()[hh::field::access_control_allow_origin]));
    });

    auto const text = f.ask(get_request("/m/1", "Origin: http://o\r\n") +
                            get_request("/m/2?token=good") + guards_last("/other"));

    CHECK(text.starts_with("HTTP/1.1 401 Unauthorized\r\n"));
    CHECK(has_text(text, "Access-Control-Allow-Origin: http://o\r\n"));
    CHECK(has_text(text, "Content-Type: text/plain\r\n"));
    CHECK_FALSE(has_text(text, "teller"));
    CHECK(has_text(text, "\r\n\r\nwho?HTTP/1.1 200 OK\r\n"));
    CHECK(has_text(text, "/m/2?token=good [] "));
    CHECK(text.ends_with("hooks"));
    CHECK(f.m.state->served == 1);
    CHECK(f.log.text() == "401http://o");
}

TEST_CASE("a refusal of HEAD has no body") {
    guards_fixture f;
    want_token(f.hooks, "/m/*");
    auto const text = f.ask("HEAD /m/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    CHECK(has_text(text, "Content-Length: 4\r\n"));
    CHECK(text.ends_with("\r\n\r\n"));
}

TEST_CASE("a target that hooks refuse does not reach a guarded mount") {
    guards_fixture f;
    f.hooks.pre_responder(hh::any_verb, "/*", [&](auto& c) {
        f.log.add("guard");
        c.pass();
    });
    for (auto const* target : {"/m/%zz", "/m/%00", "/m/../..", "/m/%2"}) {
        auto const text = f.ask(guards_last(target, "Origin: http://o\r\n"));
        CHECK(text.starts_with("HTTP/1.1 400 "));
        CHECK(has_text(text, "Access-Control-Allow-Origin: http://o\r\n"));
        CHECK(text.ends_with("teller"));  // as the server's own refusals
    }
    CHECK(f.m.state->served == 0);
    CHECK(f.log.size() == 0);
}

TEST_CASE("no way around a guard leads to the mount") {
    guards_fixture f;
    want_token(f.hooks, "/m");
    want_token(f.hooks, "/m/*");
    f.run();
    for (auto const* target : {"/m", "/m/", "/m//", "/m/x", "/m/./", "/m/%2e/x", "/m/x/..",
                               "/m/x/../y", "/m/%6d", "/m?x", "http://a/m/x", "/m/../m/x"})
        CHECK(f.ask(guards_last(target)).starts_with("HTTP/1.1 401 "));
    // the mount's as it is written, another's as guards read it
    for (auto const* target : {"/m/../x", "/m/%2e%2e/x", "/m/x/../../y"}) {
        auto const text = f.ask(guards_last(target, "Origin: http://o\r\n"));
        CHECK(text.starts_with("HTTP/1.1 404 "));
        CHECK(has_text(text, "Access-Control-Allow-Origin: http://o\r\n"));
    }
    CHECK(f.m.state->served == 0);
}

TEST_CASE("a guard may change the headers that the mount gets, and nothing else") {
    guards_fixture f;
    f.hooks.pre_responder(hh::any_verb, "/m/*", [](auto& c) {
        hh::fields headers;
        headers.set("X-A", "changed");
        headers.set(hh::field::content_length, "7");
        c.replace_request(std::move(headers), "smuggled");
    });
    f.hooks.pre_responder(hh::any_verb, "/m/*", [&](auto& c) {
        f.log.add(std::string(c.request()["X-A"]) + "[" + c.request().body() + "]");
        c.pass();
    });
    std::string const post = "POST /m/1 HTTP/1.1\r\nHost: a\r\nX-A: sent\r\nContent-Length: 3\r\n";

    auto const text = f.ask(post + "\r\nabc" + post + "Connection: close\r\n\r\ndef");

    CHECK(has_text(text, "/m/1 [abc] changed"));
    CHECK(text.ends_with("/m/1 [def] changed"));
    CHECK(f.log.text() == "changed[] changed[]");
    CHECK(f.errors.text() ==
          "pre-responder: a guard that does not see the content of a request cannot replace it");
}

TEST_CASE("what guards add to replies is added to the mount's, unless it has such a field") {
    guards_fixture f;
    f.hooks.pre_responder(hh::any_verb, "/m/*", [](auto& c) {
        c.reply_headers().set("X-Request-Id", "7");
        c.reply_headers().set("X-Own", "guard");
        c.reply_headers().set("Set-Cookie", "guard=1");
        c.reply_headers().set("Content-Length", "5");
        if (c.query("token") == "bad") return c.end(hh::make_response(hh::status::forbidden));
        c.pass();
    });
    auto const granted = f.ask(guards_last("/m/1"));
    CHECK(has_text(granted, "X-Request-Id: 7\r\n"));
    CHECK(has_text(granted, "X-Own: mount\r\n"));
    CHECK_FALSE(has_text(granted, "X-Own: guard\r\n"));
    CHECK(has_text(granted, "Set-Cookie: own=1\r\n"));
    CHECK(has_text(granted, "Set-Cookie: guard=1\r\n"));
    CHECK_FALSE(has_text(granted, "Content-Length: 5\r\n"));
    auto const refused = f.ask(guards_last("/m/1?token=bad"));
    CHECK(has_text(refused, "X-Request-Id: 7\r\n"));
    CHECK(has_text(refused, "X-Own: guard\r\n"));
    // the next request of the connection has its own
    f.hooks.clear();
    raw_client c(f.web.port());
    REQUIRE(c.send(guards_last("/m/2")));
    CHECK_FALSE(has_text(c.rest().first, "X-Request-Id"));
}

TEST_CASE("guards know what a trusted proxy says, and give the reply the id that it gave") {
    asio::io_context context;
    hh::registry_options with_ids;
    with_ids.request_id.emplace();
    hh::registry hooks(context.get_executor(), std::move(with_ids));
    hooks.pre_responder(hh::any_verb, "/m/*", [](auto& c) {
        c.reply_headers().set("X-Seen", c.origin().proxied() ? "proxied" : "direct");
        if (c.query("refused") == "") return c.pass();
        c.end(hh::make_response(hh::status::unauthorized));
    });
    hh::http::options o = guards_fixture::settings();
    o.trusted_proxies = {"127.0.0.1"};
    hh::http::server web(std::move(o), hooks);
    web.mount(guarded_teller(), {.guards = hooks});
    auto ended = web.async_run(asio::use_future);
    for (std::string const target : {"/m/passed", "/m/x?refused=1"}) {
        raw_client c(web.port());
        REQUIRE(c.send(guards_last(target, "X-Request-Id: abc\r\nX-Forwarded-For: 192.0.2.7\r\n")));
        std::string const reply = c.rest().first;
        CAPTURE(reply);
        CHECK(has_text(reply, "X-Request-Id: abc\r\n"));
        CHECK(has_text(reply, "X-Seen: proxied\r\n"));
    }
    web.stop();
    CHECK(ended.wait_for(5s) == std::future_status::ready);
}

TEST_CASE("while a guard takes its time the connection waits, and what is behind the request") {
    guards_fixture f;
    std::mutex mutex;
    std::vector<hh::hook_done> waiting;
    auto const count = [&] {
        std::lock_guard const lock(mutex);
        return waiting.size();
    };
    f.hooks.pre_responder(hh::any_verb, "/m/slow*",
                          [&](hh::pre_responder_context& c, hh::hook_done done) {
                              c.query("token") == "bad"
                                  ? c.set_response(hh::make_response(hh::status::forbidden, "no"))
                                  : c.pass();
                              std::lock_guard const lock(mutex);
                              waiting.push_back(std::move(done));
                          });
    f.run();
    raw_client c(f.web.port());
    REQUIRE(c.send(get_request("/m/slow1") + get_request("/hooks")));
    REQUIRE(eventually([&] { return count() == 1; }));
    REQUIRE(c.send(get_request("/m/slow2?token=bad") + guards_last("/m/3")));
    CHECK(f.m.state->served == 0);
    waiting[0]();
    REQUIRE(eventually([&] { return count() == 2; }));
    waiting[1]();
    auto const text = c.rest().first;
    CHECK(text.find("/m/slow1 []") < text.find("hooks"));
    CHECK(text.find("hooks") < text.find("HTTP/1.1 403 "));
    CHECK(text.find("HTTP/1.1 403 ") < text.find("/m/3 []"));
    CHECK(f.m.state->served == 2);
}

TEST_CASE("when the client goes, the guards of its request are cancelled") {
    guards_fixture f;
    std::atomic<int> begun{0};
    std::atomic<int> cancelled{0};
    f.hooks.pre_responder(hh::any_verb, "/m/*", [&](auto&) -> asio::awaitable<void> {
        struct on_end {
            std::atomic<int>& n;
            ~on_end() { ++n; }
        } const end{cancelled};
        ++begun;
        co_await hh::test::forever();
    });
    f.run();
    raw_client c(f.web.port());
    SECTION("by a reset") {
        REQUIRE(c.send(get_request("/m/1")));
        REQUIRE(eventually([&] { return begun == 1; }));
        c.reset();
    }
    SECTION("by FIN, when it wants to upgrade") {
        REQUIRE(c.send(guards_upgrade("/m/1")));
        REQUIRE(eventually([&] { return begun == 1; }));
        c.finish();
    }
    SECTION("by FIN that came with an upgrade") {
        REQUIRE(c.send(guards_upgrade("/m/1")));
        c.finish();
    }
    SECTION("by a reset behind FIN") {
        REQUIRE(c.send(get_request("/m/1")));
        c.finish();
        REQUIRE(eventually([&] { return begun == 1; }));
        CHECK(cancelled == 0);
        c.reset();
    }
    REQUIRE(eventually([&] { return begun == cancelled && f.hooks.stats().exchanges == 0; }));
    CHECK(f.m.state->served == 0);
}

TEST_CASE("a client that has sent FIN gets what a mount answers after a guard took its time") {
    guards_fixture f;
    f.hooks.pre_responder(hh::any_verb, "/m/*", [](auto& c) -> asio::awaitable<void> {
        co_await hh::test::turns(20);
        c.pass();
    });
    f.run();
    raw_client c(f.web.port());
    REQUIRE(c.send(get_request("/m/1")));
    c.finish();
    auto const [text, end] = c.rest();
    CHECK(text.ends_with("/m/1 [] "));
    CHECK(end == read_end::fin);
}

TEST_CASE("a mount that cannot dress a refusal does not keep it from the client") {
    struct moody {
        std::string_view prefix() const { return "/moody"; }
        void async_serve(hh::http::connection, hh::request, hh::http::mount_handler) {}
        void dress_refusal(hh::request const&, hh::response&) const {
            throw std::runtime_error("moody");
        }
    };
    guards_fixture f;
    want_token(f.hooks, "/moody");
    f.web.mount(moody{}, {.guards = f.hooks});
    CHECK(f.ask(guards_last("/moody")).ends_with("who?"));
    CHECK(f.ask(guards_last("/moody/%zz")).starts_with("HTTP/1.1 400 "));
}

TEST_CASE("guards that fail or take too long let nothing pass") {
    guards_fixture f(20ms);
    f.hooks.pre_responder(hh::any_verb, "/m/undecided", [](hh::pre_responder_context&) {});
    f.hooks.pre_responder(hh::any_verb, "/m/throws",
                          [](hh::pre_responder_context&) { throw std::runtime_error("secret"); });
    f.hooks.pre_responder(hh::any_verb, "/m/drops",
                          [](hh::pre_responder_context&, hh::hook_done) {});
    f.hooks.pre_responder(hh::any_verb, "/m/late",
                          [](auto&) -> asio::awaitable<void> { co_await hh::test::forever(); },
                          {.time_limit = 5ms});
    f.hooks.pre_responder(hh::any_verb, "/m/never",
                          [](auto&) -> asio::awaitable<void> { co_await hh::test::forever(); },
                          {.time_limit = 0ms});
    for (auto const& [target, status] :
         {std::pair{"/m/undecided", "500"}, std::pair{"/m/throws", "500"},
          std::pair{"/m/drops", "500"}, std::pair{"/m/late", "504"},
          std::pair{"/m/never", "504"}}) {
        auto const text = f.ask(guards_last(target, "Origin: http://o\r\n"));
        CHECK(text.substr(9, 3) == status);
        CHECK(has_text(text, "Access-Control-Allow-Origin: http://o\r\n"));
        CHECK_FALSE(has_text(text, "secret"));
    }
    CHECK(f.m.state->served == 0);
    CHECK(f.hooks.stats().exchanges == 0);
}

TEST_CASE("a guarded mount keeps its body limit, and is told of no body before the guards pass") {
    guards_fixture f;
    want_token(f.hooks, "/m");
    f.run();
    raw_client c(f.web.port());
    REQUIRE(
        c.send("POST /m HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
               "Expect: 100-continue\r\n\r\n"));
    c.until("100 Continue\r\n\r\n");
    REQUIRE(c.send("abc"));
    CHECK(has_text(c.until("who?"), "HTTP/1.1 401 "));
    CHECK(f.m.state->begun == 0);
    REQUIRE(c.send("POST /m HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n"));
    CHECK(c.rest().first.starts_with("HTTP/1.1 413 "));
}

TEST_CASE("a mount without guards does not ask the hooks") {
    guards_fixture f;
    hh::registry others(f.registry_context.get_executor());
    hh::http::mount_options const none;
    CHECK_FALSE(none.guards);
    CHECK(hh::http::guards(f.hooks) == hh::http::guards(f.hooks));
    CHECK_FALSE(hh::http::guards(f.hooks) == hh::http::guards(others));
    hh::http::server web(guards_fixture::settings(), f.hooks);
    f.hooks.pre_responder(hh::any_verb, "/m/*", [](auto&) { return hh::status::forbidden; });
    web.mount(f.m);
    auto const ended = web.async_run(asio::use_future);
    raw_client c(web.port());
    REQUIRE(c.send(guards_last("/m/1")));
    CHECK(c.rest().first.ends_with("/m/1 [] "));
    web.stop();
}

TEST_CASE("a drain waits for guards, and tells the mount behind them") {
    guards_fixture f;
    std::mutex mutex;
    std::optional<hh::hook_done> waiting;
    f.hooks.pre_responder(hh::any_verb, "/m/*",
                          [&](hh::pre_responder_context& c, hh::hook_done done) {
                              c.pass();
                              std::lock_guard const lock(mutex);
                              waiting = std::move(done);
                          });
    f.run();
    raw_client c(f.web.port());
    REQUIRE(c.send(get_request("/m/1")));
    REQUIRE(eventually([&] {
        std::lock_guard const lock(mutex);
        return waiting.has_value();
    }));
    std::promise<hh::http::drain_report> report;
    auto done = report.get_future();
    f.web.async_drain(20s, [&](hh::error_code, hh::http::drain_report r) { report.set_value(r); });
    REQUIRE(eventually([&] { return f.m.state->drained == 1; }));
    SECTION("which pass in time") {
        (*waiting)();
        CHECK(c.rest().first.ends_with("/m/1 [] "));
        REQUIRE(done.wait_for(20s) == std::future_status::ready);
        CHECK(done.get().connections == 0);
    }
    SECTION("which do not") {
        f.web.stop();
        REQUIRE(done.wait_for(20s) == std::future_status::ready);
        CHECK(done.get().connections == 1);
        CHECK(c.rest().first.empty());
        CHECK(f.hooks.stats().exchanges == 0);
    }
}

TEST_CASE("the hooks of another registry than the server's may guard, and share a state") {
    struct identity {
        std::string name{};
    };
    asio::io_context context;
    hh::registry hooks(context.get_executor());
    hh::basic_registry<identity> guarding(context.get_executor());
    guarding.pre_responder(hh::any_verb, "/m/*", [](auto& c) {
        c.state().name = "ann";
        c.pass();
    });
    guarding.pre_responder(hh::any_verb, "/m/*", [](auto& c) {
        hh::fields headers;
        headers.set("X-A", c.state().name);
        c.replace_request(std::move(headers));
    });
    guarded_teller m;
    hh::http::server web(guards_fixture::settings(), hooks);
    web.mount(m, {.guards = guarding});
    auto const ended = web.async_run(asio::use_future);
    raw_client c(web.port());
    REQUIRE(c.send(guards_last("/m/1")));
    CHECK(c.rest().first.ends_with("/m/1 [] ann"));
    web.stop();
}

TEST_CASE("mounts behind guards serve under a session of the caller's") {
    asio::io_context context;
    asio::ip::tcp::acceptor acceptor(context, {asio::ip::make_address("127.0.0.1"), 0});
    hh::registry hooks(context.get_executor());
    hooks.pre_responder(hh::any_verb, "/m/*", [](auto& c) -> asio::awaitable<void> {
        co_await hh::test::turns(2);
        if (c.query("token") == "good") co_return c.pass();
        c.set_response(hh::make_response(hh::status::forbidden, "no"));
    });
    hh::http::mounts all;
    guarded_teller m;
    all.add(m, {.guards = hooks});
    raw_client c(acceptor.local_endpoint().port());
    hh::request req(hh::verb::get, "/m/1", 11);
    std::optional<hh::http::connection> client;
    client.emplace(acceptor.accept());
    auto const serve = [&] {
        auto conn = std::move(*client);
        client.reset();
        all.async_serve(std::move(conn), req,
                        [&](hh::error_code ec, std::optional<hh::http::connection> back) {
                            REQUIRE_FALSE(ec);
                            client = std::move(back);
                        });
        context.restart();
        context.run_for(20s);
        REQUIRE(client);
    };
    serve();
    req.target("/m/2?token=good");
    serve();
    client.reset();
    auto const text = c.rest().first;
    CHECK(text.starts_with("HTTP/1.1 403 "));
    CHECK(text.ends_with("/m/2?token=good [] "));
}

TEST_CASE("guards take their time though more is behind the request than a stream is read ahead") {
    asio::io_context context;
    asio::ip::tcp::acceptor acceptor(context, {asio::ip::make_address("127.0.0.1"), 0});
    hh::registry hooks(context.get_executor());
    std::optional<hh::hook_done> waiting;
    hooks.pre_responder(hh::any_verb, "/m/*", [&](auto& c, hh::hook_done done) {
        c.pass();
        waiting = std::move(done);
    });
    hh::http::mounts all;
    all.add(guarded_teller{}, {.guards = hooks});
    raw_client c(acceptor.local_endpoint().port());
    unready_socket stream(acceptor.accept());
    boost::beast::flat_buffer behind;
    constexpr std::size_t much = 64 * 1024;
    behind.commit(asio::buffer_copy(behind.prepare(much), asio::buffer(std::string(much, 'x'))));
    std::optional<hh::error_code> served;
    all.async_serve(hh::http::connection{std::move(stream), std::move(behind)},
                    hh::request(hh::verb::get, "/m/1", 11),
                    [&](hh::error_code ec, std::optional<hh::http::connection>) { served = ec; });
    REQUIRE(c.send("y"));
    for (int i = 0; i < 10 && !served; ++i) context.run_one_for(20ms);
    CHECK_FALSE(served);
    REQUIRE(waiting);
    (*waiting)();
    for (int i = 0; i < 1000 && !served; ++i) context.run_one_for(20ms);
    CHECK(served == hh::error_code());
    CHECK(c.rest().first.ends_with("/m/1 [] "));
}

TEST_CASE("a context may end while guards wait") {
    hh::test::journal log;
    std::optional<hh::hook_done> waiting;
    auto context = std::make_unique<asio::io_context>();
    {
        hh::registry hooks(context->get_executor());
        hooks.pre_responder(hh::any_verb, "/m/*", [&](auto& c, hh::hook_done done) {
            c.pass();
            waiting = std::move(done);
        });
        asio::ip::tcp::acceptor acceptor(*context, {asio::ip::make_address("127.0.0.1"), 0});
        raw_client c(acceptor.local_endpoint().port());
        hh::http::mounts all;
        all.add(guarded_teller{}, {.guards = hooks});
        all.async_serve(
            hh::http::connection{acceptor.accept()}, hh::request(hh::verb::get, "/m/1", 11),
            [&](hh::error_code, std::optional<hh::http::connection>) { log.add("called"); });
        context->poll();
    }
    REQUIRE(waiting);
    context.reset();
    (*waiting)();
    CHECK(log.size() == 0);
}

TEST_CASE("a prefix that hooks do not take cannot be guarded") {
    struct strange {
        std::string_view prefix() const { return "/%zz"; }
        void async_serve(hh::http::connection, hh::request, hh::http::mount_handler) {}
    };
    asio::io_context context;
    hh::registry hooks(context.get_executor());
    hh::http::mounts all;
    CHECK_THROWS_AS(all.add(strange{}, {.guards = hooks}), std::invalid_argument);
    all.add(strange{});
}

TEST_CASE("a server knows its mounts, and which of them are behind a registry's hooks") {
    guards_fixture f;
    hh::registry others(f.registry_context.get_executor());
    struct elsewhere {
        std::string_view prefix() const { return "/else"; }
        void async_serve(hh::http::connection, hh::request, hh::http::mount_handler) {}
    };
    f.web.mount(elsewhere{});
    f.hooks.pre_responder(hh::any_verb, "/m*", [](auto& c) { c.pass(); });
    f.run();  // also while it runs

    auto const o = f.web.mounts_beside(f.hooks);
    CHECK(o.mounts == std::vector<std::string>{"/else"});
    CHECK(o.guarded_mounts == std::vector<std::string>{"/m"});
    CHECK(f.web.mounts_beside(others).guarded_mounts.empty());
    auto const table = f.hooks.describe(o);
    REQUIRE(table.size() == 4);
    CHECK(table[2].role == hh::hook_role::mount);
    CHECK(table[2].warnings.empty());
    CHECK(table[3].hook.pattern == "/else");
    CHECK(table[3].warnings == std::vector{hh::hook_warning::unguarded});
}

TEST_CASE("the guards of a WebSocket decide before the upgrade, and what they add is on the 101") {
    asio::io_context context;
    hh::registry hooks(context.get_executor());
    bool const slow = GENERATE(false, true);
    hooks.pre_responder(hh::any_verb, "/ws", [slow](auto& c) -> asio::awaitable<void> {
        if (slow) co_await hh::test::turns(20);
        c.reply_headers().set("X-Request-Id", "7");
        c.reply_headers().set("Set-Cookie", "guard=1");
        c.reply_headers().set("Connection", "close");
        if (c.query("token") == "good") co_return c.pass();
        c.set_response(hh::make_response(hh::status::unauthorized, "who?", "text/plain"));
    });
    hh::websocket::server echo(context.get_executor(), {.path = "/ws"});
    echo.on_message(
        [](hh::websocket::connection& c, hh::websocket::message const& m) { c.send(m); });
    hh::http::server web(guards_fixture::settings(), hooks);
    web.mount(echo, {.guards = hooks});
    auto const ended = web.async_run(asio::use_future);

    raw_client c(web.port());
    REQUIRE(c.send(guards_upgrade("/ws")));
    CHECK(c.until("who?").starts_with("HTTP/1.1 401 "));
    REQUIRE(c.send(guards_upgrade("/ws?token=good")));
    auto const text = c.until("\r\n\r\n");
    CHECK(text.starts_with("HTTP/1.1 101 "));
    CHECK(has_text(text, "X-Request-Id: 7\r\n"));
    CHECK(has_text(text, "Set-Cookie: guard=1\r\n"));
    CHECK_FALSE(has_text(text, "Connection: close\r\n"));
    // a masked frame whose mask is 0
    REQUIRE(c.send(std::string_view("\x81\x82\0\0\0\0hi", 8)));
    CHECK(c.until("hi").ends_with("\x81\x02hi"));
    CHECK(hooks.stats().exchanges == 0);
    web.stop();
}

TEST_CASE("handshakes and polls of SockJS and Engine.IO pass the guards, refusals have CORS") {
    asio::io_context context;
    hh::registry hooks(context.get_executor());
    want_token(hooks, "/echo*");
    want_token(hooks, "/engine.io*");
    hooks.pre_responder(hh::any_verb, "/engine.io/400", [](auto& c) {
        c.end(hh::make_response(hh::status::bad_request, "guard's own", "text/plain"));
    });
    hh::sockjs::server sockjs(context.get_executor(), {.prefix = "/echo"});
    hh::http::cors_options cors;
    cors.origins = {"http://o"};
    hh::engineio::server engine(context.get_executor(), {.path = "/engine.io", .cors = cors});
    hh::http::server web(guards_fixture::settings(), hooks);
    web.mount(sockjs, {.guards = hooks});
    web.mount(engine, {.guards = hooks});
    auto const ended = web.async_run(asio::use_future);
    auto const ask = [&](std::string const& requests) {
        raw_client c(web.port());
        REQUIRE(c.send(requests));
        return c.rest().first;
    };
    auto const refused = [&](std::string const& text) {
        CHECK(text.starts_with("HTTP/1.1 401 "));
        CHECK(has_text(text, "Access-Control-Allow-Origin: http://o\r\n"));
        CHECK(text.ends_with("who?"));
    };
    std::string const origin = "Origin: http://o\r\n";
    std::string const close = origin + "Connection: close\r\n\r\n";
    refused(ask(guards_last("/echo/info", origin)));
    refused(ask("POST /echo/000/s/xhr HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n" + close));
    refused(ask("POST /echo/000/s/xhr_send HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n" + close +
                "[\"a\"]"));
    refused(ask(guards_last("/engine.io/?EIO=4&transport=polling", origin)));
    refused(
        ask("POST /engine.io/?EIO=4&transport=polling&sid=x HTTP/1.1\r\nHost: a\r\n"
            "Content-Length: 2\r\n" +
            close + "4a"));
    CHECK(sockjs.size() == 0);
    CHECK(engine.size() == 0);
    CHECK(has_text(ask(guards_last("/echo/info?token=good", origin)), "\"entropy\""));
    CHECK(has_text(
        ask("POST /echo/000/s/xhr?token=good HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n" + close),
        "\r\n\r\no\n"));
    CHECK(has_text(ask(guards_last("/engine.io/?EIO=4&transport=polling&token=good", origin)),
                   "\"sid\""));
    CHECK(sockjs.size() == 1);
    CHECK(engine.size() == 1);
    // a guard's 400 is the guard's, that of the server the mount's
    auto const own = ask(guards_last("/engine.io/400?token=good", origin));
    CHECK(has_text(own, "Content-Type: text/plain\r\n"));
    CHECK(own.ends_with("guard's own"));
    auto const malformed = ask(guards_last("/engine.io/%zz", origin));
    CHECK(malformed.ends_with("{\"code\":3,\"message\":\"Bad request\"}"));
    CHECK(has_text(malformed, "Access-Control-Allow-Origin: http://o\r\n"));
    web.stop();
}
