// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    Compressing a reply of 16 KiB of JSON, level 5, against zlib alone for the same bytes in a loop;
    and brotli. Prints microseconds for each. With an argument, `zlib` or `reply`, that alone, for
    callgrind: the instructions of both tell the same.
*/

#include <httphooks/http/brotli_coding.hpp>
#include <httphooks/http/compress.hpp>
#include <httphooks/http/zlib_codings.hpp>
#include <httphooks/message.hpp>

#include <zlib.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace {

namespace hh = httphooks;

constexpr int level = 5;

std::string some_json(std::size_t size) {
    std::string text = "[";
    std::uint32_t x = 1;
    for (int i = 0; text.size() < size; ++i) {
        x = x * 1664525u + 1013904223u;
        text += "{\"id\":" + std::to_string(i) + ",\"name\":\"item " + std::to_string(x % 1000) +
                "\",\"price\":" + std::to_string(x >> 16) + ".95,\"in_stock\":true},";
    }
    text.resize(size);
    return text;
}

std::string const body = some_json(16 * 1024);

/// One stream of zlib, begun again for each body, and one buffer.
std::size_t by_zlib(int rounds) {
    z_stream s{};
    constexpr int gzip = 16;
    if (deflateInit2(&s, level, Z_DEFLATED, MAX_WBITS + gzip, MAX_MEM_LEVEL - 1,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        std::abort();
    std::string out(deflateBound(&s, body.size()), '\0');
    std::size_t sum = 0;
    for (int i = 0; i < rounds; ++i) {
        deflateReset(&s);
        s.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
        s.avail_in = static_cast<uInt>(body.size());
        s.next_out = reinterpret_cast<Bytef*>(out.data());
        s.avail_out = static_cast<uInt>(out.size());
        if (deflate(&s, Z_FINISH) != Z_STREAM_END) std::abort();
        sum += out.size() - s.avail_out;
    }
    deflateEnd(&s);
    return sum;
}

/// A reply, from the request's fields to its own.
std::size_t by_reply(int rounds, std::shared_ptr<hh::http::content_coding const> coding) {
    hh::http::compress const by({.codings = {coding}});
    hh::request r(hh::verb::get, "/", 11);
    r.set(hh::field::host, "localhost");
    r.set(hh::field::accept_encoding, "gzip, deflate, br");
    std::size_t sum = 0;
    hh::response reply = hh::make_response(hh::status::ok);
    for (int i = 0; i < rounds; ++i) {
        reply.base().clear();
        reply.set(hh::field::content_type, "application/json");
        reply.body() = body;
        by.apply(r, reply);
        sum += reply.body().size();
    }
    return sum;
}

template <class Function>
double best_of_five(int rounds, Function f) {
    double best = 1e300;
    for (int run = 0; run < 5; ++run) {
        auto const start = std::chrono::steady_clock::now();
        f(rounds);
        std::chrono::duration<double, std::micro> const took =
            std::chrono::steady_clock::now() - start;
        if (took.count() < best) best = took.count();
    }
    return best / rounds;
}

}  // namespace

int main(int argc, char** argv) {
    auto const gzip = hh::http::gzip(level);
    constexpr int few = 200;
    if (argc > 1) {
        bool const alone = std::string_view(argv[1]) == "zlib";
        std::printf("%zu bytes\n", alone ? by_zlib(few) / few : by_reply(few, gzip) / few);
        return 0;
    }
    constexpr int rounds = 2000;
    double const alone = best_of_five(rounds, by_zlib);
    double const reply = best_of_five(rounds, [&](int n) { return by_reply(n, gzip); });
    double const brotli =
        best_of_five(rounds, [](int n) { return by_reply(n, hh::http::brotli()); });
    std::printf("16 KiB of JSON, level %d, %zu bytes\n", level, by_reply(1, gzip));
    std::printf("%-30s %8.1f us\n", "zlib alone", alone);
    std::printf("%-30s %8.1f us   %.3f of its speed\n", "a reply by gzip", reply, alone / reply);
    std::printf("%-30s %8.1f us   %zu bytes\n", "a reply by brotli, quality 4", brotli,
                by_reply(1, hh::http::brotli()));
}
