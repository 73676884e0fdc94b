// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What tests of all content codings share.
*/

#include <httphooks/http/content_coding.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "support/catch.hpp"

namespace support {

namespace hh = httphooks;
using hh::http::decoded;

/// A text of that many bytes, like JSON, which becomes smaller, but not by much.
inline std::string some_text(std::size_t size) {
    std::string text;
    for (std::uint32_t x = 1; text.size() < size;) {
        x = x * 1664525u + 1013904223u;
        text += "{\"id\":" + std::to_string(x) + ",\"name\":\"item\"},";
    }
    text.resize(size);
    return text;
}

/// Bytes without any order.
inline std::string noise(std::size_t size) {
    std::string bytes(size, '\0');
    std::uint64_t x = 88172645463325252u;
    for (char& c : bytes) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        c = static_cast<char>(x);
    }
    return bytes;
}

inline std::string encoded(hh::http::content_coding const& c, std::string_view body) {
    std::string out;
    c.encode(body, out);
    return out;
}

/// A body, decompressed in steps; "<broken>" or "<too big>".
inline std::string decoded_in_steps(hh::http::content_coding const& c, std::string_view body,
                                    std::size_t step, std::uint64_t most = 100'000'000) {
    auto const d = c.decoder();
    std::string out;
    for (std::size_t at = 0; at < body.size(); at += step) {
        decoded const r = d->write(body.substr(at, step), most - out.size(), out);
        if (r == decoded::broken) return "<broken>";
        if (r == decoded::too_big) return "<too big>";
    }
    return d->whole() ? out : "<broken>";
}

/// What every coding does.
inline void check_coding(hh::http::content_coding const& c) {
    for (std::size_t const size : {0u, 1u, 100u, 4'096u, 65'536u, 300'000u, 2'000'000u})
        for (std::string const& body : {some_text(size), noise(size), std::string(size, 'x')}) {
            std::string const packed = encoded(c, body);
            CHECK(packed.size() <= size + size / 100 + 64);
            CHECK((decoded_in_steps(c, packed, packed.size() + 1) == body));
            CHECK((decoded_in_steps(c, packed, 1'000) == body));
            std::string out;
            CHECK(c.decode(packed, size, out) == decoded::good);
            if (size > 0) CHECK(c.decode(packed, size - 1, out) == decoded::too_big);
        }

    std::string const body = some_text(5'000);
    std::string const packed = encoded(c, body);
    CHECK(packed.size() < body.size() / 2);
    for (std::size_t step = 1; step < 20; ++step) CHECK(decoded_in_steps(c, packed, step) == body);
    for (std::size_t n = 0; n < packed.size(); ++n) {
        std::string out;
        CHECK(c.decode(packed.substr(0, n), 100'000, out) == decoded::broken);
    }
    for (std::size_t i = 0; i < packed.size(); ++i) {  // whatever comes of it: no crash, no more
        std::string bad = packed;
        bad[i] = static_cast<char>(bad[i] ^ 0x55);
        std::string out;
        if (c.decode(bad, 10'000, out) == decoded::good) CHECK(out.size() <= 10'000);
    }
    std::string out;
    CHECK(c.decode(packed + "x", 100'000, out) == decoded::broken);
    out.clear();
    CHECK(c.decode(packed, 100'000, out) == decoded::good);  // after all that was broken
    CHECK(out == body);

    std::string const bomb = encoded(c, std::string(50'000'000, '\0'));
    CHECK(bomb.size() < 300'000);
    std::string little;
    CHECK(c.decode(bomb, 100'000, little) == decoded::too_big);
    CHECK(little.capacity() < 1'000'000);
}

/// What is flushed can be read, whatever the steps.
inline void check_flushes(hh::http::content_coding const& c) {
    std::string const body = some_text(20'000);
    for (std::size_t const step : {1u, 7u, 1'000u}) {
        auto const e = c.encoder();
        auto const d = c.decoder();
        std::string back;
        for (std::size_t at = 0; at < std::min<std::size_t>(body.size(), step * 100); at += step) {
            std::string piece;
            e->write(std::string_view(body).substr(at, step), piece);
            e->flush(piece);
            CHECK(d->write(piece, 1'000'000, back) == decoded::good);
            CHECK((back == body.substr(0, at + step)));
            std::string nothing;
            e->write({}, nothing);
            CHECK_FALSE(d->whole());
        }
        std::string end;
        e->end(end);
        CHECK(d->write(end, 1'000'000, back) == decoded::good);
        CHECK(d->whole());
        CHECK((back == body.substr(0, back.size())));
    }
}

}  // namespace support
