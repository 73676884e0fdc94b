// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/detail/json/json_scanner.hpp>

#include "support/catch.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using httphooks::detail::json_kind;
using httphooks::detail::json_scanner;
using httphooks::detail::json_slice;

bool is_scanned(std::string_view text, std::size_t depth = 200) {
    json_scanner from(text, depth);
    json_slice value;
    return from.value(value) && from.at_end();
}

}  // namespace

TEST_CASE("a scanner takes and refuses what nlohmann does") {
    std::mt19937 random(11);
    std::string const pieces[] = {"{",  "}",     "[",    "]",   ",",    ":",       "\"a\"",  "1",
                                  "-",  "0.5",   "1e5 ", "nul", "null", " ",       "\"",     "\\",
                                  "00", "false", "{}",   "\t",  "true", "\"\\n\"", "\"x\":", "[]"};
    int good = 0;
    for (int i = 0; i < 200000; ++i) {
        std::string text;
        for (std::size_t n = 1 + random() % 9; n != 0; --n)
            text += pieces[random() % std::size(pieces)];
        bool const expected = nlohmann::json::accept(text);
        good += expected;
        if (is_scanned(text) != expected) FAIL(text);
    }
    CHECK(good > 1000);
    CHECK_FALSE(is_scanned(std::string_view("\0", 1)));
    CHECK_FALSE(is_scanned(std::string_view("[\0]", 3)));
}

TEST_CASE("the nesting that a scanner takes is limited") {
    auto const nested = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
    CHECK(is_scanned(nested(3), 3));
    CHECK_FALSE(is_scanned(nested(4), 3));
    CHECK(is_scanned("7", 0));
    CHECK_FALSE(is_scanned("[]", 0));
    CHECK_FALSE(is_scanned(std::string(1000000, '['), 200));
}

TEST_CASE("a scanner walks over objects and arrays in one pass") {
    std::string const text = R"( {"a":[1,{"b":[]}],"c":{"d":"e"},"f":null} )";
    json_scanner from(text, 4);
    std::vector<std::string> seen;
    json_slice value;
    auto const note = [&] {
        bool const good = from.value(value);
        seen.emplace_back(value.text);
        return good;
    };
    CHECK(from.left() == text.size());
    CHECK(from.members([&](json_slice const& name) {
        seen.emplace_back(name.text);
        if (name.text == "a") return from.elements(note);
        if (name.text == "c") return from.members([&](json_slice const&) { return note(); });
        return note() && value.kind == json_kind::null;
    }));
    CHECK(from.at_end());
    CHECK(from.left() == 0);
    CHECK(seen == std::vector<std::string>{"a", "1", R"({"b":[]})", "c", "e", "f", "null"});
    for (std::string_view const bad : {"7", "[", "[1", "[1,", "[1}", "[1,]", "[]"}) {
        json_scanner other(bad, bad == "[]" ? 0 : 3);
        CHECK_FALSE(other.elements([&] { return other.value(value); }));
    }
    for (std::string_view const bad :
         {"7", "{", "{\"a\"", "{\"a\":1", "{\"a\":1,}", "{7:1}", "{}"}) {
        json_scanner other(bad, bad == "{}" ? 0 : 3);
        CHECK_FALSE(other.members([&](json_slice const&) { return other.value(value); }));
    }
}
