// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/engineio/zlib_compression.hpp>

#include "support/catch.hpp"
#include "support/engineio_service.hpp"

#include <stdexcept>
#include <string>
#include <string_view>

namespace eio = httphooks::engineio;
using support::engineio_service;
using support::polling_peer;

namespace {

/// What zlib makes of compressed bytes of either format.
std::string inflated(std::string text) {
    z_stream stream{};
    REQUIRE(inflateInit2(&stream, MAX_WBITS + 32) == Z_OK);
    std::string out(1'000'000, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(text.data());
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    int const result = inflate(&stream, Z_FINISH);
    out.resize(out.size() - stream.avail_out);
    inflateEnd(&stream);
    return result == Z_STREAM_END ? out : "<broken>";
}

eio::options compressing(std::size_t threshold = 1024) {
    eio::options o;
    o.compression = eio::zlib_compression(threshold);
    return o;
}

/// The reply to a poll behind messages.
support::http_reply polled(engineio_service& s, std::string_view payload,
                           support::field_list const& fields) {
    polling_peer p(s);
    p.post(payload);
    return p.get(fields);
}

}  // namespace

TEST_CASE("A body is compressed as gzip and as deflate, unless that makes it no smaller") {
    auto const by = eio::zlib_compression();
    CHECK(by.threshold == 1024);
    std::string const text(10'000, 'x');
    for (auto const coding : {eio::content_coding::gzip, eio::content_coding::deflate}) {
        std::string body = text;
        CHECK(by.compress(coding, body));
        CHECK(body.size() < 200);
        CHECK(body.starts_with(coding == eio::content_coding::gzip ? "\x1f\x8b" : "\x78"));
        CHECK(inflated(body) == text);
    }
    for (std::string const& same : {std::string(), std::string("x"), std::string("abc")}) {
        std::string body = same;
        CHECK_FALSE(by.compress(eio::content_coding::gzip, body));
        CHECK(body == same);
    }
    std::string body = text;
    CHECK_FALSE(by.compress(eio::content_coding::identity, body));
}

TEST_CASE("Polls are answered compressed from the threshold on, as the client takes it") {
    engineio_service service(compressing());
    std::string const large = "4" + std::string(1023, 'x');
    auto const gzip = polled(service, large, {{"Accept-Encoding", "gzip, deflate"}});
    CHECK(gzip["Content-Encoding"] == "gzip");
    CHECK(gzip["Content-Type"] == "text/plain; charset=UTF-8");
    CHECK(inflated(gzip.body) == large);
    auto const deflate =
        polled(service, large, {{"Accept-Encoding", "gzip;q=0.1"}, {"Accept-Encoding", "deflate"}});
    CHECK(deflate["Content-Encoding"] == "deflate");
    CHECK(inflated(deflate.body) == large);
    for (auto const* none : {"", "br", "gzip;q=0"}) {
        auto const plain = polled(service, large, {{"Accept-Encoding", none}});
        CHECK(plain["Content-Encoding"] == "-");
        CHECK(plain.body == large);
    }
    CHECK(polled(service, large, {}).body == large);
    // bytes count, not characters
    std::string wide = "4";
    for (int i = 0; i < 341; ++i) wide += "\xe6\x97\xa5";
    CHECK(polled(service, wide, {{"Accept-Encoding", "gzip"}})["Content-Encoding"] == "gzip");
    std::string const small = "4" + std::string(1022, 'x');
    CHECK(polled(service, small, {{"Accept-Encoding", "gzip"}}).body == small);
}

TEST_CASE("One message that is worth it has all of a poll's reply compressed") {
    engineio_service service(compressing());
    service.on_connection([](eio::connection c) {
        c.on_message([c](std::string_view m) mutable {
            c.send(eio::prepared_message(std::string(2'000, 'a'), false, false));
            if (m == "both") c.send(eio::prepared_message("b"));
        });
    });
    support::field_list const accept{{"Accept-Encoding", "gzip"}};
    CHECK(polled(service, "4one", accept).body == "4" + std::string(2'000, 'a'));
    auto const both = polled(service, "4both", accept);
    CHECK(both["Content-Encoding"] == "gzip");
    CHECK(inflated(both.body) == "4" + std::string(2'000, 'a') +
                                     "\x1e"
                                     "4b");
}

TEST_CASE("Scripts that polls are answered with are compressed too") {
    engineio_service service(compressing());
    std::string const script = "?EIO=4&transport=polling&j=3";
    std::string const opened = service.ask("GET", script).body;
    std::string const sid = opened.substr(opened.find("sid") + 8, 20);
    service.ask("POST", script + "&sid=" + sid, {}, "d=4" + std::string(2'000, 'x'));
    auto const r = service.ask("GET", script + "&sid=" + sid, {{"Accept-Encoding", "gzip"}});
    CHECK(r["Content-Encoding"] == "gzip");
    CHECK(inflated(r.body) == "___eio[3](\"4" + std::string(2'000, 'x') + "\");");
}

TEST_CASE("A compressor that throws costs no reply") {
    eio::options o;
    o.compression = {0, [](eio::content_coding, std::string& body) -> bool {
                         body = "half";
                         throw std::runtime_error("no memory");
                     }};
    engineio_service service(o);
    auto const r = polled(service, "4x", {{"Accept-Encoding", "gzip"}});
    CHECK(r.body == "4x");
    CHECK(r["Content-Encoding"] == "-");
}
