// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/detail/metrics/metrics_writer.hpp>
#include <httphooks/engineio/server.hpp>
#include <httphooks/file_body.hpp>
#include <httphooks/http/server.hpp>
#include <httphooks/metrics.hpp>
#include <httphooks/sockjs/server.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <cstdlib>
#include <limits>
#include <map>
#include <memory>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <unistd.h>

#include "support/catch.hpp"
#include "support/hooks.hpp"
#include "support/http_peer.hpp"

using namespace httphooks;
using namespace httphooks::test;

namespace {

bool has_line(std::string const& text, std::string_view line) {
    return ("\n" + text).find("\n" + std::string(line) + "\n") != std::string::npos;
}

/// The samples of a text in Prometheus' format: name and labels, value. Checks the format: a family
/// has one HELP, then one TYPE, then its samples; names, labels and values are well-formed.
std::map<std::string, double> samples(std::string const& text) {
    static std::regex const help(R"(# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) .+)");
    static std::regex const type("# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)");
    static std::regex const sample(
        R"re(([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[a-zA-Z_][a-zA-Z0-9_]*=)re"
        R"re("(?:[^"\\\n]|\\["\\n])*")re"
        R"re((?:,[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*")*\})?)re"
        R"re( (\+Inf|-Inf|NaN|[-+0-9.e]+))re");
    std::map<std::string, double> samples;
    std::set<std::string> families;
    std::string family;
    std::string kind;
    std::istringstream lines(text);
    std::smatch m;
    CHECK((text.empty() || text.back() == '\n'));
    for (std::string line; std::getline(lines, line);) {
        INFO(line);
        if (std::regex_match(line, m, help)) {
            family = m[1];
            kind.clear();
            CHECK(families.insert(family).second);
        } else if (std::regex_match(line, m, type)) {
            CHECK(m[1] == family);
            CHECK(kind.empty());
            kind = m[2];
            CHECK((kind == "counter") == family.ends_with("_total"));
        } else {
            REQUIRE(std::regex_match(line, m, sample));
            std::string const name = m[1];
            if (kind == "histogram")
                CHECK((name == family + "_bucket" || name == family + "_sum" ||
                       name == family + "_count"));
            else
                CHECK((!kind.empty() && name == family));
            CHECK(samples.emplace(name + m[2].str(), std::strtod(m[3].str().c_str(), nullptr))
                      .second);
        }
    }
    return samples;
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

TEST_CASE("the time and size of replies are told by pattern, method and class of the status") {
    fixture t;
    metrics const numbers(t.hooks);
    t.hooks.get("/orders/:id", [](auto&) { return "12345"; });
    t.hooks.put("/orders/:id", [](auto&) { return make_response(status::created, "123"); });
    for (int i = 0; i < 3; ++i) t.get("/orders/" + std::to_string(i));
    t.send(verb::head, "/orders/1");
    t.send(verb::put, "/orders/1");
    t.get("/nowhere");

    auto const all = samples(numbers.text());

    std::string const get = R"({pattern="/orders/:id",method="GET",status="2xx")";
    CHECK(all.at("httphooks_request_seconds_count" + get + "}") == 3);
    CHECK(all.at("httphooks_request_seconds_bucket" + get + R"(,le="+Inf"})") == 3);
    CHECK(all.at("httphooks_request_seconds_bucket" + get + R"(,le="10"})") == 3);
    CHECK(all.at("httphooks_request_seconds_sum" + get + "}") > 0);
    CHECK(all.at("httphooks_response_bytes_total" + get + "}") == 15);
    CHECK(all.at(R"(httphooks_response_bytes_total{pattern="/orders/:id",method="HEAD",)"
                 R"(status="2xx"})") == 0);
    CHECK(all.at(R"(httphooks_response_bytes_total{pattern="/orders/:id",method="PUT",)"
                 R"(status="2xx"})") == 3);
    CHECK(all.at(R"(httphooks_request_seconds_count{pattern="",method="GET",status="4xx"})") == 1);
}

TEST_CASE("the bytes of a file are counted, though nobody reads it for that") {
    fixture t;
    metrics const numbers(t.hooks);
    t.hooks.get("/file", [](auto& c) {
        char name[] = "/tmp/httphooks-XXXXXX";
        int const fd = ::mkstemp(name);
        REQUIRE(fd >= 0);
        ::unlink(name);
        REQUIRE(::ftruncate(fd, 100'000) == 0);
        c.set_response(make_response(status::ok), std::make_shared<file_body>(fd, 0, 100'000));
    });
    t.get("/file");
    t.send(verb::head, "/file");
    CHECK(has_line(numbers.text(), R"(httphooks_response_bytes_total{pattern="/file",)"
                                   R"(method="GET",status="2xx"} 100000)"));
}

TEST_CASE("patterns that come and go for ever do not make the numbers grow for ever") {
    detail::thread_counts counts;
    for (int i = 0; i < 30'000; ++i)
        counts.add_reply({"/p" + std::to_string(i), verb::get, 200, transport::http}, {}, 1);
    std::size_t series = 0;
    std::uint64_t replies = 0;
    std::uint64_t others = 0;
    counts.for_each_reply(
        [&](detail::reply_labels const& l, std::uint64_t n, detail::route_counts const& route) {
            ++series;
            replies += n;
            CHECK(route.bytes.get() == n);
            if (l.pattern == "(other)") others = n;
        });
    CHECK(series == 10'001);
    CHECK(replies == 30'000);
    CHECK(others == 20'000);
}

TEST_CASE("the text is what Prometheus reads, whatever patterns have in them") {
    fixture t;
    metrics numbers(t.hooks);
    numbers.gauge("g", "A \\ and\na line.", [] { return -1.5e-7; });
    t.hooks.get("/a\\\"b", [](auto&) { return "x"; });
    t.hooks.get("/s", [](auto&) { return "x"; });
    t.get("/a%5C%22b");
    t.get("/s");
    auto const all = samples(numbers.text());
    CHECK(all.at("g") == -1.5e-7);
    double below = 0;
    for (auto const le : detail::stage_histogram::labels) {
        double const n = all.at(R"(httphooks_stage_seconds_bucket{stage="processing",le=")" +
                                std::string(le) + "\"}");
        CHECK(n >= below);
        below = n;
    }
    CHECK(all.at(R"(httphooks_stage_seconds_bucket{stage="processing",le="+Inf"})") == 2);
}

TEST_CASE("patterns are told apart, also when there are more than a thread guesses") {
    fixture t;
    metrics const numbers(t.hooks);
    for (int i = 0; i < 300; ++i) t.hooks.get("/p" + std::to_string(i), [](auto&) { return "x"; });
    for (int round = 0; round < 2; ++round)
        for (int i = 0; i < 300; ++i) t.get("/p" + std::to_string(i));
    auto const all = samples(numbers.text());
    for (int i = 0; i < 300; ++i)
        CHECK(all.at("httphooks_requests_total{pattern=\"/p" + std::to_string(i) +
                     R"(",method="GET",status="200",transport="inject"})") == 2);
}

TEST_CASE("a hook that comes again counts where it did") {
    fixture t;
    metrics const numbers(t.hooks);
    for (int i = 0; i < 3; ++i) {
        auto const id = t.hooks.get("/again", [](auto&) { return "x"; });
        t.get("/again");
        t.hooks.remove(id);
    }
    CHECK(samples(numbers.text())
              .at(R"(httphooks_requests_total{pattern="/again",method="GET",)"
                  R"(status="200",transport="inject"})") == 3);
}

TEST_CASE("a duration is counted in the first bucket that holds it") {
    detail::stage_histogram h;
    h.add(std::chrono::nanoseconds(1'000));
    h.add(std::chrono::nanoseconds(1'001));
    h.add(std::chrono::seconds(11));
    CHECK(h.buckets[0].get() == 1);
    CHECK(h.buckets[1].get() == 1);
    CHECK(h.buckets.back().get() == 1);
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

TEST_CASE("the numbers of servers are told by name, and stay when the server goes") {
    fixture t;
    metrics numbers(t.hooks);
    CHECK(numbers.text().find("httphooks_server_") == std::string::npos);
    {
        http::server web(t.hooks.get_executor(), t.hooks);
        sockjs::server chat(t.hooks.get_executor());
        numbers.watch("web", web);
        numbers.watch("chat", chat);
    }
    struct own_mount {
        std::shared_ptr<server_counters> counted = std::make_shared<server_counters>();
        std::shared_ptr<server_counters const> counters() const { return counted; }
    };
    own_mount own;
    own.counted->open_session();
    own.counted->drop();
    own.counted->refuse("Too \"old\"");
    numbers.watch("own", own);

    auto const all = samples(numbers.text());

    CHECK(all.at(R"(httphooks_server_sessions{server="web"})") == 0);
    CHECK(all.at(R"(httphooks_server_sessions{server="chat"})") == 0);
    CHECK(all.at(R"(httphooks_server_sessions{server="own"})") == 1);
    CHECK(all.at(R"(httphooks_server_opened_total{server="own"})") == 1);
    CHECK(all.at(R"(httphooks_server_waiting_bytes{server="own"})") == 0);
    CHECK(all.at(R"(httphooks_server_body_bytes{server="own"})") == 0);
    CHECK(all.at(R"(httphooks_server_peak_body_bytes{server="own"})") == 0);
    CHECK(all.at(R"(httphooks_server_paused_bodies{server="own"})") == 0);
    CHECK(all.at(R"(httphooks_server_dropped_messages_total{server="own"})") == 1);
    CHECK(all.at(R"(httphooks_server_refused_total{server="own",reason="Too \"old\""})") == 1);
}

TEST_CASE("a server that runs is scraped over HTTP: its requests, clients and refusals") {
    asio::io_context context;
    registry hooks(context.get_executor());
    metrics numbers(hooks);
    hooks.get("/metrics", numbers.responder());
    hooks.get("/notes/:id", [](auto&) { return "x"; });
    engineio::server io(context.get_executor());
    http::server web({.address = "127.0.0.1"}, hooks);
    web.mount(io);
    numbers.watch("web", web);
    numbers.watch("io", io);
    web.listen();
    auto ended = web.async_run(asio::use_future);

    support::http_peer client(web.port());
    CHECK(client.ask("GET", "/notes/1").status == 200);
    CHECK(client.ask("GET", "/engine.io/?EIO=4&transport=polling").status == 200);
    CHECK(client.ask("GET", "/engine.io/?EIO=4&transport=tobi").status == 400);
    support::http_peer wrong(web.port());
    wrong.send_raw("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n");
    CHECK(wrong.reply().status == 400);
    auto const scraped = client.ask("GET", "/metrics");
    CHECK(scraped["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8");
    auto const all = samples(scraped.body);

    CHECK(all.at(R"(httphooks_requests_total{pattern="/notes/:id",method="GET",)"
                 R"(status="200",transport="http"})") == 1);
    CHECK(all.at(R"(httphooks_stage_seconds_count{stage="processing"})") == 1);
    CHECK(all.at("httphooks_exchanges") == 1);
    CHECK(all.at(R"(httphooks_server_opened_total{server="web"})") == 2);
    CHECK(all.at(R"(httphooks_server_refused_total{server="web",reason="Bad Request"})") == 1);
    CHECK(all.at(R"(httphooks_server_sessions{server="io"})") == 1);
    CHECK(all.at(R"(httphooks_server_refused_total{server="io",reason="Transport unknown"})") == 1);
    web.stop();
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
