// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/message.hpp>

#include <boost/beast/core/multi_buffer.hpp>
#include <boost/beast/http/dynamic_body.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/span_body.hpp>
#include <boost/beast/http/vector_body.hpp>

#include "support/catch.hpp"

#include <string>
#include <utility>

namespace {

namespace hh = httphooks;
namespace beast_http = boost::beast::http;

template <class Body>
beast_http::request<Body> sample() {
    beast_http::request<Body> r{hh::verb::put, "/a?b=c", 10};
    r.insert(hh::field::host, "example.com");
    r.insert("X-One", "1");
    r.insert("X-Two", "2");
    r.insert("x-one", "3");
    return r;
}

void check_sample(hh::request const& r, std::string_view body) {
    CHECK(r.method() == hh::verb::put);
    CHECK(r.target() == "/a?b=c");
    CHECK(r.version() == 10);
    CHECK(r.wire() == "Host: example.com\r\nX-One: 1\r\nx-one: 3\r\nX-Two: 2\r\n");
    CHECK(r[hh::field::host] == "example.com");
    CHECK(r.body() == body);
}

}  // namespace

TEST_CASE("a response is made of status, body and content type") {
    hh::response const r = hh::make_response(hh::status::created, "made", "text/plain");
    CHECK(r.result() == hh::status::created);
    CHECK(r.version() == 11);
    CHECK(r.body() == "made");
    CHECK(r.wire() == "Content-Type: text/plain\r\n");
    hh::response const empty = hh::make_response(hh::status::no_content);
    CHECK(empty.wire().empty());
    CHECK(empty.body().empty());
    CHECK_THROWS_AS(hh::make_response(hh::status::ok, "", "a\r\nb: c"), hh::system_error);
}

TEST_CASE("the library's own replies are the reason as HTML, or an error as JSON") {
    for (unsigned code : {400u, 404u, 405u, 408u, 413u, 414u, 417u, 431u, 501u, 503u}) {
        hh::response const r = hh::error_response(static_cast<hh::status>(code));
        CHECK(r.result_int() == code);
        CHECK(r[hh::field::content_type] == "text/html");
        CHECK(r.body() == r.reason());
        CHECK(r.body().size() > 5);
    }
    hh::response const r500 = hh::error_response(hh::status::internal_server_error);
    CHECK(r500[hh::field::content_type] == "application/json");
    CHECK(r500.body() == R"({"error":"Internal server error"})");
    CHECK(hh::error_response(hh::status::bad_gateway).body() == R"({"error":"Bad gateway"})");
    CHECK(hh::error_response(hh::status::gateway_timeout).body() ==
          R"({"error":"Gateway timeout"})");
}

TEST_CASE("a request of Beast's with any body becomes ours") {
    SECTION("a string") {
        auto r = sample<beast_http::string_body>();
        r.body() = std::string(100, 'b');
        char const* const memory = r.body().data();
        hh::request const mine = hh::convert(std::move(r));
        check_sample(mine, std::string(100, 'b'));
        CHECK(mine.body().data() == memory);
    }
    SECTION("nothing") {
        check_sample(hh::convert(sample<beast_http::empty_body>()), "");
    }
    SECTION("a vector") {
        auto r = sample<beast_http::vector_body<char>>();
        r.body() = {'a', 'b', '\0'};
        check_sample(hh::convert(std::move(r)), std::string_view("ab\0", 3));
    }
    SECTION("a buffer of several pieces") {
        auto r = sample<beast_http::dynamic_body>();
        std::string expected;
        for (int i = 0; i < 50; ++i) {
            std::string const piece(100, static_cast<char>('a' + i % 26));
            auto const room = r.body().prepare(piece.size());
            boost::asio::buffer_copy(room, boost::asio::buffer(piece));
            r.body().commit(piece.size());
            expected += piece;
        }
        check_sample(hh::convert(std::move(r)), expected);
    }
    SECTION("a span") {
        char text[] = "span";
        auto r = sample<beast_http::span_body<char>>();
        r.body() = {text, 4};
        check_sample(hh::convert(std::move(r)), "span");
    }
}

TEST_CASE("a request of ours is moved") {
    hh::request r{hh::verb::get, "/x", 11};
    r.body() = std::string(100, 'b');
    r.set("A", "b");
    char const* const memory = r.wire().data();
    hh::request const mine = hh::convert(std::move(r));
    CHECK(mine.wire().data() == memory);
    CHECK(mine.body().size() == 100);
}

TEST_CASE("a method and a reason that Beast does not know are kept") {
    beast_http::request<beast_http::string_body> r{hh::verb::get, "/", 11};
    r.method_string("BREW");
    CHECK(hh::convert(std::move(r)).method_string() == "BREW");
    beast_http::response<beast_http::string_body> s{hh::status::ok, 11};
    s.reason("Fine");
    s.set(hh::field::server, "x");
    s.body() = "body";
    hh::response const mine = hh::convert(std::move(s));
    CHECK(mine.reason() == "Fine");
    CHECK(mine[hh::field::server] == "x");
    CHECK(mine.body() == "body");
    CHECK(mine.result() == hh::status::ok);
    beast_http::response<beast_http::empty_body> t;
    t.result(299u);
    CHECK(hh::convert(std::move(t)).result_int() == 299);
}

TEST_CASE("a field with a line break does not get through a conversion") {
    beast_http::request<beast_http::string_body> r{hh::verb::get, "/", 11};
    r.set("X", "a\r\nEvil: yes");
    CHECK_THROWS_AS(hh::convert(std::move(r)), hh::system_error);
}
