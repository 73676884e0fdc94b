// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/file_body.hpp>

#include <httphooks/multi_response.hpp>

#include <fcntl.h>
#include <unistd.h>
#include <cstdlib>

#include "support/catch.hpp"
#include "support/hooks.hpp"

using namespace httphooks;
using namespace httphooks::test;

namespace {

/// A file without a name.
class temporary_file {
public:
    explicit temporary_file(std::string_view content) {
        char name[] = "/tmp/httphooks-test-XXXXXX";
        descriptor_ = ::mkstemp(name);
        REQUIRE(descriptor_ >= 0);
        ::unlink(name);
        REQUIRE(::write(descriptor_, content.data(), content.size()) ==
                static_cast<ssize_t>(content.size()));
    }
    temporary_file(temporary_file const&) = delete;
    temporary_file& operator=(temporary_file const&) = delete;
    ~temporary_file() { ::close(descriptor_); }

    std::shared_ptr<file_body> body(std::uint64_t offset, std::uint64_t size) const {
        return std::make_shared<file_body>(::dup(descriptor_), offset, size);
    }
    void truncate(off_t size) const { REQUIRE(::ftruncate(descriptor_, size) == 0); }

private:
    int descriptor_ = -1;
};

}  // namespace

TEST_CASE("a file body is a range of its file, read at any place") {
    temporary_file const file("0123456789");
    auto const body = file.body(2, 5);
    CHECK(body->size() == 5);
    CHECK(body->read_all().value() == "23456");
    char out[10];
    CHECK(body->read(3, out, 10).value() == 2);
    CHECK(std::string_view(out, 2) == "56");
    CHECK(body->read(0, out, 2).value() == 2);
    CHECK(std::string_view(out, 2) == "23");
    CHECK(body->read(5, out, 10).value() == 0);
    CHECK(body->read(999, out, 10).value() == 0);
}

TEST_CASE("a file that became shorter gives what there is; one that cannot be read an error") {
    temporary_file const file("0123456789");
    auto const body = file.body(2, 5);
    file.truncate(4);
    CHECK(body->read_all().value() == "23");
    file_body const closed(-1, 0, 5);
    CHECK(closed.read_all().has_error());
}

TEST_CASE("a response from a file has the file's content when it is dispatched") {
    fixture t;
    temporary_file const file("0123456789");
    t.hooks.get("/*", [&](auto& c) {
        c.set_response(make_response(status::ok, {}, "text/x"), file.body(0, 10));
        c.reply_headers().set("X-A", "1");
    });
    response r = t.get("/");
    CHECK(r.body() == "0123456789");
    CHECK(r[field::content_length] == "10");
    CHECK(r[field::content_type] == "text/x");
    r = t.send(verb::head, "/");
    CHECK(r.body().empty());
    CHECK(r[field::content_length] == "10");
    file.truncate(3);
    r = t.get("/");
    CHECK(r.result() == status::internal_server_error);
    CHECK(r["X-A"] == "1");
}

TEST_CASE("a transport gets the file itself, unless somebody looks at the content") {
    fixture t;
    temporary_file const file("0123456789");
    t.hooks.get("/file", [&](auto& c, auto done) {
        c.set_response(make_response(status::ok), file.body(0, 10));
        done();
    });
    t.hooks.get("/replaced", [&](auto& c) {
        c.set_response(make_response(status::ok), file.body(0, 10));
        c.set_response("text");
    });
    t.hooks.get("/304", [&](auto& c) {
        c.set_response(make_response(status::not_modified), file.body(0, 10));
    });
    auto const loop = t.hooks.make_loop();
    auto const send = [&](std::string_view target) {
        exchange_ptr ex = loop->make_exchange(t.context.get_executor(), nullptr);
        ex->incoming() = make_request(verb::get, target);
        REQUIRE(ex->start());
        return ex;
    };
    exchange_ptr ex = send("/file");
    REQUIRE(ex->reply_file());
    CHECK(ex->reply_file()->size() == 10);
    CHECK(ex->reply().body().empty());
    ex = send("/replaced");
    CHECK_FALSE(ex->reply_file());
    CHECK(ex->reply().body() == "text");
    CHECK_FALSE(send("/304")->reply_file());

    t.hooks.post_listener(any_verb, "/file", [&](auto& c) { t.log.add(c.responses()[0].body()); });
    ex = send("/file");
    CHECK_FALSE(ex->reply_file());
    CHECK(ex->reply().body() == "0123456789");
    CHECK(t.log.text() == "0123456789");
}

TEST_CASE("a file that is longer than what is collected stays one for hooks behind responders") {
    fixture t({.collect_limit = 9});
    temporary_file const file("0123456789");
    for (std::uint64_t const size : {9u, 10u})
        t.hooks.get("/" + std::to_string(size), [&file, size](auto& c) {
            c.set_response(make_response(status::ok), file.body(0, size));
        });
    t.hooks.post_responder(any_verb, "/*", [&](auto& c) {
        auto reply = c.responses()[0];
        t.log.add(reply.body());
        reply.set("X-After", "1");
        c.replace_response(std::move(reply));
    });
    t.hooks.post_listener(any_verb, "/*", [&](auto& c) { t.log.add(c.responses()[0].body()); });
    auto const loop = t.hooks.make_loop();
    for (bool const is_long : {false, true}) {
        exchange_ptr ex = loop->make_exchange(t.context.get_executor(), nullptr);
        ex->incoming() = make_request(verb::get, is_long ? "/10" : "/9");
        REQUIRE(ex->start());
        CHECK(ex->reply()["X-After"] == "1");
        CHECK((ex->reply_file() != nullptr) == is_long);
        CHECK(ex->reply().body() == (is_long ? "" : "012345678"));
    }
    CHECK(t.log.text() == "012345678 012345678  ");
}

TEST_CASE("files among several responses are read into the collapsed reply") {
    fixture t;
    temporary_file const file("0123456789");
    for (std::uint64_t i = 0; i < 3; ++i)
        t.hooks.get("/*", [&file, i](auto& c) -> asio::awaitable<void> {
            co_await turns(static_cast<int>(3 - i));
            c.set_response(make_response(status::ok), file.body(i, 2));
        });
    t.hooks.get("/*", [](auto&) { return "text"; });
    auto const parts = parse_multi_response(t.get("/"));
    REQUIRE(parts.has_value());
    REQUIRE(parts->size() == 4);
    CHECK((*parts)[0].body() == "01");
    CHECK((*parts)[1].body() == "12");
    CHECK((*parts)[2].body() == "23");
    CHECK((*parts)[3].body() == "text");
}
