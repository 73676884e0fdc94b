// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/event_source_hub.hpp>
#include <httphooks/http/detail/dispatch.hpp>
#include <httphooks/into_response.hpp>
#include <httphooks/registry.hpp>

#include "support/catch.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hh = httphooks;
namespace asio = boost::asio;

namespace {

struct dispatch_fixture final : hh::http::detail::dispatch::listener {
    asio::io_context context{};
    hh::registry hooks;
    std::shared_ptr<hh::http::detail::server_settings> settings =
        std::make_shared<hh::http::detail::server_settings>();
    hh::http::detail::loop loop;
    asio::ip::tcp::endpoint const peer{asio::ip::make_address("192.0.2.7"), 4000};
    hh::http::detail::dispatch bytes{loop};
    int told = 0;
    std::function<void()> complete{};
    bool cancelled = false;

    explicit dispatch_fixture(hh::http::options o = {}, hh::registry_options of_hooks = {})
        : hooks(context.get_executor(), std::move(of_hooks)),
          loop(context.get_executor(), hooks.make_loop(), with(std::move(o))) {
        bytes.open(*this, peer, false);
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

/// A mount that says what it knows of a request that is refused.
struct telling_mount {
    std::string_view prefix() const { return "/told"; }
    std::uint64_t body_limit() const { return 10; }
    void dress_refusal(hh::request const& r, hh::response& reply) const {
        reply.body() = "[";
        reply.body()
            .append(r.method_string())
            .append(" ")
            .append(std::string_view(r.target()).substr(0, 10))
            .append(" ")
            .append(r[hh::field::origin])
            .append("]");
        reply.set("X-Dressed", "yes");
        reply.set(hh::field::content_length, "999");
    }
    void async_serve(hh::http::connection, hh::request, hh::http::mount_handler) {}
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

TEST_CASE("what is refused before a hook runs has the fields that pages of other origins need") {
    hh::http::options o;
    o.cors.emplace(hh::http::cors_options{.origins = {"https://app.example"}});
    o.body_limit = 10;
    std::string const fields = "Host: a\r\nOrigin: https://app.example\r\n";
    auto const answer = [&](std::string const& request) {
        dispatch_fixture t(o);
        t.bytes.consume(request);
        return t.take();
    };
    auto const allowed = [](std::string const& reply) {
        return reply.find("Access-Control-Allow-Origin: https://app.example\r\n") != reply.npos &&
               reply.find("Vary: Origin\r\n") != reply.npos;
    };
    auto const refused = [&](std::string const& request, std::string const& status) {
        INFO(request.substr(0, 200));
        std::string const reply = answer(request);
        CHECK(reply.starts_with("HTTP/1.1 " + status));
        CHECK(allowed(reply));
    };
    std::string const last = fields + "\r\n";
    refused("GET /at-once HTTP/1.1\r\nHost: a b\r\nOrigin: https://app.example\r\n\r\n", "400");
    refused("GET /at-once HTTP/1.1\r\n" + fields + "X : y\r\n\r\n", "400");
    refused("GET /at-once HTTP/1.1\r\n" + fields + "X: y\r\n z\r\n\r\n", "400");
    refused("GET /%zz HTTP/1.1\r\n" + last, "400");
    refused("GET /{a} HTTP/1.1\r\n" + last, "400");
    refused("POST /at-once HTTP/1.1\r\n" + fields + "Content-Length: 11\r\n\r\n", "413");
    refused("POST /at-once HTTP/1.1\r\n" + fields +
                "Transfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n",
            "413");
    refused("POST /at-once HTTP/1.1\r\n" + fields + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n",
            "400");
    refused("GET /" + std::string(17'000, 'x') + " HTTP/1.1\r\n" + last, "414");
    refused("POST /at-once HTTP/1.1\r\n" + fields + "Expect: more\r\n\r\n", "417");
    refused("GET /at-once HTTP/1.1\r\n" + fields + "X: " + std::string(17'000, 'x'), "431");
    refused("POST /at-once HTTP/1.1\r\n" + fields + "Transfer-Encoding: gzip\r\n\r\n", "501");
    refused("FOO /at-once HTTP/1.1\r\n" + last, "501");

    // what hooks answer is theirs, and so is what they leave unanswered
    CHECK_FALSE(allowed(answer("GET /at-once HTTP/1.1\r\n" + last)));
    CHECK_FALSE(allowed(answer("GET /nothing HTTP/1.1\r\n" + last)));
    std::string const other =
        answer("GET / HTTP/1.1\r\nHost: a b\r\nOrigin: https://evil.example\r\n\r\n");
    CHECK(other.find("Access-Control-Allow-Origin") == other.npos);
    CHECK(other.find("Vary: Origin\r\n") != other.npos);
    o.cors.reset();
    CHECK(answer("GET / HTTP/1.1\r\nHost: a b\r\n\r\n").find("Vary") == std::string::npos);
}

TEST_CASE("what is late or fails is refused with the fields that pages need, too") {
    hh::http::options o;
    o.cors.emplace(hh::http::cors_options{.origins = {"*"}});
    dispatch_fixture t(o);
    SECTION("hooks") {
        t.bytes.consume(later);
        t.pass(o.handler_timeout);
        t.bytes.on_deadline();
    }
    SECTION("a body") {
        t.bytes.consume("POST /at-once HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n");
        t.pass(o.body_grace);
        t.bytes.on_deadline();
    }
    SECTION("a header") {
        t.bytes.consume("GET /at-once HTTP/1.1\r\nHost: a\r\n");
        t.pass(o.header_timeout);
        t.bytes.on_deadline();
    }
    SECTION("a connection") {
        t.bytes.refuse_connection();
    }
    SECTION("something throws") {
        t.bytes.fail();
    }
    t.run();
    CHECK(t.take().find("Access-Control-Allow-Origin: *\r\n") != std::string::npos);
}

TEST_CASE(
    "on_failure makes what the server replies before hooks run, and response-listeners see it") {
    hh::http::options o;
    o.cors.emplace(hh::http::cors_options{.origins = {"*"}});
    o.body_limit = 10;
    std::vector<std::string> seen;
    auto const answer = [&](std::string const& request, auto then) {
        dispatch_fixture t(
            o, {.on_failure = [](hh::failure const& f) {
                std::string said(hh::to_string(f.reason));
                said.append(" ").append(f.request.method_string()).append(" ");
                said.append(std::string_view(f.request.target()).substr(0, 10)).append(" ");
                said.append(f.request["X-A"]).append(" ").append(f.path.substr(0, 10)).append(" ");
                said.append(f.origin.peer().address().to_string());
                return hh::make_response(f.status, said, "text/failure");
            }});
        t.hooks.response_listener(hh::any_verb, "/*", [&](auto& c) {
            seen.push_back(std::to_string(c.response().result_int()) + " " +
                           std::string(c.request().target()).substr(0, 10));
        });
        if (!request.empty()) t.bytes.consume(request);
        then(t);
        t.run();
        t.bytes.collect();
        CHECK(t.hooks.stats().exchanges == 0);
        return t.take();
    };
    auto const expect = [&](
                            std::string const& request, std::string const& status,
                            std::string const& said, std::string const& listened,
                            std::function<void(dispatch_fixture&)> then = [](auto&) {}) {
        INFO(request.substr(0, 200));
        seen.clear();
        std::string const reply = answer(request, then);
        CHECK(reply.starts_with("HTTP/1.1 " + status + " "));
        CHECK(reply.find("Access-Control-Allow-Origin: *\r\n") != reply.npos);
        CHECK(reply.find("Content-Type: text/failure\r\n") != reply.npos);
        CHECK(reply.substr(reply.find("\r\n\r\n") + 4) == said + " 192.0.2.7");
        CHECK(seen == std::vector<std::string>{status + " " + listened});
    };
    std::string const fields = "X-A: 1\r\n";
    expect("GET /a/b HTTP/1.1\r\nHost: a b\r\n" + fields + "\r\n", "400", "refused GET /a/b 1 /a/b",
           "/a/b");
    expect("GET /%zz HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n", "400", "refused GET /%zz 1 /",
           "/%zz");
    expect("BREW /a HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n", "501", "refused BREW /a 1 /a",
           "/a");
    expect("POST /a HTTP/1.1\r\nHost: a\r\n" + fields + "Content-Length: 11\r\n\r\n", "413",
           "refused POST /a 1 /a", "/a");
    expect("GET /" + std::string(17'000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n", "414",
           "refused GET /xxxxxxxxx  /xxxxxxxxx", "/xxxxxxxxx");
    expect("POST /a HTTP/1.1\r\nHost: a\r\n" + fields + "Expect: more\r\n\r\n", "417",
           "refused POST /a 1 /a", "/a");
    expect("GET /a HTTP/1.1\r\n" + fields + "X: " + std::string(17'000, 'x'), "431",
           "refused GET /a 1 /a", "/a");
    expect("GET /a HTTP/1.1\r\nHost: a\r\n" + fields, "408", "refused GET /a 1 /a", "/a",
           [](dispatch_fixture& t) {
               t.bytes.held() = "GET /a HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n";
               t.pass(t.settings->options.header_timeout);
               t.bytes.on_deadline();
           });
    expect("", "503", "refused    /", "", [](dispatch_fixture& t) { t.bytes.refuse_connection(); });
    expect("", "500", "exception    /", "", [](dispatch_fixture& t) { t.bytes.fail(); });
    expect("GET /later HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n", "504",
           "time-limit GET /later 1 /later", "/later", [](dispatch_fixture& t) {
               t.pass(t.settings->options.handler_timeout);
               t.bytes.on_deadline();
               t.complete();  // too late
           });
}

TEST_CASE("requests that took too long keep their place among the replies") {
    dispatch_fixture t({}, {.on_failure = [](hh::failure const& f) {
                           return hh::make_response(f.status, "late");
                       }});
    t.bytes.consume(later);
    t.bytes.consume(at_once);
    t.pass(t.settings->options.handler_timeout);
    t.bytes.on_deadline();
    CHECK(t.told == 0);
    t.run();
    std::string const out = t.take();
    CHECK(out.starts_with("HTTP/1.1 504 "));
    CHECK(replies(out) == 2);
    CHECK(out.ends_with("now"));
    CHECK(t.cancelled);
    CHECK_FALSE(t.bytes.in_flight());
}

TEST_CASE("on_failure sees what a mount made of a refusal, and the mount's fields stay") {
    bool replace = false;
    std::string first;
    dispatch_fixture t({}, {.on_failure = [&](hh::failure const& f) {
                           first = f.reply.body();
                           return replace ? hh::make_response(f.status, "mine", "text/x") : f.reply;
                       }});
    t.settings->mounts.add(telling_mount{});
    std::string const request = "POST /told HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n";
    t.bytes.consume(request);
    std::string reply = t.take();
    CHECK(reply.ends_with("[POST /told ]"));
    CHECK(first == "[POST /told ]");
    replace = true;
    t.bytes.clear();
    t.bytes.open(t, t.peer, false);
    t.bytes.consume(request);
    reply = t.take();
    CHECK(reply.ends_with("mine"));
    CHECK(reply.find("X-Dressed: yes\r\n") != reply.npos);
    CHECK(reply.find("Content-Type: text/x\r\n") != reply.npos);
    CHECK(reply.find("Content-Length: 4\r\n") != reply.npos);
}

TEST_CASE("when on_failure or a state throws, what is refused is refused all the same") {
    dispatch_fixture t({}, {.error_handler = [](hh::hook_error const&) {},
                            .on_failure = [](hh::failure const&) -> hh::response {
                                throw std::runtime_error("f");
                            }});
    t.bytes.consume("GET / HTTP/1.1\r\nHost: a b\r\n\r\n");
    CHECK(t.take().starts_with("HTTP/1.1 400 "));
    CHECK(t.bytes.closing());
}

TEST_CASE("a policy that throws does not keep a refusal from the client") {
    hh::http::options o;
    o.cors.emplace(hh::http::cors_options{
        .allow = [](std::string_view) -> bool { throw std::runtime_error("policy"); }});
    dispatch_fixture t(o);
    t.bytes.consume("GET / HTTP/1.1\r\nHost: a b\r\nOrigin: https://app.example\r\n\r\n");
    CHECK(t.take().starts_with("HTTP/1.1 400 "));
    CHECK(t.bytes.closing());
}

TEST_CASE("a mount dresses what is refused below its prefix, by what is known of the request") {
    hh::http::options o;
    o.cors.emplace(hh::http::cors_options{.origins = {"*"}});
    dispatch_fixture t(o);
    t.settings->mounts.add(telling_mount{});
    auto const told = [&](std::string const& request) {
        t.bytes.clear();
        t.bytes.open(t, t.peer, false);
        t.bytes.consume(request);
        std::string const reply = t.take();
        CHECK(reply.find("999") == reply.npos);
        CHECK(reply.find("Access-Control") == reply.npos);
        CHECK(reply.find("X-Dressed: yes\r\n") != reply.npos);
        return reply.substr(reply.find("\r\n\r\n") + 4);
    };
    std::string const fields = "Origin: https://a\r\n";
    CHECK(told("POST /told HTTP/1.1\r\nHost: a\r\n" + fields + "Content-Length: 11\r\n\r\n") ==
          "[POST /told https://a]");
    CHECK(told("GET /told?q HTTP/1.1\r\n" + fields + "\r\n") == "[GET /told?q https://a]");
    CHECK(told("GET /told?{q} HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n") ==
          "[GET /told?{q} https://a]");
    CHECK(told("GET /told/" + std::string(17'000, 'x')) == "[GET /told/xxxx ]");
    CHECK(told("GET /told HTTP/1.1\r\nHost: a\r\n" + fields + std::string(17'000, 'x')) ==
          "[GET /told https://a]");
    CHECK(told("GET /told HTTP/1.1\r\n" + fields + "Bad\r\n\r\n") == "[GET /told https://a]");
    CHECK(told("GET /told HTTP/2.0\r\n" + fields + "\r\nX: y\r\n") == "[GET /told https://a]");
    CHECK(told("GET /told/%zz HTTP/1.1\r\nHost: a\r\n" + fields + "Host: b\r\n\r\n") ==
          "[GET /told/%zz https://a]");
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

TEST_CASE("what a stream has as a chunk is written from there, while nothing else is due") {
    dispatch_fixture f;
    hh::event_source_hub_options o;
    o.history_bytes = 1024 * 1024;
    hh::event_source_hub const hub(o);
    f.hooks.get("/news", [&](auto& c) { return hub.subscribe(c.request()); });
    CHECK(f.bytes.chunk().empty());
    f.bytes.consume("GET /news HTTP/1.1\r\nHost: a\r\n\r\n");
    hub.publish("", "1");
    f.run();
    CHECK(f.bytes.chunk().empty());  // behind the header
    f.bytes.collect();
    CHECK(f.take().ends_with("data: 1\n\n\r\n"));
    int const before = f.told;
    hub.publish("", "2");
    hub.publish("", "3");
    f.run();
    CHECK(f.told == before + 1);
    std::string const second(f.bytes.chunk());
    CHECK(second.ends_with("data: 2\n\n\r\n"));
    f.bytes.chunk_taken(second.size());
    CHECK(f.bytes.output().empty());
    std::string const third(f.bytes.chunk());
    CHECK(third.ends_with("data: 3\n\n\r\n"));
    f.bytes.chunk_taken(3);
    CHECK(f.bytes.output() == third.substr(3));
    hub.publish("", std::string(100'000, 'x'));
    f.run();
    CHECK(f.bytes.chunk().empty());
    f.take();
    CHECK(f.bytes.chunk().empty());  // it is written piece by piece
    f.bytes.collect();
    CHECK(f.take().size() < 100'000);
    f.bytes.collect();
    f.take();
    hub.publish("", "the last");
    hub.close();
    f.run();
    f.bytes.chunk_taken(f.bytes.chunk().size());
    f.bytes.collect();
    CHECK(f.take() == "0\r\n\r\n");
    CHECK_FALSE(f.bytes.streaming());
}

TEST_CASE("to HTTP/1.0 no chunk is written") {
    dispatch_fixture f;
    hh::event_source_hub const hub;
    f.hooks.get("/news", [&](auto& c) { return hub.subscribe(c.request()); });
    f.bytes.consume("GET /news HTTP/1.0\r\n\r\n");
    f.take();
    hub.publish("", "1");
    f.run();
    CHECK(f.bytes.chunk().empty());
    f.bytes.collect();
    CHECK(f.take().ends_with("data: 1\n\n"));
}
