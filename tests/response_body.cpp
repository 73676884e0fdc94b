// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/response_body.hpp>

#include <httphooks/message.hpp>
#include <httphooks/multi_response.hpp>

#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/http/message_generator.hpp>

#include <fcntl.h>
#include <unistd.h>
#include <cstdlib>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "support/catch.hpp"
#include "support/hooks.hpp"

using namespace httphooks;
using namespace httphooks::test;

namespace {

/// A file without a name, of a size, with "begin" at the start and "end" at the end.
class sparse_file {
public:
    explicit sparse_file(std::uint64_t size) : size_(size) {
        char name[] = "/tmp/httphooks-test-XXXXXX";
        descriptor_ = ::mkstemp(name);
        REQUIRE(descriptor_ >= 0);
        ::unlink(name);
        truncate(size);
        REQUIRE(::pwrite(descriptor_, "begin", 5, 0) == 5);
        REQUIRE(::pwrite(descriptor_, "end", 3, static_cast<off_t>(size - 3)) == 3);
    }
    sparse_file(sparse_file const&) = delete;
    sparse_file& operator=(sparse_file const&) = delete;
    ~sparse_file() { ::close(descriptor_); }

    std::shared_ptr<file_body> body() const {
        return std::make_shared<file_body>(::dup(descriptor_), 0, size_);
    }
    void truncate(std::uint64_t size) const {
        REQUIRE(::ftruncate(descriptor_, static_cast<off_t>(size)) == 0);
    }

private:
    std::uint64_t size_;
    int descriptor_ = -1;
};

/// What Beast writes of a message; how long the longest buffer was, and how it ended.
struct written_message {
    std::uint64_t size = 0;
    std::size_t longest = 0;
    std::string first{};
    std::string last{};
    error_code failed{};

    explicit written_message(beast::http::message_generator generator) {
        while (!generator.is_done()) {
            auto const buffers = generator.prepare(failed);
            if (failed) return;
            std::string const bytes = beast::buffers_to_string(buffers);
            for (auto const buffer : beast::buffers_range_ref(buffers))
                longest = std::max(longest, buffer.size());
            if (first.empty()) first = bytes;
            if (!bytes.empty()) last = bytes;
            size += bytes.size();
            generator.consume(bytes.size());
        }
    }
};

constexpr std::uint64_t long_size = 3'000'000'000;

/// What async_dispatch gives; other than inject() it leaves files unread.
response dispatch_to(fixture& t, request r) {
    std::optional<response> reply;
    t.hooks.async_dispatch(std::move(r), [&](error_code ec, response given) {
        CHECK_FALSE(ec);
        reply = std::move(given);
    });
    t.context.restart();
    t.context.run();
    REQUIRE(reply.has_value());
    return std::move(*reply);
}

}  // namespace

TEST_CASE("a response's body is used as a string") {
    response r = make_response(status::ok, "text");
    CHECK(r.body() == "text");
    r.body() += "s";
    CHECK(r.body().size() == 5);
    r.body() = std::string_view("view");
    std::string const copy = r.body();
    CHECK(copy == "view");
    r.body() = copy + "s";
    CHECK(std::string_view(r.body()) == "views");
    CHECK(std::string(std::move(r.body())) == "views");
    response const other(status::ok, 11, "given");
    CHECK(other.body() == "given");
    r.body() = other.body();
    CHECK(r.body() == "given");
    r.prepare_payload();
    CHECK(r[field::content_length] == "5");
    CHECK(written_message(std::move(r)).last.ends_with("\r\n\r\ngiven"));
}

TEST_CASE("a body is a text or a file, whichever was assigned last") {
    sparse_file const file(10);
    response r(status::ok, 11, "text");
    r.body().file(file.body());
    CHECK(r.body().empty());
    CHECK(r.body().file());
    r.prepare_payload();
    CHECK(r[field::content_length] == "10");
    response const copy = r;
    CHECK(copy.body().file() == r.body().file());
    r.body() = "text";
    CHECK_FALSE(r.body().file());
    auto& mutable_body = r.body();
    r.body() = copy.body();
    response another;
    another.body() = mutable_body;
    CHECK(another.body().file() == copy.body().file());
    r.body().clear();
    CHECK_FALSE(r.body().file());
    CHECK_FALSE(another.body().load());
    CHECK(another.body() == std::string_view("begin\0\0end", 10));
    CHECK_FALSE(another.body().file());
    CHECK(copy.body().file());
}

TEST_CASE("a file is written in pieces, whatever its size") {
    sparse_file const file(long_size);
    response r = make_response(status::ok, {}, "text/x");
    r.body().file(file.body());
    r.prepare_payload();
    CHECK(r[field::content_length] == std::to_string(long_size));
    beast::http::message_generator generator(std::move(r));
    error_code ec;
    std::string const begin = beast::buffers_to_string(generator.prepare(ec));
    REQUIRE_FALSE(ec);
    CHECK(begin.size() <= response_body::piece + 1000);
    CHECK(begin.find("\r\n\r\nbegin") != std::string::npos);

    sparse_file const shorter(1'000'000);
    response s = make_response(status::ok);
    s.body().file(shorter.body());
    written_message const all(std::move(s));
    CHECK_FALSE(all.failed);
    CHECK(all.size > 1'000'000);
    CHECK(all.first.find("\r\n\r\nbegin") != std::string::npos);
    CHECK(all.last.ends_with("end"));
    CHECK(all.longest <= response_body::piece);
}

TEST_CASE("a file that becomes shorter while it is written fails the write") {
    sparse_file const file(300'000);
    response r = make_response(status::ok);
    r.body().file(file.body());
    response copy = r;
    file.truncate(100'000);
    written_message const cut(std::move(r));
    CHECK(cut.failed == boost::system::errc::io_error);
    CHECK(cut.size < 200'000);
    CHECK(copy.body().load() == boost::system::errc::io_error);
    CHECK(copy.body().empty());
    copy.body().file(std::make_shared<file_body>(-1, 0, 5));
    CHECK(written_message(response(copy)).failed);
    CHECK(copy.body().load());
    copy.body().file(std::make_shared<file_body>(-1, 0, 0));
    CHECK_FALSE(written_message(response(copy)).failed);
}

TEST_CASE("async_dispatch gives a long file unread, with its length, and HEAD nothing of it") {
    fixture t;
    sparse_file const file(long_size);
    t.hooks.get("/long", [&](auto& c) { c.set_response(make_response(status::ok), file.body()); });
    t.hooks.get("/returned", [&](auto&) {
        response r = make_response(status::partial_content);
        r.body().file(file.body());
        return r;
    });
    t.hooks.pre_responder(verb::get, "/ended", [&](auto& c) {
        response r = make_response(status::ok);
        r.body().file(file.body());
        c.end(std::move(r));
    });
    for (std::string_view const target : {"/long", "/returned", "/ended"}) {
        response const r = dispatch_to(t, make_request(verb::get, target));
        REQUIRE(r.body().file());
        CHECK(r.body().empty());
        CHECK(r[field::content_length] == std::to_string(long_size));
        CHECK(r.keep_alive());
    }
    request closing = make_request(verb::get, "/long");
    closing.keep_alive(false);
    CHECK_FALSE(dispatch_to(t, std::move(closing)).keep_alive());
    response head = dispatch_to(t, make_request(verb::head, "/long"));
    CHECK_FALSE(head.body().file());
    CHECK(head[field::content_length] == std::to_string(long_size));
    CHECK(written_message(std::move(head)).last.ends_with("\r\n\r\n"));

    response seen;
    t.hooks.response_listener(any_verb, "/long", [&](auto& c) { seen = c.response(); });
    CHECK(dispatch_to(t, make_request(verb::get, "/long")).body().file());
    CHECK(seen.body().file());
}

TEST_CASE("async_dispatch reads a short file") {
    fixture t;
    sparse_file const file(1000);
    t.hooks.get("/*", [&](auto& c) { c.set_response(make_response(status::ok), file.body()); });
    t.hooks.response_listener(any_verb, "/*", [&](auto& c) { CHECK(c.response().body().file()); });
    response const r = dispatch_to(t, make_request(verb::get, "/"));
    CHECK_FALSE(r.body().file());
    CHECK(r.body().size() == 1000);
    file.truncate(10);
    t.hooks.clear();
    t.hooks.get("/*", [&](auto& c) { c.set_response(make_response(status::ok), file.body()); });
    response const failed = dispatch_to(t, make_request(verb::get, "/"));
    CHECK(failed.result() == status::internal_server_error);
    CHECK(failed[field::content_length] == std::to_string(failed.body().size()));
}

TEST_CASE("whoever looks at a long file's content reads it") {
    fixture t;
    sparse_file const file(200'000);
    t.hooks.get("/*", [&](auto& c) { c.set_response(make_response(status::ok), file.body()); });
    CHECK(t.get("/").body().size() == 200'000);
    SECTION("a post-responder") {
        t.hooks.post_responder(any_verb, "/*", [](auto& c) {
            response r = c.responses().front();
            r.body() += "!";
            c.replace_response(std::move(r));
        });
        response const r = dispatch_to(t, make_request(verb::get, "/"));
        CHECK(r.body().size() == 200'001);
        CHECK(r.body().ends_with("end!"));
    }
    SECTION("a reply of several parts") {
        t.hooks.get("/*", [](auto&) { return "text"; });
        auto const parts = parse_multi_response(dispatch_to(t, make_request(verb::get, "/")));
        REQUIRE(parts.has_value());
        REQUIRE(parts->size() == 2);
        CHECK((*parts)[0].body().size() == 200'000);
    }
    SECTION("a body that goes on as text") {
        t.hooks.post_responder(any_verb, "/*",
                               [](auto& c) { return c.responses().front().body(); });
        CHECK(dispatch_to(t, make_request(verb::get, "/")).body().size() == 200'000);
    }
}
