// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/arguments.hpp>

#include "support/catch.hpp"
#include "support/json_arguments.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sio = httphooks::socketio;
using nlohmann::json;
using sio::arguments;
using sio::error;
using support::json_arguments;

namespace {

/// Checks arguments as JSON text, and as a document.
void both(std::string const& array, std::function<void(arguments const&)> const& check) {
    json_arguments const text(array);
    check(text.args());
    check(text.args().keep());
    check(arguments(std::make_shared<json const>(json::parse(array)), 0));
}

template <class T>
bool fits(std::string const& value) {
    bool fits_text = false;
    std::vector<bool> all;
    both("[" + value + "]", [&](arguments const& a) { all.push_back(a.get<T>(0).has_value()); });
    fits_text = all.front();
    for (bool const b : all) CHECK(b == fits_text);
    return fits_text;
}

struct point {
    int x = 0;
    int y = 0;
};
void from_json(json const& from, point& to) {
    from.at("x").get_to(to.x);
    from.at("y").get_to(to.y);
}

}  // namespace

TEST_CASE("arguments are read as what is asked for") {
    both(R"(["a\n\u00e9",-3,2.5,true,null,{"x":1,"y":2},[1,2]])", [](arguments const& a) {
        REQUIRE(a.size() == 7);
        CHECK_FALSE(a.empty());
        CHECK(a.get<std::string>(0).value() == "a\n\xc3\xa9");
        CHECK(a.get<int>(1).value() == -3);
        CHECK(a.get<double>(1).value() == -3);
        CHECK(a.get<double>(2).value() == 2.5);
        CHECK(a.get<float>(2).value() == 2.5f);
        CHECK(a.get<bool>(3).value());
        CHECK(a.get<json>(4).value().is_null());
        CHECK(a.get<point>(5).value().y == 2);
        CHECK(a.get<std::vector<int>>(6).value() == std::vector<int>{1, 2});
        CHECK(a.get<std::map<std::string, int>>(5).value().at("x") == 1);
        CHECK(a.json(6) == json{1, 2});
        CHECK(a.json(7).is_null());
        CHECK(a.to_json().size() == 7);
    });
}

TEST_CASE("an integer is whole and in range") {
    CHECK(fits<int>("7"));
    CHECK(fits<int>("-2147483648"));
    CHECK(fits<int>("5.0"));
    CHECK(fits<int>("1e3"));
    CHECK(fits<std::uint64_t>("18446744073709551615"));
    CHECK(fits<std::int64_t>("-9223372036854775808"));
    for (auto const value :
         {"3.7", "true", "3e9", "3000000000", "-2147483649", "\"7\"", "null", "[7]", "{}"}) {
        INFO(value);
        CHECK_FALSE(fits<int>(value));
    }
    CHECK(fits<int>("1e-400"));
    CHECK(json_arguments("[1e400]").args().get<int>(0).error() == error::bad_argument);
    CHECK_FALSE(fits<unsigned>("-1"));
    CHECK_FALSE(fits<unsigned>("-1.0"));
    CHECK(fits<unsigned>("-0"));
    CHECK_FALSE(fits<std::uint8_t>("256"));
    CHECK_FALSE(fits<std::uint64_t>("18446744073709551616"));
    CHECK_FALSE(fits<std::uint64_t>("18446744073709551616.0"));
    CHECK_FALSE(fits<std::int64_t>("9223372036854775808.0"));
    CHECK(fits<std::int64_t>("-9223372036854775808.0"));
}

TEST_CASE("nothing is taken for what it is not") {
    for (auto const value : {"1", "null", "true", "[]", "{}"})
        CHECK_FALSE(fits<std::string>(value));
    for (auto const value : {"1", "null", "\"true\"", "0"}) CHECK_FALSE(fits<bool>(value));
    for (auto const value : {"\"1\"", "null", "false"}) CHECK_FALSE(fits<double>(value));
    for (auto const value : {"\"ab\"", "null", "[1,2]"}) CHECK_FALSE(fits<sio::bytes>(value));
    for (auto const value : {"{\"x\":1}", "\"x\"", "[1]"}) CHECK_FALSE(fits<point>(value));
    for (auto const value : {"[1.5]", "[\"1\"]", "{}", "null", "[true]"})
        CHECK_FALSE(fits<std::vector<int>>(value));
    CHECK_FALSE(fits<float>("1e39"));
    CHECK(json_arguments("[-1e400]").args().get<double>(0).error() == error::bad_argument);
    CHECK_FALSE(fits<std::vector<std::vector<int>>>("[[1],[3e9]]"));
}

TEST_CASE("optional arguments may be null or missing, not of another kind") {
    both("[null,5,\"x\"]", [](arguments const& a) {
        CHECK_FALSE(a.get<std::optional<int>>(0).value());
        CHECK(a.get<std::optional<int>>(1).value() == 5);
        CHECK(a.get<std::optional<int>>(2).error() == error::bad_argument);
        CHECK_FALSE(a.get<std::optional<int>>(3).value());
        CHECK(a.get<int>(3).error() == error::missing_argument);
        CHECK(a.get<json>(3).error() == error::missing_argument);
    });
}

TEST_CASE("JavaScript's JSON that other readers refuse is read") {
    json_arguments const s(
        R"(["\ud800","\ud83d\ude00",["\udc00x",{"a\ud800":1e999,"b":-1E+400}],1e-400])");
    auto const a = s.args();
    CHECK(a.get<std::string>(0).value() == "\xef\xbf\xbd");
    CHECK(a.json(0) == "\xef\xbf\xbd");
    CHECK(a.get<std::string>(1).value() == "\xf0\x9f\x98\x80");
    json const nested = a.json(2);
    CHECK(nested[0] == "\xef\xbf\xbdx");
    CHECK(nested[1]["a\xef\xbf\xbd"].is_null());
    CHECK(nested[1]["b"].is_null());
    CHECK(a.json(3) == 0.0);
    CHECK(a.to_json().size() == 4);
}

TEST_CASE("of duplicate keys the last one wins, and __proto__ is one like others") {
    both(R"([{"a":1,"a":2,"__proto__":{"b":3}}])", [](arguments const& a) {
        CHECK(a.json(0)["a"] == 2);
        CHECK(a.json(0)["__proto__"]["b"] == 3);
    });
}

TEST_CASE("the text of arguments is as it came") {
    json_arguments const s(R"([ "a\u0062" , { "x" : 1 } ,3])");
    CHECK(s.args().text(0) == R"("a\u0062")");
    CHECK(s.args().text(1) == R"({ "x" : 1 })");
    CHECK(s.args().text(2) == "3");
    CHECK(s.args().text(3).empty());
    CHECK(arguments(std::make_shared<json const>(json{1}), 0).text(0).empty());
}

TEST_CASE("bytes come of documents only") {
    auto const document = std::make_shared<json const>(json{"name", sio::bytes{"ab"}, 3});
    arguments const a(document, 1);
    CHECK(a.size() == 2);
    CHECK(a.get<sio::bytes>(0).value().data == "ab");
    CHECK(a.get<int>(1).value() == 3);
    CHECK(a.get<std::optional<sio::bytes>>(2).value() == std::nullopt);
    CHECK(a.get<std::vector<sio::bytes>>(0).error() == error::bad_argument);
}

TEST_CASE("arguments that are kept outlive the message") {
    arguments kept;
    {
        auto const s =
            std::make_unique<json_arguments>(R"(["text with \"quotes\"",{"a":[1]},"",4])");
        kept = s->args().keep();
        s->text.assign(s->text.size(), 'x');
    }
    arguments const copy = kept.keep();
    kept = {};
    CHECK(kept.empty());
    CHECK(copy.get<std::string>(0).value() == "text with \"quotes\"");
    CHECK(copy.json(1)["a"][0] == 1);
    CHECK(copy.get<std::string>(2).value().empty());
    CHECK(copy.text(2) == "\"\"");
    CHECK(copy.get<int>(3).value() == 4);
}
