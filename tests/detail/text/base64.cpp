// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/detail/text/base64.hpp>

#include "support/catch.hpp"

#include <string>
#include <string_view>
#include <utility>

using httphooks::detail::append_base64;
using httphooks::detail::append_from_base64;

TEST_CASE("base64 is that of RFC 4648, both ways") {
    std::pair<std::string_view, std::string_view> const samples[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    for (auto const& [bytes, text] : samples) {
        std::string encoded = ">";
        append_base64(encoded, bytes);
        CHECK(encoded == ">" + std::string(text));
        std::string decoded = ">";
        CHECK(append_from_base64(decoded, text));
        CHECK(decoded == ">" + std::string(bytes));
    }
}

TEST_CASE("all bytes go through base64") {
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
    std::string text, back;
    append_base64(text, bytes);
    CHECK(append_from_base64(back, text));
    CHECK(back == bytes);
}

TEST_CASE("what is not canonical base64 is refused, and nothing is appended") {
    for (auto const* text : {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "====", "Z===", "Zg==Zg==", "Zm9-",
                             "Zm9v\n", " Zm9", "Zm=v", "Zm\x80v"}) {
        CAPTURE(text);
        std::string to = "kept";
        CHECK_FALSE(append_from_base64(to, text));
        CHECK(to == "kept");
    }
}
