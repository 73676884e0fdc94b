// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/http/decompress.hpp>

#include <httphooks/http/brotli_coding.hpp>
#include <httphooks/http/zlib_codings.hpp>
#include <httphooks/registry.hpp>
#include <httphooks/testing.hpp>

#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "support/catch.hpp"
#include "support/codings.hpp"
#include "support/hooks.hpp"
#include "support/memory_server.hpp"

namespace hh = httphooks;
using hh::field;
using hh::status;
using hh::verb;
using hh::http::decompress;
using hh::http::decompress_options;
using support::encoded;

namespace {

decompress_options taking_all() {
    return {.codings = {hh::http::gzip(), hh::http::deflate(), hh::http::brotli()}};
}

hh::request posted(std::string body, std::string_view coding) {
    hh::request r = hh::test::make_request(verb::post, "/", std::move(body));
    if (!coding.empty()) r.set(field::content_encoding, coding);
    r.set(field::content_length, std::to_string(r.body().size()));
    return r;
}

/// The body of a request, or the status that refuses it.
std::string taken(std::string body, std::string_view coding, decompress_options o = taking_all(),
                  std::uint64_t most = 1'000'000) {
    hh::request r = posted(std::move(body), coding);
    status const s = decompress(std::move(o)).apply(r, most);
    if (s != status::ok) return std::to_string(static_cast<unsigned>(s));
    CHECK(r.count(field::content_encoding) == 0);
    CHECK(r[field::content_length] == std::to_string(r.body().size()));
    return r.body();
}

std::string const sample = support::some_text(20'000);

}  // namespace

TEST_CASE("a compressed body is decompressed") {
    CHECK(taken(encoded(*hh::http::gzip(), sample), "gzip") == sample);
    CHECK(taken(encoded(*hh::http::gzip(), sample), "X-GZip") == sample);
    CHECK(taken(encoded(*hh::http::deflate(), sample), "deflate") == sample);
    CHECK(taken(encoded(*hh::http::brotli(), sample), "identity, br") == sample);
}

TEST_CASE("a body that is not compressed, or is none, stays as it is") {
    hh::request plain = posted("abc", {});
    CHECK(decompress(taking_all()).apply(plain, 99) == status::ok);
    CHECK(plain.body() == "abc");
    hh::request named = posted("abc", "identity");
    CHECK(decompress(taking_all()).apply(named, 99) == status::ok);
    CHECK(named.body() == "abc");
    CHECK(named[field::content_encoding] == "identity");
    hh::request none = posted("", "gzip");
    CHECK(decompress(taking_all()).apply(none, 99) == status::ok);
}

TEST_CASE("a coding that is not taken is refused with 415, and so are several") {
    CHECK(taken("x", "zstd") == "415");
    CHECK(taken("x", "compress") == "415");
    CHECK(taken(encoded(*hh::http::gzip(), encoded(*hh::http::gzip(), sample)), "gzip, gzip") ==
          "415");
    CHECK(taken(encoded(*hh::http::brotli(), sample), "br", {.codings = {hh::http::gzip()}}) ==
          "415");
}

TEST_CASE("a malformed body is refused with 400") {
    std::string const whole = encoded(*hh::http::gzip(), sample);
    CHECK(taken("abc", "gzip") == "400");
    CHECK(taken(whole.substr(0, whole.size() - 1), "gzip") == "400");
    CHECK(taken(whole + "x", "gzip") == "400");
    CHECK(taken(whole, "deflate") == "400");
    CHECK(taken(whole, "br") == "400");
}

TEST_CASE("a body that becomes too large, or too much larger, is refused with 413") {
    for (auto const& coding : taking_all().codings) {
        INFO(coding->name());
        std::string const body = encoded(*coding, sample);
        CHECK(taken(body, coding->name(), taking_all(), sample.size()) == sample);
        CHECK(taken(body, coding->name(), taking_all(), sample.size() - 1) == "413");
        auto o = taking_all();
        o.limit = sample.size() - 1;
        CHECK(taken(body, coding->name(), o) == "413");

        std::string const bomb = encoded(*coding, std::string(500'000, 'x'));
        CHECK(taken(bomb, coding->name()) == "413");
        o = taking_all();
        o.ratio = 0;
        CHECK(taken(bomb, coding->name(), o).size() == 500'000);
    }
    // at most 100 times as large
    std::string const body = encoded(*hh::http::gzip(), std::string(2'000, 'x'));
    auto o = taking_all();
    o.ratio = static_cast<std::uint32_t>(2'000 / body.size());
    CHECK(taken(body, "gzip", o) == "413");
    ++o.ratio;
    CHECK(taken(body, "gzip", o).size() == 2'000);
}

TEST_CASE("codings are needed to decompress") {
    CHECK_THROWS_AS(decompress(decompress_options{}), std::invalid_argument);
    CHECK_THROWS_AS(decompress({.codings = {nullptr}}), std::invalid_argument);
    CHECK(decompress(taking_all()).accepted() == "gzip, deflate, br");
}

TEST_CASE("as a pre-responder it decompresses for the hooks behind it") {
    hh::test::fixture f;
    f.hooks.pre_responder(verb::post, "/*", decompress(taking_all()));
    f.hooks.post("/", [](auto& c) {
        CHECK(c.request()[field::content_length] == std::to_string(c.request().body().size()));
        return std::string(c.request()[field::content_encoding]) + "|" + c.request().body();
    });
    CHECK(f.send(posted(encoded(*hh::http::gzip(), sample), "gzip")).body() ==
          "identity|" + sample);
    CHECK(f.send(posted("abc", {})).body() == "|abc");

    auto const refused = f.send(posted("x", "zstd"));
    CHECK(refused.result() == status::unsupported_media_type);
    CHECK(refused[field::accept_encoding] == "gzip, deflate, br");
    CHECK(f.send(posted("x", "gzip")).result() == status::bad_request);
    CHECK(
        f.send(posted(encoded(*hh::http::gzip(), std::string(9'000'000, 'x')), "gzip")).result() ==
        status::payload_too_large);
    CHECK(f.errors.text().empty());
}

TEST_CASE("a server decompresses for its hooks, within the limits of bodies") {
    hh::http::options o;
    o.body_limit = 30'000;
    o.decompress.emplace(taking_all());
    support::memory_server s(o);
    s.registry.post("/", [](auto& c) {
        return std::to_string(c.request().count(field::content_encoding)) + c.request().body();
    });
    s.registry.post("/small", [](auto& c) { return c.request().body(); }, {.body_limit = 5'000});
    auto c = s.connect();
    auto const post = [&](std::string const& target, std::string const& body,
                          std::string const& coding, bool chunked = false) {
        std::string const framing = chunked ? "Transfer-Encoding: chunked"
                                            : "Content-Length: " + std::to_string(body.size());
        c.send("POST " + target + " HTTP/1.1\r\nHost: a\r\nContent-Encoding: " + coding + "\r\n" +
               framing + "\r\n\r\n");
        if (chunked) {
            char size[20];
            std::snprintf(size, sizeof size, "%zx\r\n", body.size());
            c.send(size + body + "\r\n0\r\n\r\n");
        } else {
            c.send(body);
        }
        s.run();
        return support::take(c);
    };
    std::string const body = encoded(*hh::http::gzip(), sample);
    REQUIRE(body.size() < 5'000);
    CHECK(post("/", body, "gzip").ends_with("\r\n\r\n0" + sample));
    CHECK(post("/", body, "gzip", true).ends_with("\r\n\r\n0" + sample));
    CHECK(post("/", encoded(*hh::http::brotli(), sample), "br").ends_with("\r\n\r\n0" + sample));

    CHECK(post("/small", body, "gzip").starts_with("HTTP/1.1 413 "));
    std::string const refused = post("/", "x", "zstd");
    CHECK(refused.starts_with("HTTP/1.1 415 "));
    CHECK(refused.find("\r\nAccept-Encoding: gzip, deflate, br\r\n") != refused.npos);
    CHECK(post("/", "x", "gzip").starts_with("HTTP/1.1 400 "));
    std::string const bomb = encoded(*hh::http::gzip(), std::string(5'000'000, 'x'));
    CHECK(post("/", bomb, "gzip").starts_with("HTTP/1.1 413 "));

    // the connection goes on after all of these
    CHECK_FALSE(c.ended());
    CHECK(post("/", body, "gzip").ends_with(sample));
    CHECK(post("/", "abc", "identity").ends_with("\r\n\r\n1abc"));
}

TEST_CASE("a server decompresses behind guards that run before the body") {
    hh::http::options o;
    o.decompress.emplace(taking_all());
    support::memory_server s(o);
    bool changes = false;
    s.registry.pre_responder(verb::post, "/*",
                             [&](auto& c) {
                                 if (!changes) return c.pass();
                                 hh::fields more;
                                 more.set("X-Guard", "1");
                                 c.replace_request(std::move(more));
                             },
                             {.needs_body = false});
    s.registry.post("/", [](auto& c) {
        auto const& r = c.request();
        CHECK(r[field::content_length] == std::to_string(r.body().size()));
        return std::to_string(r.count(field::content_encoding)) + std::string(r["X-Guard"]) +
               r.body();
    });
    auto c = s.connect();
    auto const post = [&](std::string const& body, std::string const& coding) {
        c.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: " + coding +
               "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n");
        s.run();
        c.send(body);
        s.run();
        return support::take(c);
    };
    std::string const body = encoded(*hh::http::gzip(), sample);
    CHECK(post(body, "gzip").ends_with("\r\n\r\n0" + sample));
    changes = true;
    CHECK(post(body, "gzip").ends_with("\r\n\r\n01" + sample));
    CHECK(post("x", "gzip").starts_with("HTTP/1.1 400 "));
    std::string const refused = post("x", "zstd");
    CHECK(refused.starts_with("HTTP/1.1 415 "));
    CHECK(refused.find("\r\nAccept-Encoding: gzip, deflate, br\r\n") != refused.npos);
    CHECK(post(encoded(*hh::http::gzip(), std::string(5'000'000, 'x')), "gzip")
              .starts_with("HTTP/1.1 413 "));
    CHECK(post(body, "gzip").ends_with("\r\n\r\n01" + sample));
}

TEST_CASE("without the option bodies are seen as they came") {
    support::memory_server s;
    s.registry.post("/", [](auto& c) {
        return std::string(c.request()[field::content_encoding]) + c.request().body();
    });
    auto c = s.connect();
    c.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc");
    s.run();
    CHECK(c.received().ends_with("\r\n\r\ngzipabc"));
}
