// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/http/dispatch.hpp>
#include <httphooks/into_response.hpp>
#include <httphooks/registry.hpp>

#include "support/catch.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace hh = httphooks;
namespace asio = boost::asio;

namespace {

struct dispatch_fixture final : hh::http::dispatch::listener {
    asio::io_context context{};
    hh::registry hooks{context.get_executor()};
    std::shared_ptr<hh::http::detail::server_settings> settings =
        std::make_shared<hh::http::detail::server_settings>();
    hh::http::detail::loop loop;
    hh::http::dispatch bytes{loop};
    int told = 0;
    std::function<void()> complete{};
    bool cancelled = false;

    explicit dispatch_fixture(hh::http::options o = {})
        : loop(context.get_executor(), hooks.make_loop(), with(std::move(o))) {
        bytes.open(*this, {asio::ip::make_address("192.0.2.7"), 4000}, false);
        hooks.get("/at-once", [](auto&) { return "now"; });
        hooks.post("/at-once", [](auto& c) { return c.request().body(); });
        hooks.get("/later", [this](auto& c, auto done) {
            c.set_response(hh::text("later"));
            c.cancellation_slot().assign([this](asio::cancellation_type) { cancelled = true; });
            complete = [d = std::make_shared<decltype(done)>(std::move(done))] { (*d)(); };
        });
        hooks.get("/named", [](auto&) {
            hh::response r = hh::text("r");
            r.set(hh::field::server, "the hook");
            return r;
        });
    }

    std::shared_ptr<hh::http::detail::server_settings> with(hh::http::options o) {
        settings->options = std::move(o);
        return settings;
    }
    void on_output() noexcept override { ++told; }
    /// Runs what is ready on the hooks' executor.
    void run() {
        context.restart();
        context.poll();
    }
    std::string take() { return std::exchange(bytes.output(), {}); }
    void pass(std::chrono::milliseconds d) {
        auto& wheel = loop.wheel();
        wheel.advance(wheel.now() + hh::http::detail::timer_wheel::ticks(d), [](auto&) {});
    }
};

constexpr std::string_view at_once = "GET /at-once HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view later = "GET /later HTTP/1.1\r\nHost: a\r\n\r\n";

std::size_t replies(std::string const& text) {
    std::size_t n = 0;
    for (std::size_t at = 0; (at = text.find("HTTP/1.1 ", at)) != text.npos; ++at) ++n;
    return n;
}

}  // namespace

TEST_CASE("whole requests are taken and answered, a partial header is left") {
    dispatch_fixture t;
    CHECK_FALSE(t.bytes.deadline().has_value());
    std::string input(at_once);
    input.append(at_once).append("GET /at-on");
    CHECK(t.bytes.consume(input) == 2 * at_once.size());
    CHECK(replies(t.take()) == 2);
    CHECK(t.bytes.partial());
    CHECK(t.bytes.deadline().has_value());
    CHECK_FALSE(t.bytes.in_flight());
    CHECK(t.told == 0);
}

TEST_CASE("a body is taken as it comes") {
    dispatch_fixture t;
    std::string_view const begin =
        "POST /at-once HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo";
    CHECK(t.bytes.consume(begin) == begin.size());
    CHECK(t.take().empty());
    CHECK(t.bytes.partial());
    CHECK(t.bytes.consume("dy") == 2);
    CHECK(t.take().ends_with("\r\n\r\nbody"));
}

TEST_CASE("a reply that takes its time is announced, and keeps its place") {
    dispatch_fixture t;
    std::string input(later);
    input.append(at_once);
    CHECK(t.bytes.consume(input) == input.size());
    CHECK(t.take().empty());
    CHECK(t.bytes.in_flight_count() == 2);
    t.complete();
    t.run();
    CHECK(t.told == 1);
    t.bytes.collect();
    std::string const out = t.take();
    CHECK(replies(out) == 2);
    CHECK(out.find("later") < out.find("now"));
    CHECK_FALSE(t.bytes.in_flight());
}

TEST_CASE("after the last reply nothing is taken") {
    dispatch_fixture t;
    SECTION("that the client asked to be the last") {
        t.bytes.consume("GET /at-once HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        CHECK(t.take().find("Connection: close\r\n") != std::string::npos);
    }
    SECTION("that refuses what is no request") {
        t.bytes.consume("GET /at-once HTTP/1.1\r\nHost : a\r\n\r\n");
        CHECK(t.take().starts_with("HTTP/1.1 400 "));
    }
    SECTION("of a server that shuts down") {
        t.bytes.drain();
    }
    CHECK(t.bytes.closing());
    CHECK(t.bytes.consume(at_once) == 0);
    CHECK(t.take().empty());
}

TEST_CASE("no more requests are begun than the limit allows, until there is room") {
    hh::http::options o;
    o.pipeline_limit = 2;
    dispatch_fixture t(o);
    std::string input(later);
    input.append(at_once).append(at_once);
    CHECK(t.bytes.consume(input) == later.size() + at_once.size());
    CHECK_FALSE(t.bytes.can_consume());
    t.complete();
    t.run();
    t.bytes.collect();
    CHECK(t.bytes.can_consume());
    CHECK(t.bytes.consume(at_once) == at_once.size());
    CHECK(replies(t.take()) == 3);
}

TEST_CASE("what takes too long is answered for at its deadline") {
    dispatch_fixture t;
    SECTION("hooks") {
        t.bytes.consume(later);
        t.pass(t.settings->options.handler_timeout);
        t.bytes.on_deadline();
        t.run();
        CHECK(t.take().starts_with("HTTP/1.1 504 "));
        CHECK(t.cancelled);
    }
    SECTION("a header") {
        t.bytes.consume("GET /");
        t.pass(t.settings->options.header_timeout);
        t.bytes.on_deadline();
        CHECK(t.take().starts_with("HTTP/1.1 408 "));
        CHECK(t.bytes.closing());
    }
}

TEST_CASE("a connection that is cleared cancels its hooks and hears no more of them") {
    dispatch_fixture t;
    t.bytes.consume(later);
    t.bytes.clear();
    t.run();
    CHECK(t.cancelled);
    t.complete();
    t.run();
    CHECK(t.told == 0);
    CHECK_FALSE(t.bytes.in_flight());
}

TEST_CASE("a reply has one Server field: the hook's, else the option's, else none") {
    auto const server_of = [](hh::http::options o, std::string path) {
        dispatch_fixture t(std::move(o));
        t.bytes.consume("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
        std::string const out = t.take();
        std::size_t const at = out.find("Server: ");
        if (at == out.npos) return std::string();
        CHECK(out.find("Server: ", at + 1) == out.npos);
        return out.substr(at + 8, out.find('\r', at) - at - 8);
    };
    hh::http::options named;
    named.server_name = "the option";
    CHECK(server_of({}, "/at-once") == "");
    CHECK(server_of(named, "/at-once") == "the option");
    CHECK(server_of(named, "/named") == "the hook");
    CHECK(server_of({}, "/named") == "the hook");
}
