// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/detail/parse_json.hpp>

#include <nlohmann/json.hpp>

#include <string>

#include "support/catch.hpp"

using httphooks::socketio::detail::parse_json;
using nlohmann::json;

TEST_CASE("plain values become the documents that a parser makes of them") {
    for (std::string const text : {"0",
                                   "7",
                                   "-0",
                                   "-7",
                                   "123456789012345678",
                                   "-12345678901234567",
                                   "1234567890123456789",
                                   "18446744073709551615",
                                   "1.5",
                                   "1e3",
                                   "-1E-2",
                                   "true",
                                   "false",
                                   "null",
                                   "\"\"",
                                   "\"text\"",
                                   "\"\xc3\xa9\"",
                                   R"("a\"b")",
                                   R"("\\")",
                                   R"("\u0041")",
                                   " 5",
                                   "5 ",
                                   "\"a\" ",
                                   "[]",
                                   "{}",
                                   "[\"a\",\"b\"]"}) {
        CAPTURE(text);
        json value = "before";
        REQUIRE(parse_json(value, text));
        json const expected = json::parse(text);
        CHECK(value == expected);
        CHECK(value.type() == expected.type());
    }
    json value;
    CHECK_FALSE(parse_json(value, "\"\xff\""));
    CHECK_FALSE(parse_json(value, "\"\xc3\""));
    REQUIRE(parse_json(value, R"("\ud800")"));
    CHECK(value == "\xef\xbf\xbd");
    REQUIRE(parse_json(value, "1e999"));
    CHECK(value.is_null());
}
