// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/http/compress.hpp>

#include <httphooks/http/brotli_coding.hpp>
#include <httphooks/http/static_files.hpp>
#include <httphooks/http/zlib_codings.hpp>
#include <httphooks/registry.hpp>
#include <httphooks/stream.hpp>
#include <httphooks/testing.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <memory>
#include <optional>
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
using hh::http::compress;
using hh::http::compress_options;

namespace {

compress_options by_all() {
    return {.codings = {hh::http::brotli(), hh::http::gzip(), hh::http::deflate()}};
}

using field_pairs = std::initializer_list<std::pair<std::string_view, std::string_view>>;

hh::request asking(std::string_view accept, verb method = verb::get) {
    hh::request r(method, "/", 11);
    r.set(field::accept_encoding, accept);
    return r;
}

hh::response answer(std::string body, field_pairs more = {},
                    std::string_view type = "application/json") {
    hh::response r = hh::make_response(status::ok, std::move(body), type);
    for (auto const& [name, value] : more) r.insert(name, value);
    return r;
}

/// A reply as it is sent.
hh::response sent(hh::response r, std::string_view accept = "gzip", compress_options o = by_all(),
                  verb method = verb::get) {
    compress(std::move(o)).apply(asking(accept, method), r);
    return r;
}

std::string unpacked(hh::response const& r) {
    std::string out;
    auto const coding = r[field::content_encoding];
    if (coding == "gzip")
        hh::http::gzip()->decode(r.body(), 10'000'000, out);
    else if (coding == "deflate")
        hh::http::deflate()->decode(r.body(), 10'000'000, out);
    else if (coding == "br")
        hh::http::brotli()->decode(r.body(), 10'000'000, out);
    else
        return r.body();
    return out;
}

std::string const text = support::some_text(16'384);

std::string coding_of(hh::response const& r) {
    return r.count(field::content_encoding) ? std::string(r[field::content_encoding]) : "none";
}

}  // namespace

TEST_CASE("a reply is compressed as its client wants it") {
    for (std::string const coding : {"br", "gzip", "deflate"}) {
        auto const r = sent(answer(text), coding);
        CHECK(coding_of(r) == coding);
        CHECK(r[field::vary] == "Accept-Encoding");
        CHECK(r.body().size() < text.size() / 2);
        CHECK(unpacked(r) == text);
    }
    CHECK(coding_of(sent(answer(text), "gzip, br")) == "br");
    CHECK(coding_of(sent(answer(text), "*")) == "br");
}

TEST_CASE("a reply that its client does not take compressed says that it depends on that") {
    for (std::string const accept : {"", "identity", "gzip;q=0", "zstd", "gzip;q=0.1, identity"}) {
        auto const r = sent(answer(text), accept);
        CHECK(coding_of(r) == "none");
        CHECK(r[field::vary] == "Accept-Encoding");
        CHECK(r.body() == text);
    }
}

TEST_CASE("short replies, and those of other types, are left as they are") {
    auto const untouched = [](hh::response r) {
        auto const s = sent(std::move(r));
        return coding_of(s) == "none" && !s.count(field::vary);
    };
    CHECK(untouched(answer(text.substr(0, 1023))));
    CHECK_FALSE(untouched(answer(text.substr(0, 1024))));
    CHECK(untouched(answer(text, {}, "image/png")));
    CHECK(untouched(answer(text, {}, "application/octet-stream")));
    CHECK(untouched(answer(text, {}, "")));
    CHECK(untouched(answer(text, {}, "+json")));
    CHECK_FALSE(untouched(answer(text, {}, "TEXT/html; charset=utf-8")));
    CHECK_FALSE(untouched(answer(text, {}, "application/problem+json")));
    CHECK_FALSE(untouched(answer(text, {}, "image/svg+xml")));
}

TEST_CASE("threshold, types and filter are options") {
    auto o = by_all();
    o.threshold = 10;
    o.types = {"a/b", ""};
    CHECK(coding_of(sent(answer("0123456789012345678901234567890000000000", {}, "a/b"), "gzip",
                         o)) == "gzip");
    CHECK(coding_of(sent(answer(text, {}, ""), "gzip", o)) == "gzip");
    CHECK(coding_of(sent(answer(text), "gzip", o)) == "none");
    o.types = {"*/*"};
    CHECK(coding_of(sent(answer(text, {}, "x/y"), "gzip", o)) == "gzip");
    o.filter = [](hh::request const& r, hh::response const& reply) {
        return r.method() == verb::get && reply.count("X-Secret") == 0;
    };
    CHECK(coding_of(sent(answer(text), "gzip", o)) == "gzip");
    auto const secret = sent(answer(text, {{"X-Secret", "1"}}), "gzip", o);
    CHECK(coding_of(secret) == "none");
    CHECK(secret.count(field::vary) == 0);
}

TEST_CASE("what must stay as it is is not compressed") {
    for (auto const& [name, value] : std::initializer_list<std::pair<std::string, std::string>>{
             {"Content-Encoding", "br"},
             {"Content-Range", "bytes 0-1/2"},
             {"Cache-Control", "max-age=1, NO-Transform"},
             {"Content-Digest", "sha-256=:x:"},
             {"Repr-Digest", "sha-256=:x:"},
             {"Digest", "sha-256=x"},
             {"Content-MD5", "x"}}) {
        INFO(name);
        auto const r = sent(answer(text, {{name, value}}));
        CHECK(r.body() == text);
        CHECK(r.count(field::vary) == 0);
    }
    for (auto const s : {status::partial_content, status::no_content, status::reset_content}) {
        hh::response r = answer(text);
        r.result(s);
        r = sent(std::move(r));
        CHECK(coding_of(r) == "none");
    }
    hh::response failed = answer(text);
    failed.result(status::bad_request);
    CHECK(coding_of(sent(std::move(failed))) == "gzip");
}

TEST_CASE("what would not become smaller is left as it is") {
    std::string const bytes = support::noise(5'000);
    auto const r = sent(answer(bytes));
    CHECK(coding_of(r) == "none");
    CHECK(r[field::vary] == "Accept-Encoding");
    CHECK(r.body() == bytes);
}

TEST_CASE("a client that refuses what is not compressed gets everything compressed") {
    std::string const refusal = "gzip, identity;q=0";
    CHECK(coding_of(sent(answer("x"), refusal)) == "gzip");
    CHECK(coding_of(sent(answer(text, {}, "image/png"), refusal)) == "gzip");
    CHECK(coding_of(sent(answer(support::noise(5'000)), refusal)) == "gzip");
    CHECK(coding_of(sent(answer(""), refusal)) == "none");
    CHECK(coding_of(sent(answer(text, {{"Content-Range", "x"}}), refusal)) == "none");
    CHECK(coding_of(sent(answer(text), "identity;q=0")) == "none");
    CHECK(coding_of(sent(answer(text), "*;q=0")) == "none");
}

TEST_CASE("a strong ETag becomes weak, and ranges are not offered any more") {
    field_pairs const fields = {{"ETag", "\"abc\""}, {"Accept-Ranges", "bytes"}};
    auto const r = sent(answer(text, fields));
    CHECK(r[field::etag] == "W/\"abc\"");
    CHECK(r.count(field::accept_ranges) == 0);
    CHECK(sent(answer(text, {{"ETag", "W/\"abc\""}}))[field::etag] == "W/\"abc\"");
    auto const plain = sent(answer(text, fields), "");
    CHECK(plain[field::etag] == "\"abc\"");
    CHECK(plain[field::accept_ranges] == "bytes");
}

TEST_CASE("a 304 has the tag of the reply that it confirms") {
    hh::response not_modified = hh::make_response(status::not_modified);
    not_modified.set(field::etag, "\"abc\"");
    auto const confirmed = [&](std::string_view tags) {
        hh::request r = asking("gzip");
        r.set(field::if_none_match, tags);
        hh::response reply = not_modified;
        compress(by_all()).apply(r, reply);
        return reply;
    };
    auto const weak = confirmed("\"x\", W/\"abc\"");
    CHECK(weak[field::etag] == "W/\"abc\"");
    CHECK(weak[field::vary] == "Accept-Encoding");
    CHECK(confirmed("\"abc\"")[field::etag] == "\"abc\"");
    CHECK(confirmed("*").count(field::vary) == 0);
}

TEST_CASE("Vary is added to what it says already, once") {
    auto const vary = [](field_pairs fields) {
        auto const r = sent(answer(text, fields));
        std::string all;
        auto const [first, last] = r.equal_range(field::vary);
        for (auto f = first; f != last; ++f) all.append(f->value()).append("|");
        return all;
    };
    CHECK(vary({{"Vary", "Origin"}}) == "Origin|Accept-Encoding|");
    CHECK(vary({{"Vary", "Origin, accept-encoding"}}) == "Origin, accept-encoding|");
    CHECK(vary({{"Vary", "*"}}) == "*|");
}

TEST_CASE("codings are needed, and each has its own name") {
    CHECK_THROWS_AS(compress(compress_options{}), std::invalid_argument);
    CHECK_THROWS_AS(compress({.codings = {nullptr}}), std::invalid_argument);
    CHECK_THROWS_AS(compress({.codings = {hh::http::gzip(1), hh::http::gzip(9)}}),
                    std::invalid_argument);
    CHECK(compress(by_all()).options().codings.size() == 3);
}

TEST_CASE("as a post-responder it compresses what its hooks answer") {
    hh::test::fixture f;
    f.hooks.get("/some/:what", [](auto&) {
        return answer(text, {{"ETag", "\"1\""}, {"Content-Length", std::to_string(text.size())}});
    });
    f.hooks.get("/other", [](auto&) { return answer(text); });
    f.hooks.get("/two", [](auto&) { return answer(text); });
    f.hooks.get("/two", [](auto&) { return answer(text); });
    f.hooks.post_responder(hh::any_verb, "/some/*", compress(by_all()));
    f.hooks.post_responder(hh::any_verb, "/two", compress(by_all()));
    auto const get = [&f](std::string_view target, std::string_view accept, verb v = verb::get) {
        hh::request r = hh::test::make_request(v, target);
        r.set(field::accept_encoding, accept);
        return f.send(std::move(r));
    };
    auto const r = get("/some/x", "gzip");
    CHECK(coding_of(r) == "gzip");
    CHECK(unpacked(r) == text);
    CHECK(r[field::etag] == "W/\"1\"");
    CHECK(r[field::content_length] == std::to_string(r.body().size()));
    CHECK(r.count(field::vary) == 1);

    auto const head = get("/some/x", "gzip", verb::head);
    CHECK(head[field::content_length] == r[field::content_length]);
    CHECK(head[field::content_encoding] == "gzip");
    CHECK(head.body().empty());

    auto const plain = get("/some/x", "");
    CHECK(plain.body() == text);
    CHECK(plain[field::vary] == "Accept-Encoding");
    CHECK(coding_of(get("/other", "gzip")) == "none");
    CHECK(coding_of(get("/two", "gzip")) == "none");
    CHECK(get("/two", "gzip").result() == status::accepted);
    CHECK(f.errors.text().empty());
}

TEST_CASE("as a post-responder it leaves messages of sockets alone") {
    hh::test::fixture f;
    f.hooks.get("/", [](auto&) { return answer(text); });
    f.hooks.post_responder(hh::any_verb, "/", compress(by_all()));
    hh::request r = hh::test::make_request(verb::get, "/");
    r.set(field::accept_encoding, "gzip");
    hh::origin const socket(hh::transport::websocket, {}, false,
                            std::make_shared<hh::request const>());
    hh::response reply;
    f.hooks.async_dispatch(std::move(r), socket,
                           [&](hh::error_code, hh::response got) { reply = std::move(got); });
    f.context.run();
    CHECK(reply.body() == text);
    CHECK(reply.count(field::vary) == 0);
}

TEST_CASE("a stream is compressed as it goes, and what is written can be read at once") {
    hh::http::options o;
    o.compress.emplace(by_all());
    support::memory_server s(o);
    std::optional<hh::stream_writer> out;
    s.registry.get("/stream", [&](auto&) {
        return hh::stream("text/event-stream", [&](hh::stream_writer& w) { out = w; });
    });
    s.registry.get("/long", [&](auto&) {
        return hh::stream("text/plain", [&](hh::stream_writer& w) { out = w; }, {.length = 5'000});
    });
    s.registry.get("/short", [&](auto&) {
        return hh::stream("text/plain", [&](hh::stream_writer& w) { out = w; }, {.length = 5});
    });
    auto c = s.connect();
    auto const ask = [&](std::string const& first, std::string const& accept) {
        c.send(first + " HTTP/1.1\r\nHost: a\r\nAccept-Encoding: " + accept + "\r\n\r\n");
        s.run();
        std::string head = support::take(c);
        REQUIRE(head.ends_with("\r\n\r\n"));
        return head;
    };
    auto const write = [&](std::string text) {
        out->async_write(std::move(text), [](hh::error_code) {});
        s.run();
        return support::take(c);
    };
    /// The content of chunks.
    auto const unchunked = [](std::string_view text) {
        std::string content;
        while (!text.empty()) {
            std::size_t const n = std::stoul(std::string(text), nullptr, 16);
            std::size_t const begin = text.find("\r\n") + 2;
            content += text.substr(begin, n);
            text.remove_prefix(begin + n + 2);
        }
        return content;
    };
    for (auto const& coding : by_all().codings) {
        INFO(coding->name());
        std::string const head = ask("GET /stream", coding->name());
        CHECK(head.find("\r\nContent-Encoding: " + coding->name() + "\r\n") != head.npos);
        CHECK(head.find("\r\nVary: Accept-Encoding\r\n") != head.npos);
        CHECK(head.find("\r\nTransfer-Encoding: chunked\r\n") != head.npos);
        auto const d = coding->decoder();
        std::string content;
        for (int i = 0; i < 50; ++i) {
            std::string const event = "data: event " + std::to_string(i) + "\n\n";
            content.clear();
            CHECK(d->write(unchunked(write(event)), 10'000, content) == support::decoded::good);
            CHECK(content == event);
            CHECK_FALSE(d->whole());
        }
        out->end();
        s.run();
        CHECK(d->write(unchunked(support::take(c)), 10'000, content) == support::decoded::good);
        CHECK(d->whole());
        out.reset();
    }
    // of a length that is known
    std::string const head = ask("GET /long", "gzip");
    CHECK(head.find("\r\nContent-Encoding: gzip\r\n") != head.npos);
    CHECK(head.find("\r\nContent-Length: ") == head.npos);
    std::string packed = write(text.substr(0, 5'000));
    out->end();
    s.run();
    packed += support::take(c);
    std::string content;
    CHECK(hh::http::gzip()->decode(unchunked(packed), 5'000, content) == support::decoded::good);
    CHECK(content == text.substr(0, 5'000));
    CHECK(ask("GET /short", "gzip").find("\r\nContent-Length: 5\r\n") != head.npos);
    CHECK(write("short") == "short");
    out->end();
    s.run();
    // what a client does not take, and HEAD
    CHECK(ask("GET /stream", "identity").find("\r\nVary: Accept-Encoding\r\n") != head.npos);
    CHECK(write("abc") == "3\r\nabc\r\n");
    out->end();
    s.run();
    support::take(c);
    std::string const headless = ask("HEAD /stream", "gzip");
    CHECK(headless.find("\r\nContent-Encoding: gzip\r\n") != headless.npos);
    CHECK(headless.find("\r\nTransfer-Encoding: chunked\r\n") != headless.npos);
}

TEST_CASE("a stream that is returned to two requests fails the second, and the first goes on") {
    hh::http::options o;
    o.compress.emplace(by_all());
    support::memory_server s(o);
    std::optional<hh::stream_writer> out;
    hh::response const same = hh::stream("text/plain", [&](hh::stream_writer& w) { out = w; });
    s.registry.get("/same", [&](auto&) { return same; });
    bool const by_hook = GENERATE(false, true);
    if (by_hook) {
        s.settings->options.compress.reset();
        s.registry.post_responder(hh::any_verb, "/*", compress(by_all()));
    }
    auto const ask = [&](std::string const& accept) {
        auto c = s.connect();
        c.send("GET /same HTTP/1.1\r\nHost: a\r\nAccept-Encoding: " + accept + "\r\n\r\n");
        s.run();
        return c;
    };
    auto const write = [&](std::string_view what) {
        out->async_write(std::string(what), [](hh::error_code) {});
        s.run();
    };
    auto first = ask("gzip");
    std::string reply = support::take(first);
    CHECK(reply.find("\r\nContent-Encoding: gzip\r\n") != reply.npos);
    write(std::string_view(text).substr(0, 3'000));
    for (std::string const other : {"gzip", "br", "identity"}) {
        auto second = ask(other);
        CHECK(support::take(second).starts_with("HTTP/1.1 500 "));
    }
    write(std::string_view(text).substr(3'000));
    out->end();
    s.run();
    std::string const chunks = support::take(first);
    std::string packed;
    for (std::size_t at = 0;;) {
        std::size_t const n = std::stoul(chunks.substr(at), nullptr, 16);
        if (n == 0) break;
        std::size_t const begin = chunks.find("\r\n", at) + 2;
        packed += chunks.substr(begin, n);
        at = begin + n + 2;
    }
    std::string content;
    CHECK(hh::http::gzip()->decode(packed, text.size(), content) == support::decoded::good);
    CHECK((content == text));
}

TEST_CASE("as a post-responder it compresses streams, and those that are collected") {
    hh::test::fixture f;
    f.hooks.get("/", [](auto&) {
        return hh::stream("text/plain", [](hh::stream_writer& w) {
            w.async_write(std::string(text), [](hh::error_code) {});
            w.end();
        });
    });
    f.hooks.post_responder(hh::any_verb, "/", compress(by_all()));
    hh::request r = hh::test::make_request(verb::get, "/");
    r.set(field::accept_encoding, "gzip");
    auto const reply = f.send(std::move(r));
    CHECK(coding_of(reply) == "gzip");
    CHECK(unpacked(reply) == text);
    CHECK(reply[field::content_length] == std::to_string(reply.body().size()));
}

TEST_CASE("a server compresses the replies of hooks, files and guards, and the library's own") {
    std::string name =
        (std::filesystem::temp_directory_path() / "httphooks_compress_XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()));
    std::ofstream(name + "/page.html") << text;
    std::ofstream(name + "/large.html") << text << text << text;
    std::ofstream(name + "/picture.png") << text;

    auto options = by_all();
    options.file_limit = text.size();
    hh::http::options o;
    o.compress.emplace(options);
    support::memory_server s(o);
    s.registry.pre_responder(verb::get, "/closed", [](auto& c) { c.end(answer(text)); });
    s.registry.get("/text", [](auto&) { return answer(text); });
    s.registry.get("/short", [](auto&) { return "short"; });
    s.registry.get("/files/*path", hh::http::static_files(name));
    std::size_t heard = 0;
    s.registry.response_listener(hh::any_verb, "/text",
                                 [&](auto& c) { heard = c.response().body().size(); });
    auto c = s.connect();
    auto const get = [&](std::string const& target, std::string const& more = {},
                         std::string const& method = "GET") {
        c.send(method + " " + target + " HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n" + more +
               "\r\n");
        s.run();
        std::string const all = support::take(c);
        std::size_t const end = all.find("\r\n\r\n");
        hh::response r;
        for (std::size_t at = all.find("\r\n") + 2; at < end;) {
            std::size_t const line = all.find("\r\n", at);
            std::size_t const colon = all.find(':', at);
            r.insert(all.substr(at, colon - at), all.substr(colon + 1, line - colon - 1));
            at = line + 2;
        }
        r.body() = all.substr(end + 4);
        return r;
    };
    auto const whole = get("/text");
    CHECK(coding_of(whole) == "gzip");
    CHECK(unpacked(whole) == text);
    CHECK(whole[field::content_length] == std::to_string(whole.body().size()));
    CHECK(heard == whole.body().size());
    auto const head = get("/text", {}, "HEAD");
    CHECK(head[field::content_length] == whole[field::content_length]);
    CHECK(head.body().empty());

    CHECK(unpacked(get("/closed")) == text);
    CHECK(coding_of(get("/closed")) == "gzip");
    CHECK(coding_of(get("/short")) == "none");
    CHECK(coding_of(get("/" + std::string(3'000, 'x'))) == "none");

    auto const file = get("/files/page.html");
    CHECK(coding_of(file) == "gzip");
    CHECK(unpacked(file) == text);
    std::string const tag = std::string(file[field::etag]);
    CHECK(tag.starts_with("W/\""));
    auto const again = get("/files/page.html", "If-None-Match: " + tag + "\r\n");
    CHECK(again.body().empty());
    CHECK(again[field::etag] == tag);
    auto const head_of_file = get("/files/page.html", {}, "HEAD");
    CHECK(head_of_file[field::content_length] == file[field::content_length]);
    auto const range = get("/files/page.html", "Range: bytes=0-2000\r\n");
    CHECK(coding_of(range) == "none");
    CHECK(range.body() == text.substr(0, 2001));
    CHECK(coding_of(get("/files/large.html")) == "none");
    CHECK(coding_of(get("/files/picture.png")) == "none");
    std::filesystem::remove_all(name);
}
