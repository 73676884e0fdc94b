// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/multi_response.hpp>

#include "support/catch.hpp"

#include <string>
#include <vector>

namespace {

namespace hh = httphooks;
using hh::field;
using hh::status;

hh::error_code error_of(hh::response const& r) {
    auto const parsed = hh::parse_multi_response(r);
    return parsed ? hh::error_code() : parsed.error();
}

hh::response multi(std::string_view text, std::string_view part_type = "application/http") {
    return hh::make_response(status::accepted,
                             "--b\r\nContent-Type: " + std::string(part_type) + "\r\n\r\n" +
                                 std::string(text) + "\r\n--b--",
                             "multipart/mixed; boundary=b");
}

}  // namespace

TEST_CASE("several responses collapse to a 202 of their texts in order") {
    std::vector<hh::response> all;
    all.push_back(hh::make_response(status::ok, "first", "text/plain"));
    all.push_back(hh::make_response(status::no_content, "dropped"));
    all.back().set(field::connection, "close");
    all.push_back(hh::make_response(status::not_found, "{}", "application/json"));
    all.back().set(field::content_length, "77");
    all.back().set(field::transfer_encoding, "chunked");
    all.back().insert(field::set_cookie, "a=1");
    all.back().insert(field::set_cookie, "b=2");
    all.back().reason("Nowhere");
    auto const ones = [] { return ~std::uint64_t{0}; };
    hh::response const r = hh::collapse(all, ones);
    std::string const b(32, 'f');
    CHECK(r.result() == status::accepted);
    CHECK(r.wire() == "Content-Type: multipart/mixed; boundary=" + b + "\r\n");
    std::string const head =
        "--" + b +
        "\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n";
    CHECK(r.body() ==
          head +
              "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n"
              "first\r\n" +
              head + "HTTP/1.1 204 No Content\r\n\r\n\r\n" + head +
              "HTTP/1.1 404 Nowhere\r\nContent-Type: application/json\r\n"
              "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 2\r\n\r\n{}\r\n--" +
              b + "--\r\n");

    auto const parsed = hh::parse_multi_response(r);
    REQUIRE(parsed.has_value());
    REQUIRE(parsed->size() == 3);
    CHECK((*parsed)[0].result() == status::ok);
    CHECK((*parsed)[0].body() == "first");
    CHECK((*parsed)[0].wire() == "Content-Type: text/plain\r\n");
    CHECK((*parsed)[1].result() == status::no_content);
    CHECK((*parsed)[1].body().empty());
    CHECK((*parsed)[1].wire().empty());
    CHECK((*parsed)[2].result() == status::not_found);
    CHECK((*parsed)[2].reason() == "Nowhere");
    CHECK((*parsed)[2].count(field::set_cookie) == 2);
    CHECK((*parsed)[2].body() == "{}");
}

TEST_CASE("any body survives the journey, that of a collapsed response too") {
    std::vector<hh::response> all(3);
    for (int i = 0; i < 256; ++i) all[0].body().push_back(static_cast<char>(i));
    all[1] = hh::collapse(std::vector<hh::response>(2, hh::make_response(status::ok, "x")));
    all[2].body() = std::string(100000, '\n') + "\r\n--" + std::string(32, '0') + "\r\n";
    auto const zeros = [] { return std::uint64_t{0}; };
    hh::response const r = hh::collapse(all, zeros);
    auto const parsed = hh::parse_multi_response(r);
    REQUIRE(parsed.has_value());
    REQUIRE(parsed->size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK((*parsed)[i].body() == all[i].body());
        CHECK((*parsed)[i].wire() == all[i].wire());
    }
    CHECK(hh::parse_multi_response((*parsed)[1])->size() == 2);
    CHECK(hh::parse_multi_response(hh::collapse({}))->empty());
}

TEST_CASE("the framing fields of a part do not become fields of its response") {
    auto const parsed = hh::parse_multi_response(
        multi("HTTP/1.1 200 OK\r\nTE: x\r\nA: b\r\nKeep-Alive: x\r\nConnection: close\r\n"
              "Upgrade: x\r\nTrailer: x\r\nContent-Length: 1\r\nC: d\r\n\r\nx"));
    REQUIRE(parsed.has_value());
    CHECK(parsed->front().wire() == "A: b\r\nC: d\r\n");
}

TEST_CASE("boundaries differ from reply to reply") {
    CHECK(hh::collapse({})[field::content_type] != hh::collapse({})[field::content_type]);
}

TEST_CASE("what is not a collapsed response is refused") {
    CHECK(error_of(hh::response()) == hh::error::not_a_multi_response);
    CHECK(error_of(hh::make_response(status::ok, "x", "text/plain")) ==
          hh::error::not_a_multi_response);
    CHECK(error_of(multi("HTTP/1.1 200 OK\r\n\r\n", "text/plain")) ==
          hh::error::not_a_multi_response);
    CHECK(error_of(hh::make_response(status::accepted, "x", "multipart/mixed")) ==
          hh::error::invalid_multipart);
}

TEST_CASE("a part holds exactly one response") {
    CHECK_FALSE(error_of(multi("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")));
    CHECK_FALSE(error_of(multi("HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n")));
    CHECK(hh::parse_multi_response(multi("HTTP/1.0 200 OK\r\n\r\nto the end"))->front().body() ==
          "to the end");
    for (std::string_view text :
         {"", "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 2x0 OK\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx",
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxy",
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy",
          "HTTP/1.1 204 No Content\r\n\r\nx",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
          "HTTP/1.1 200 OK\r\nA B: c\r\n\r\n", "HTTP/1.1 020 OK\r\n\r\n",
          "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 600 OK\r\n\r\n"}) {
        CAPTURE(text);
        CHECK(error_of(multi(text)) == hh::error::invalid_multipart);
    }
    CHECK(error_of(multi("HTTP/1.1 200 OK\r\nA: " + std::string(40000, 'a') + "\r\n\r\n")) ==
          hh::error::multipart_limit);
}
