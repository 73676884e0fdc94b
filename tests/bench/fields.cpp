// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    Header fields against Beast's own: filling, finding, writing, converting; and envelopes.
    Prints nanoseconds and allocations for each operation.
*/

#include <httphooks/envelope.hpp>
#include <httphooks/message.hpp>
#include <httphooks/multipart.hpp>

#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/serializer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>
#include <utility>

namespace {

std::size_t allocations = 0;

}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
    ++allocations;
    if (void* const p = std::malloc(size)) return p;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p) noexcept {
    std::free(p);
}
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept {
    std::free(p);
}

namespace {

namespace hh = httphooks;
namespace http = boost::beast::http;
using hh::field;

template <class T>
void keep(T const& value) {
    asm volatile("" : : "g"(&value) : "memory");
}

template <class F>
void measure(char const* what, int rounds, F f) {
    using clock = std::chrono::steady_clock;
    for (int i = 0; i < rounds / 10 + 1; ++i) f();
    double best = 1e300;
    std::size_t const before = allocations;
    for (int run = 0; run < 5; ++run) {
        auto const start = clock::now();
        for (int i = 0; i < rounds; ++i) f();
        std::chrono::duration<double, std::nano> const took = clock::now() - start;
        if (took.count() < best) best = took.count();
    }
    std::printf("%-44s %12.1f ns %10.2f allocations\n", what, best / rounds,
                static_cast<double>(allocations - before) / (5.0 * rounds));
}

struct line {
    field id;
    std::string_view name;
    std::string_view value;
};

constexpr line browser[] = {
    {field::host, "Host", "localhost:8080"},
    {field::connection, "Connection", "keep-alive"},
    {field::cache_control, "Cache-Control", "max-age=0"},
    {field::user_agent, "User-Agent",
     "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 "
     "Safari/537.36"},
    {field::accept, "Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
    {field::accept_encoding, "Accept-Encoding", "gzip, deflate, br"},
    {field::accept_language, "Accept-Language", "en-US,en;q=0.9"},
    {field::cookie, "Cookie", "session=0123456789abcdef; theme=dark"},
};

template <class Fields>
void fill(Fields& f) {
    for (line const& l : browser) f.insert(l.id, l.name, l.value);
}

template <class Response>
std::size_t serialize(Response& r) {
    http::serializer<false, typename Response::body_type, typename Response::fields_type> sr{r};
    boost::beast::error_code ec;
    std::size_t total = 0;
    while (!sr.is_done() && !ec)
        sr.next(ec, [&](auto&, auto const& buffers) {
            std::size_t const n = boost::beast::buffer_bytes(buffers);
            total += n;
            sr.consume(n);
        });
    return total;
}

void fields_of_both() {
    measure("fill 8 fields, Beast", 100000, [] {
        http::fields f;
        fill(f);
        keep(f);
    });
    measure("fill 8 fields, checked", 100000, [] {
        hh::fields f;
        fill(f);
        keep(f);
    });
    measure("fill 8 fields, from a parser", 100000, [] {
        hh::fields f;
        for (line const& l : browser) f.append_parsed(l.id, l.name, l.value);
        keep(f);
    });
    hh::fields mine;
    http::fields theirs;
    fill(mine);
    fill(theirs);
    measure("find the last of 8 by id, Beast", 1000000, [&] { keep(theirs[field::cookie]); });
    measure("find the last of 8 by id", 1000000, [&] { keep(mine[field::cookie]); });
    measure("find the last of 8 by name", 1000000, [&] { keep(mine["cookie"]); });
    measure("find an absent one by name", 1000000, [&] { keep(mine["x-request-id"]); });
    std::string out;
    measure("append all to a buffer", 1000000, [&] {
        out.assign(mine.wire());
        keep(out);
    });
}

void messages() {
    http::response<http::string_body> theirs{hh::status::ok, 11};
    hh::response mine{hh::status::ok, 11};
    fill(theirs);
    fill(mine);
    theirs.body() = mine.body() = std::string(64, 'x');
    measure("serializer, Beast's fields", 100000, [&] { keep(serialize(theirs)); });
    measure("serializer, our fields", 100000, [&] { keep(serialize(mine)); });
    http::request<http::string_body> r{hh::verb::get, "/hello/world", 11};
    fill(r);
    measure("convert a request of 8 fields", 100000, [&] {
        auto copy = hh::convert(std::move(r));
        keep(copy);
    });
    hh::request reused;
    measure("set method, target and fields again", 100000, [&] {
        reused.clear();
        reused.method(hh::verb::get);
        reused.target("/hello/world");
        for (line const& l : browser) reused.append_parsed(l.id, l.name, l.value);
        keep(reused);
    });
}

void envelopes() {
    std::string_view const text =
        R"({"id":12,"method":"POST","url":"/rooms/lobby","headers":{"Accept":"text/plain",)"
        R"("Content-Type":"text/plain"},"content":"Hello, everybody in the lobby, how are you?"})";
    hh::envelope::received in;
    measure("decode an envelope", 100000, [&] { keep(hh::envelope::decode(text, in)); });
    auto const reply = hh::make_response(hh::status::ok, std::string(64, 'x'), "text/plain");
    std::string out;
    measure("encode an envelope", 100000, [&] {
        out.clear();
        hh::envelope::encode(out, reply, in.id);
        keep(out);
    });
}

void multipart() {
    std::string body = "--bbbbbbbb\r\n\r\n";
    while (body.size() < (1u << 20)) body += "\r\n--";
    body += "\r\n--bbbbbbbb--";
    measure("parse 1 MiB of prefixes of the delimiter", 10,
            [&] { keep(hh::parse_multipart("multipart/mixed; boundary=bbbbbbbb", body)); });
}

}  // namespace

int main() {
    fields_of_both();
    messages();
    envelopes();
    multipart();
}
