// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/detail/json/json_tape.hpp>

#include "support/catch.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <utility>

namespace {

using httphooks::detail::json_kind;
using httphooks::detail::json_node;
using httphooks::detail::json_tape;

/// What is on a tape, as JSON: each value by its text, what it has inside by walking over it.
std::string walked(json_node const& n) {
    std::string text;
    if (n.kind == json_kind::object) {
        each_member(n, [&](json_node const& name, json_node const& value) {
            text += (text.empty() ? "{" : ",") + std::string(written(name)) + ':' + walked(value);
        });
        return text.empty() ? "{}" : text + '}';
    }
    if (n.kind == json_kind::array) {
        each_element(
            n, [&](json_node const& value) { text += (text.empty() ? "[" : ",") + walked(value); });
        return text.empty() ? "[]" : text + ']';
    }
    return std::string(written(n));
}

std::string walked(std::string_view text) {
    json_tape tape;
    REQUIRE(tape.read(text, 200));
    return walked(tape.root());
}

bool is_json(std::string_view text, std::size_t depth = 200) {
    return json_tape().read(text, depth);
}

}  // namespace

TEST_CASE("a tape has every value, and leads over what is inside") {
    for (std::string_view const text :
         {"1", "-0.5e+3", R"("a\"b")", "true", "false", "null", "{}", "[]", "[[]]", "[{},[],{}]",
          R"({"a":{"b":[1,{"c":[]}],"d":"e"},"f":[[2],3]})",
          R"(["a text of more than sixteen bytes",{"another one, with \u00e9 in it":[true]}])"}) {
        CHECK(walked(text) == text);
        CHECK(walked(" \n\t\r" + std::string(text) + " ") == text);
    }
    CHECK(walked(R"( { "a" : [ 1 , 2 ] , "b" : { } } )") == R"({"a":[1,2],"b":{}})");
}

TEST_CASE("a value on a tape is as it was written") {
    json_tape tape;
    std::string const text = R"([ {"a" : [ 1 ]} , "x\n", "y" ])";
    REQUIRE(tape.read(text, 200));
    json_node const& array = tape.root();
    CHECK(array.text == text);
    CHECK(array.span == 7);
    json_node const& object = (&array)[1];
    CHECK(object.kind == json_kind::object);
    CHECK(object.text == R"({"a" : [ 1 ]})");
    CHECK(object.span == 4);
    json_node const* const strings = &object + object.span;
    CHECK(strings[0].text == R"(x\n)");
    CHECK(strings[0].escaped);
    CHECK(written(strings[0]) == R"("x\n")");
    CHECK_FALSE(strings[1].escaped);
}

TEST_CASE("a tape knows how deep its values are nested") {
    json_tape tape;
    REQUIRE(tape.read(R"([1,{"a":[[]],"b":2},[],"c"])", 200));
    CHECK(tape.root().height == 4);
    std::string heights;
    each_element(tape.root(), [&](json_node const& n) { heights += std::to_string(n.height); });
    CHECK(heights == "0310");
}

TEST_CASE("the nesting of a tape is limited") {
    auto const nested = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
    CHECK(is_json(nested(3), 3));
    CHECK_FALSE(is_json(nested(4), 3));
    CHECK(is_json("[[],[],{\"a\":{}}]", 3));
    CHECK(is_json("7", 0));
    CHECK_FALSE(is_json("[]", 0));
    CHECK(is_json(nested(65535), std::size_t(-1)));
    CHECK_FALSE(is_json(nested(65536), std::size_t(-1)));
    CHECK_FALSE(is_json(std::string(1000000, '['), 200));
}

TEST_CASE("a tape may be used again") {
    json_tape tape;
    CHECK_FALSE(tape.read("[[1,2", 200));
    REQUIRE(tape.read("[3]", 200));
    CHECK(walked(tape.root()) == "[3]");
}

TEST_CASE("a tape takes and refuses what nlohmann does") {
    std::mt19937 random(7);
    std::string const pieces[] = {
        "{",           "}",    "[",      "]",     ",",      ":",  "\"a\"", "1",  "-",
        "0.5",         "1e5 ", "true",   "nul",   "null",   " ",  "\"",    "\\", "\"\\n\"",
        "\"\\ud83d\"", "00",   "\"bc\"", "false", "\"x\":", "[]", "{}",    "\t", "\"\\u12\""};
    auto const any = [&](std::size_t n) { return std::size_t(random() % n); };
    int good = 0;
    for (int i = 0; i < 200000; ++i) {
        std::string text;
        for (std::size_t n = 1 + any(9); n != 0; --n) text += pieces[any(std::size(pieces))];
        // nlohmann refuses lone surrogates, which are for others to judge here
        if (text.find("\\ud83d") != text.npos) continue;
        bool const expected = nlohmann::json::accept(text);
        good += expected;
        if (is_json(text) != expected) FAIL(text);
    }
    CHECK(good > 1000);
}
