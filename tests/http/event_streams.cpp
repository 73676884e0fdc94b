// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    Events that many connections of a server get, written from where they are kept.
*/

#include <httphooks/event_source_hub.hpp>
#include <httphooks/http/server.hpp>

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/raw_client.hpp"

#include <boost/asio/io_context.hpp>

#include <charconv>
#include <cstddef>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/socket.h>

using support::eventually;
using support::get_request;
using support::raw_client;
using support::read_end;

namespace hh = httphooks;
namespace asio = boost::asio;

namespace {

/// A server whose clients subscribe to `/news`, and what they are to get.
struct news_server {
    explicit news_server(hh::event_source_hub_options const& o) : hub(o) {
        hooks.get("/news", [this](auto& c) { return hub.subscribe(c.request()); });
        web.async_run([told = ended_](hh::error_code) { told->set_value(); });
    }
    ~news_server() {
        auto over = ended_->get_future();
        web.stop();
        over.wait();
    }

    /// A client that has got the header. @param more fields
    raw_client subscribe(std::string const& more = {}) {
        return with_header(get_request("/news", more));
    }
    raw_client with_header(std::string const& request) {
        std::size_t const before = hub.subscribers();
        raw_client c(web.port());
        REQUIRE(c.send(request));
        std::string byte;
        std::string header;
        while (!header.ends_with("\r\n\r\n")) {
            char b = 0;
            REQUIRE(::recv(c.handle(), &b, 1, 0) == 1);
            header += b;
        }
        REQUIRE(eventually([&] { return hub.subscribers() > before; }));
        return c;
    }
    void publish(std::string data) {
        hh::server_event e;
        e.id = std::to_string(++number_);
        e.data = std::move(data);
        text += hh::to_string(e);
        hub.publish("", std::move(e));
    }

    std::string text{};
    hh::event_source_hub const hub;

private:
    static hh::http::options one_thread() {
        hh::http::options o;
        o.address = "127.0.0.1";
        o.threads = 1;
        return o;
    }

    std::shared_ptr<std::promise<void>> ended_ = std::make_shared<std::promise<void>>();
    asio::io_context context_{};
    std::size_t number_ = 0;

public:
    hh::registry hooks{context_.get_executor()};
    hh::http::server web{one_thread(), hooks};
};

hh::event_source_hub_options keeping_all() {
    hh::event_source_hub_options o;
    o.history = 10'000;
    o.history_bytes = 64u << 20;
    return o;
}

/// What chunks contain, up to the last one; "malformed" of what are none.
std::string unchunked(std::string_view bytes) {
    std::string all;
    for (;;) {
        std::size_t size = 0;
        std::size_t const line = bytes.find("\r\n");
        if (line == bytes.npos) return "malformed";
        auto const digits = std::from_chars(bytes.data(), bytes.data() + line, size, 16);
        if (digits.ptr != bytes.data() + line) return "malformed";
        bytes.remove_prefix(line + 2);
        if (bytes.size() < size + 2 || bytes.substr(size, 2) != "\r\n") return "malformed";
        if (size == 0) return bytes.size() == 2 ? all : "malformed";
        all += bytes.substr(0, size);
        bytes.remove_prefix(size + 2);
    }
}

/// Whether a client has got all, to the end. Not printed when it has not: it is long.
bool got_all(raw_client& c, std::string_view text) {
    auto const [bytes, end] = c.rest();
    return end == read_end::fin && unchunked(bytes) == text;
}

}  // namespace

TEST_CASE("clients of all kinds get each event whole, whoever else reads late or goes") {
    news_server s(keeping_all());
    std::string const last = "Connection: close\r\n";
    raw_client quick = s.subscribe(last);
    raw_client late = s.subscribe(last);
    raw_client old = s.with_header("GET /news HTTP/1.0\r\n\r\n");
    raw_client half = s.subscribe(last);
    half.finish();
    std::string probe;
    REQUIRE(half.read(probe) == read_end::more);
    CHECK(probe == "0");
    std::vector<raw_client> going;
    for (int i = 0; i < 10; ++i) going.push_back(s.subscribe());
    s.publish("the first");
    std::string first;
    REQUIRE(quick.read(first) == read_end::more);
    CHECK(first == "17\r\n" + s.text + "\r\n");
    // far more than sockets take, and some larger than what is written at once
    for (std::size_t i = 0; i < 300; ++i) {
        s.publish(
            std::string(i % 50 == 7 ? 150'000 : i * 97 % 40'000, static_cast<char>('a' + i % 26)));
        if (i % 30 == 5) going.pop_back();
    }
    s.hub.close();
    CHECK(got_all(late, s.text));
    CHECK(got_all(half, s.text));
    auto const [bytes, end] = old.rest();
    CHECK(end == read_end::fin);
    CHECK((bytes == s.text));
    auto const [rest, end_of_quick] = quick.rest();
    CHECK(end_of_quick == read_end::fin);
    CHECK((unchunked(first + rest) == s.text));
}

TEST_CASE("a client that reads events later than they are kept is ended behind a whole one") {
    hh::event_source_hub_options o;
    o.history = 4;
    news_server s(o);
    raw_client quick = s.subscribe();
    raw_client late = s.subscribe("Connection: close\r\n");
    for (int i = 1; i <= 120; ++i) {
        s.publish(std::string(60'000, 'e'));
        std::string got;
        while (got.find("\n\n") == got.npos) REQUIRE(quick.read(got) == read_end::more);
        CHECK(got.find("id: " + std::to_string(i) + "\n") != got.npos);
    }
    auto const [bytes, end] = late.rest();
    CHECK(end == read_end::fin);
    std::string const got = unchunked(bytes);
    CHECK(got.size() >= 60'000);
    CHECK(got.size() < s.text.size());
    CHECK(s.text.starts_with(got));
    CHECK(got.ends_with("e\n\n"));
    CHECK(eventually([&] { return s.hub.subscribers() == 1; }));
}

TEST_CASE("requests behind a stream of events are answered when it has ended") {
    news_server s(keeping_all());
    s.hooks.get("/after", [](auto&) { return "after"; });
    raw_client c = s.subscribe();
    REQUIRE(c.send(get_request("/after", "Connection: close\r\n")));
    for (int i = 0; i < 3; ++i) s.publish("event");
    s.hub.close();
    auto const [bytes, end] = c.rest();
    CHECK(end == read_end::fin);
    std::size_t const at = bytes.find("HTTP/1.1 200");
    REQUIRE(at != bytes.npos);
    CHECK(unchunked(bytes.substr(0, at)) == s.text);
    CHECK(bytes.ends_with("after"));
}
