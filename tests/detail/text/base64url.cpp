// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/detail/text/base64url.hpp>

#include <set>
#include <string>
#include <string_view>

#include "support/catch.hpp"

namespace hh = httphooks;

TEST_CASE("base64url is base64 with other characters and without padding") {
    for (std::string const& bytes : {std::string(), std::string("f"), std::string("fo"),
                                    std::string("foo"), std::string("\xff\xfe\xfb\xf0", 4)}) {
        std::string text = "x";
        hh::detail::append_base64url(text, bytes);
        std::string back = "y";
        CHECK(hh::detail::append_from_base64url(back, std::string_view(text).substr(1)));
        CHECK(back == "y" + bytes);
    }
    std::string text;
    hh::detail::append_base64url(text, "\xfb\xff\xfe");
    CHECK(text == "-__-");
    hh::detail::append_base64url(text, "f");
    CHECK(text == "-__-Zg");
}

TEST_CASE("what is no canonical base64url is refused") {
    for (std::string_view const bad : {"a", "Zg==", "Zh", "a+b/", "ab c", "abcde", "Zg\n"}) {
        std::string to = "x";
        CHECK_FALSE(hh::detail::append_from_base64url(to, bad));
        CHECK(to == "x");
    }
    CHECK(hh::detail::is_base64url("azAZ09-_"));
    CHECK_FALSE(hh::detail::is_base64url("a="));
}

TEST_CASE("random texts are as long as they should be, and differ") {
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        std::string const text = hh::detail::random_base64url(32);
        CHECK(text.size() == 43);
        CHECK(seen.insert(text).second);
    }
    CHECK(hh::detail::random_bytes(5).size() == 5);
    CHECK(hh::detail::random_bytes(0).empty());
}

TEST_CASE("texts are compared as a whole") {
    CHECK(hh::detail::equal_in_constant_time("", ""));
    CHECK(hh::detail::equal_in_constant_time("abc", "abc"));
    CHECK_FALSE(hh::detail::equal_in_constant_time("abc", "abd"));
    CHECK_FALSE(hh::detail::equal_in_constant_time("abc", "bbc"));
    CHECK_FALSE(hh::detail::equal_in_constant_time("abc", "abcd"));
}
