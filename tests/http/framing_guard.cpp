// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/http/detail/request_parser.hpp>
#include <httphooks/http/framing_guard.hpp>

#include "support/catch.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace hh = httphooks;
using hh::field;
using hh::status;
using hh::verb;
using hh::http::framing_guard;
using hh::http::framing_limits;

namespace {

/// The verdict of scan() on input that comes in pieces of `piece` bytes.
std::pair<std::size_t, status> scan(std::string const& all, std::size_t piece,
                                    framing_limits const& limits = {}) {
    framing_guard g(limits);
    std::size_t skipped = 0;
    for (std::size_t n = std::min(piece, all.size());;) {
        std::string_view const received = std::string_view(all).substr(skipped, n - skipped);
        if (std::size_t const blank = g.skip(received)) {
            skipped = blank;
            continue;
        }
        std::size_t const r = g.scan(received);
        if (r != 0 || n == all.size()) return {r, g.refusal()};
        n = std::min(n + piece, all.size());
    }
}

/// The verdict on a whole request; ok when it is accepted and complete.
status judge(std::string const& all, framing_limits const& limits = {}) {
    framing_guard g(limits);
    std::size_t const header = g.scan(all);
    if (header == framing_guard::refused) return g.refusal();
    if (header == 0) return status::continue_;
    hh::request r;
    hh::http::detail::request_parser p(r, g);
    if (!p.put_header(std::string_view(all).substr(0, header))) return p.refusal();
    if (!p.done()) {
        if (!p.limit_body(1000)) return p.refusal();
        std::size_t used = 0;
        if (!p.put_body(std::string_view(all).substr(header), used)) return p.refusal();
    }
    return p.done() ? status::ok : status::continue_;
}

status judge_fields(std::string const& fields, std::string const& body = {}) {
    return judge("POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n" + body);
}

}  // namespace

TEST_CASE("the header's end is found, however the bytes are split") {
    std::string const all = "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET";
    for (std::size_t piece = 1; piece <= all.size(); ++piece)
        CHECK(scan(all, piece).first == all.size() - 3);
    CHECK(scan("GET / HTTP/1.1\r\nHost: a\r\n", 1).first == 0);
}

TEST_CASE("what is wrong with lines is seen before the header is whole, whatever the split") {
    for (std::string const bad :
         {"GET / HTTP/1.1\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\n\n", "\r\n\r\nGET /",
          "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: a\r\nX:\r\n\tb\r\n\r\n", "\x16\x03\x01", " GET / HTTP/1.1"}) {
        INFO(bad);
        for (std::size_t piece = 1; piece <= bad.size(); ++piece) {
            auto const [n, s] = scan(bad, piece);
            CHECK(n == framing_guard::refused);
            CHECK(s == status::bad_request);
        }
    }
}

TEST_CASE("the sizes of request line and header are the limits, to the byte") {
    framing_limits limits;
    limits.request_line = 100;
    limits.header = 200;
    auto const request = [](std::size_t line, std::size_t header) {
        return "GET /" + std::string(line - 14, 'a') +
               " HTTP/1.1\r\nX: " + std::string(header - 7, 'b') + "\r\n\r\n";
    };
    for (std::size_t piece : {1u, 3u, 7u, 64u, 1000u}) {
        CHECK(scan(request(100, 200), piece, limits).second == status::unknown);
        CHECK(scan(request(101, 200), piece, limits).second == status::uri_too_long);
        CHECK(scan(request(1000, 200), piece, limits).second == status::uri_too_long);
        CHECK(scan(request(100, 201), piece, limits).second ==
              status::request_header_fields_too_large);
        CHECK(scan(request(100, 2000), piece, limits).second ==
              status::request_header_fields_too_large);
        CHECK(scan(std::string(1000, 'a'), piece, limits).second == status::uri_too_long);
    }
}

TEST_CASE("one length at most, of digits") {
    CHECK(judge_fields("Content-Length: 3\r\n", "abc") == status::ok);
    CHECK(judge_fields("Content-Length: 0\r\n") == status::ok);
    for (char const* bad : {"+3", "-1", "0x3", "", "3, 3", "3,", "3 3", "18446744073709551616"})
        CHECK(judge_fields("Content-Length: " + std::string(bad) + "\r\n", "abc") ==
              status::bad_request);
    CHECK(judge_fields("Content-Length: 3\r\nContent-Length: 3\r\n", "abc") == status::bad_request);
    CHECK(judge_fields("Content-Length: 1001\r\n") == status::payload_too_large);
}

TEST_CASE("chunked is the only coding, alone, and without a length") {
    std::string const body = "3\r\nabc\r\n0\r\n\r\n";
    CHECK(judge_fields("Transfer-Encoding: chunked\r\n", body) == status::ok);
    CHECK(judge_fields("Transfer-Encoding: Chunked\r\n", body) == status::ok);
    CHECK(judge_fields("Transfer-Encoding: gzip\r\n", body) == status::not_implemented);
    CHECK(judge_fields("Transfer-Encoding: xchunked\r\n", body) == status::not_implemented);
    CHECK(judge_fields("Transfer-Encoding: gzip, chunked\r\n", body) == status::not_implemented);
    CHECK(judge_fields("Transfer-Encoding: chunked, identity\r\n", body) == status::bad_request);
    CHECK(judge_fields("Transfer-Encoding: chunked, chunked\r\n", body) == status::bad_request);
    CHECK(judge_fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", body) ==
          status::bad_request);
    CHECK(judge_fields("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", body) ==
          status::bad_request);
    CHECK(judge_fields("Content-Length: 3\r\nTransfer-Encoding: gzip\r\n", body) ==
          status::bad_request);
    CHECK(judge("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + body) ==
          status::bad_request);
}

TEST_CASE("HTTP/1.1 has one Host, and it is a host") {
    CHECK(judge("GET / HTTP/1.1\r\n\r\n") == status::bad_request);
    CHECK(judge("GET / HTTP/1.0\r\n\r\n") == status::ok);
    CHECK(judge_fields("Host: a\r\n") == status::bad_request);
    for (char const* good : {"", "a", "a.b:80", "[::1]:8080", "127.0.0.1", "a:"})
        CHECK(framing_guard::valid_host(good));
    for (char const* bad : {"a/b", "u@a", "a b", "a:b", "[::1", "::1", "a]", "[a]]", "a\\b", "a,b",
                            "[]", "[::1]x", "[::1]x:80", "[::1]:x", "[a/b]", "a[b]", "a:8:0"})
        CHECK_FALSE(framing_guard::valid_host(bad));
}

TEST_CASE("a target has a form that means something, and agrees with Host") {
    auto const ask = [](std::string const& line, std::string const& host) {
        return judge(line + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    };
    CHECK(ask("GET http://a/x", "a") == status::ok);
    CHECK(ask("GET http://A:80/x", "a") == status::ok);
    CHECK(ask("GET https://a/x", "a:443") == status::ok);
    CHECK(ask("GET http://a", "a") == status::ok);
    CHECK(ask("GET http://a/x", "b") == status::bad_request);
    CHECK(ask("GET http://u@a/x", "a") == status::bad_request);
    CHECK(ask("GET http:///x", "") == status::bad_request);
    CHECK(ask("GET ftp://a/x", "a") == status::bad_request);
    CHECK(ask("GET x", "a") == status::bad_request);
    CHECK(ask("GET *", "a") == status::bad_request);
    CHECK(ask("OPTIONS *", "a") == status::ok);
    CHECK(ask("CONNECT a:80", "a:80") == status::bad_request);
    CHECK(framing_guard::valid_target(verb::get, "/a?b=c&%20"));
    for (char const* bad : {"", "a", "*", "/a#b", "/a\\b", "/\xc3\xa9", "/<", "/\"", "/{", "/|"})
        CHECK_FALSE(framing_guard::valid_target(verb::get, bad));
}

TEST_CASE("fields are counted, those of the trailer too") {
    framing_limits limits;
    limits.fields = 3;
    std::string const head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n";
    CHECK(judge(head + "A: 1\r\n\r\n0\r\n\r\n", limits) == status::ok);
    CHECK(judge(head + "A: 1\r\nB: 1\r\n\r\n0\r\n\r\n", limits) ==
          status::request_header_fields_too_large);
    CHECK(judge(head + "A: 1\r\n\r\n0\r\nB: 1\r\n\r\n", limits) ==
          status::request_header_fields_too_large);
}

TEST_CASE("fields of a trailer that would change the request are refused, others dropped") {
    std::string const head = "Transfer-Encoding: chunked\r\n";
    CHECK(judge_fields(head, "0\r\nX-Sum: 1\r\n\r\n") == status::ok);
    for (char const* name :
         {"Host", "Connection", "Authorization", "Cookie", "Content-Type", "Transfer-Encoding",
          "Content-Length", "X-Httphooks-A", "Expect", "X-Forwarded-For", "Upgrade", "TE"})
        CHECK(judge_fields(head, "0\r\n" + std::string(name) + ": 1\r\n\r\n") ==
              status::bad_request);
    CHECK(judge_fields(head, "0\r\nX: a\r\n b\r\n\r\n") == status::bad_request);
    CHECK(judge_fields(head, "0\r\nX:\r\n b\r\n\r\n") == status::bad_request);
}

TEST_CASE("chunks are limited in number, extensions and sum") {
    framing_limits limits;
    limits.chunks = 3;
    limits.chunk_extensions = 10;
    std::string const head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    CHECK(judge(head + "1;a=b\r\nx\r\n1\r\nx\r\n0\r\n\r\n", limits) == status::ok);
    std::string const three = head + "1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n";
    CHECK(judge(three + "0\r\n\r\n", limits) == status::ok);  // the last one is none
    CHECK(judge(three + "1\r\nx\r\n0\r\n\r\n", limits) == status::bad_request);
    CHECK(judge(head + "1;a=bcdef\r\nx\r\n1;a=bcd\r\nx\r\n0\r\n\r\n", limits) ==
          status::bad_request);
    CHECK(judge(head + "3e9\r\n") == status::payload_too_large);
    CHECK(judge(head + "fffffffffffffffff\r\n") == status::bad_request);
    CHECK(judge(head + "1;" + std::string(3000, 'a')) == status::bad_request);
    CHECK(judge(head + "0\r\nX: " + std::string(17'000, 'a')) ==
          status::request_header_fields_too_large);
}

TEST_CASE("an empty line in front of a request is left out, a second one is refused") {
    std::string const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    for (std::size_t const piece : {1u, 2u, 3u, 100u}) {
        CHECK(scan("\r\n" + request, piece).first == request.size());
        CHECK(scan("\r\n\r\n" + request, piece).second == status::bad_request);
        CHECK(scan("\r" + request, piece).second == status::bad_request);
        CHECK(scan("\n" + request, piece).second == status::bad_request);
        CHECK(scan("\r\n", piece) == std::pair<std::size_t, status>(0, status::unknown));
    }
    framing_guard g;
    CHECK_FALSE(g.begun());
    CHECK(g.scan("\r") == 0);
    CHECK(g.skip("\r\n") == 2);
    CHECK(g.begun());
    g.reset();
    CHECK(g.skip("\r\n") == 2);
}

TEST_CASE("by default a request line of 16 KiB is taken, and as much of fields") {
    framing_limits const limits;
    CHECK(limits.request_line == 16 * 1024);
    CHECK(limits.header == 16 * 1024);
    CHECK(judge("GET /" + std::string(16'384 - 14, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n") ==
          status::ok);
    std::string const line = "GET / HTTP/1.1\r\nHost: a\r\n";
    CHECK(judge(line + "Cookie: " + std::string(16'384 - 21, 'a') + "\r\n\r\n") == status::ok);
}

TEST_CASE("the only expectation is 100-continue") {
    CHECK(judge_fields("Expect: 100-continue\r\nContent-Length: 0\r\n") == status::ok);
    CHECK(judge_fields("Expect: 200-ok\r\n") == status::expectation_failed);
}
