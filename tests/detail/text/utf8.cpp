// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/detail/text/utf8.hpp>

#include "support/catch.hpp"

#include <cstdint>
#include <string>
#include <string_view>

using httphooks::detail::append_utf8;
using httphooks::detail::is_utf8;
using httphooks::detail::valid_utf8_prefix;

TEST_CASE("each code point but the surrogates is UTF-8 when it is encoded, and no part of it is") {
    std::size_t wrong = 0;
    for (std::uint32_t c = 0; c <= 0x10ffff; ++c) {
        if (c >= 0xd800 && c < 0xe000) continue;
        std::string s;
        append_utf8(s, c);
        std::size_t const length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        bool good = s.size() == length && is_utf8(s);
        for (std::size_t n = 1; n < length; ++n)
            good = good && !is_utf8(s.substr(0, n)) && !is_utf8(s.substr(n));
        wrong += !good;
    }
    CHECK(wrong == 0);
}

TEST_CASE("a code point that UTF-8 cannot carry becomes U+FFFD") {
    for (std::uint32_t const c : {0xd800u, 0xdfffu, 0x110000u, 0xffffffffu}) {
        std::string s;
        append_utf8(s, c);
        CHECK(s == "\xef\xbf\xbd");
    }
}

TEST_CASE("what is overlong, a surrogate, too high or cut is no UTF-8") {
    for (auto const* text :
         {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xc3", "\xe2\x82", "\xf0\x9f\x98"}) {
        CHECK_FALSE(is_utf8(text));
        std::string const inside = "twenty plain characters" + std::string(text) + "and more";
        CHECK(valid_utf8_prefix(inside) == 23);
    }
    CHECK(is_utf8(""));
    CHECK(is_utf8(std::string_view("a\0b", 3)));
}
