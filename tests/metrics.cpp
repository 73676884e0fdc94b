// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/metrics.hpp>

#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include "support/catch.hpp"
#include "support/hooks.hpp"
#include "support/memory_server.hpp"

using namespace httphooks;
using namespace httphooks::test;

namespace {

bool has_line(std::string const& text, std::string_view line) {
    return ("\n" + text).find("\n" + std::string(line) + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("replies are counted by pattern, method, status and transport, never by path") {
    fixture t;
    metrics const numbers(t.hooks);
    t.hooks.get("/orders/:id", [](auto&) { return "x"; });
    for (int i = 0; i < 20; ++i) t.get("/orders/" + std::to_string(i));
    t.get("/nowhere/17");
    t.send(verb::post, "/orders/1");

    std::string const text = numbers.text();

    CHECK(has_line(text, R"(httphooks_requests_total{pattern="/orders/:id",method="GET",)"
                         R"(status="200",transport="inject"} 20)"));
    CHECK(has_line(text, R"(httphooks_requests_total{pattern="",method="GET",)"
                         R"(status="404",transport="inject"} 1)"));
    CHECK(has_line(text, R"(httphooks_requests_total{pattern="",method="POST",)"
                         R"(status="405",transport="inject"} 1)"));
    CHECK(text.find("/orders/1\"") == std::string::npos);
    CHECK(has_line(text, "# TYPE httphooks_requests_total counter"));
    CHECK(has_line(text, "httphooks_exchanges 0"));
}

TEST_CASE("the time of each stage is a histogram") {
    fixture t;
    metrics const numbers(t.hooks);
    t.hooks.get("/a", [](auto&) { return "x"; });
    t.hooks.pre_responder(any_verb, "/a", [](auto& c) { c.pass(); });
    t.get("/a");
    t.get("/a");
    t.get("/b");

    std::string const text = numbers.text();

    CHECK(has_line(text, "# TYPE httphooks_stage_seconds histogram"));
    CHECK(has_line(text, R"(httphooks_stage_seconds_bucket{stage="processing",le="+Inf"} 2)"));
    CHECK(has_line(text, R"(httphooks_stage_seconds_count{stage="pre-processing"} 2)"));
    CHECK(has_line(text, R"(httphooks_stage_seconds_count{stage="output"} 0)"));
    CHECK(text.find(R"(httphooks_stage_seconds_sum{stage="processing"} )") != std::string::npos);
}

TEST_CASE("a duration is counted in the first bucket that holds it") {
    detail::stage_histogram h;
    h.add(std::chrono::nanoseconds(1'000));
    h.add(std::chrono::nanoseconds(1'001));
    h.add(std::chrono::seconds(11));
    CHECK(h.buckets[0] == 1);
    CHECK(h.buckets[1] == 1);
    CHECK(h.buckets.back() == 1);
}

TEST_CASE("labels are escaped, and always UTF-8") {
    detail::metrics_writer out;
    out.begin("x_total", "counter", "a\\b\nc");
    out.line().label("l", "a\"b\\c\nd\xff").value(std::uint64_t{1});
    CHECK(out.take() ==
          "# HELP x_total a\\\\b\\nc\n# TYPE x_total counter\n"
          "x_total{l=\"a\\\"b\\\\c\\nd\xef\xbf\xbd\"} 1\n");
}

TEST_CASE("numbers of one's own stand beside them") {
    fixture t;
    metrics numbers(t.hooks);
    double sessions = 2.5;
    numbers.gauge("chat_sessions", "Sessions.", [&] { return sessions; });
    numbers.counter("chat_messages_total", "Messages.",
                    [] { return std::numeric_limits<double>::infinity(); });
    CHECK(has_line(numbers.text(), "chat_sessions 2.5"));
    CHECK(has_line(numbers.text(), "chat_messages_total +Inf"));
    CHECK_THROWS_AS(numbers.gauge("1x", "", [] { return 0.0; }), std::invalid_argument);
    CHECK_THROWS_AS(numbers.gauge("", "", [] { return 0.0; }), std::invalid_argument);
    CHECK_THROWS_AS(numbers.gauge("a b", "", [] { return 0.0; }), std::invalid_argument);
}

TEST_CASE("a responder serves the numbers, and the registry is freed with it") {
    fixture t;
    t.hooks.get("/metrics", metrics(t.hooks).responder());
    t.get("/metrics");
    response const r = t.get("/metrics");
    CHECK(r["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8");
    CHECK(has_line(r.body(), R"(httphooks_requests_total{pattern="/metrics",method="GET",)"
                             R"(status="200",transport="inject"} 1)"));
}

TEST_CASE("requests that a server refuses are counted by status") {
    support::memory_server server;
    metrics const numbers(server.registry);
    auto client = server.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n");
    server.run();
    CHECK(has_line(numbers.text(), R"(httphooks_refused_total{transport="http",status="400"} 1)"));
}

TEST_CASE("threads count without losing a reply") {
    fixture t;
    metrics const numbers(t.hooks);
    t.hooks.get("/a", [](auto&) { return "x"; });
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&t] {
            for (int n = 0; n < 250; ++n) t.get("/a");
        });
    for (auto& thread : threads) thread.join();
    CHECK(has_line(numbers.text(), R"(httphooks_requests_total{pattern="/a",method="GET",)"
                                   R"(status="200",transport="inject"} 1000)"));
}
