// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/arguments.hpp>
#include <httphooks/socketio/detail/payload.hpp>

#include "support/catch.hpp"

#include <nlohmann/json.hpp>

#include <boost/system/system_error.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sio = httphooks::socketio;
namespace detail = httphooks::socketio::detail;
using detail::payload;
using nlohmann::json;

namespace {

template <class... Args>
std::string text_of(Args const&... args) {
    payload p;
    detail::make_payload(p, args...);
    CHECK(p.attachments.empty());
    CHECK(json::accept(p.text));
    return p.text;
}

template <class... Args>
payload payload_of(Args const&... args) {
    payload p;
    detail::make_payload(p, args...);
    return p;
}

struct written_point {
    int x = 0;
    int y = 0;
};
void to_json(json& to, written_point const& from) {
    to = {{"x", from.x}, {"y", from.y}};
}

}  // namespace

TEST_CASE("arguments become a JSON array") {
    CHECK(text_of() == "[]");
    CHECK(text_of("a\"\n", std::string("b"), std::string_view("c"), 'd') ==
          R"(["a\"\n","b","c","d"])");
    CHECK(text_of(1, -2, std::uint64_t{18446744073709551615u}, 2.5, 1e300, true, nullptr) ==
          "[1,-2,18446744073709551615,2.5,1e+300,true,null]");
    CHECK(text_of(std::optional<int>(), std::optional<int>(3)) == "[null,3]");
    CHECK(text_of(std::vector<int>{1, 2}, std::map<std::string, bool>{{"k", true}},
                  written_point{1, 2}) == R"([[1,2],{"k":true},{"x":1,"y":2}])");
    CHECK(text_of(json{{"a", {1, nullptr, "x"}}}, json::array(), json::object()) ==
          R"([{"a":[1,null,"x"]},[],{}])");
    nlohmann::ordered_json ordered;
    ordered["z"] = 1;
    ordered["a"] = 2.0;
    CHECK(text_of(ordered) == R"([{"z":1,"a":2}])");
}

TEST_CASE("what JSON has no text for is null") {
    double const infinite = std::numeric_limits<double>::infinity();
    double const none = std::numeric_limits<double>::quiet_NaN();
    CHECK(text_of(infinite, -infinite, none, json(none), json{{"x", infinite}}) ==
          R"([null,null,null,null,{"x":null}])");
}

TEST_CASE("text that is not UTF-8 is mended") {
    CHECK(text_of("a\xff", json("b\xc0"), json{{"\x80", 1}}) ==
          "[\"a\xef\xbf\xbd\",\"b\xef\xbf\xbd\",{\"\xef\xbf\xbd\":1}]");
    CHECK(text_of("\xe2\x80\xa8", std::string("\0", 1)) == "[\"\xe2\x80\xa8\",\"\\u0000\"]");
}

TEST_CASE("bytes are attachments, depth first, and an empty one is one too") {
    auto const p = payload_of(json{{"a", sio::bytes{"1"}}, {"b", json::array({sio::bytes{"2"}})}},
                              sio::bytes{"3"}, sio::bytes{}, std::vector<std::byte>{std::byte{'4'}},
                              std::vector<sio::bytes>{{"5"}, {"6"}});
    CHECK(p.attachments == std::vector<std::string>{"1", "2", "3", "", "4", "5", "6"});
    json const document = json::parse(p.text);
    CHECK(document[0]["b"][0]["num"] == 1);
    CHECK(document[4][1] == json{{"_placeholder", true}, {"num", 6}});
    json const whole = detail::payload_to_json(p);
    CHECK(whole[1] == json(sio::bytes{"3"}));
    CHECK(whole[4][1] == json(sio::bytes{"6"}));
    payload again;
    detail::make_payload_of_array(again, whole);
    CHECK(again.text == p.text);
    CHECK(again.attachments == p.attachments);
}

TEST_CASE("an event begins with its name") {
    payload p;
    detail::make_event_payload(p, "say \"hi\"", 1);
    CHECK(p.text == R"(["say \"hi\"",1])");
    detail::make_event_payload(p, 7, "x");
    CHECK(p.text == R"([7,"x"])");
    detail::make_event_payload(p, "", sio::bytes{"b"});
    CHECK(p.text == R"(["",{"_placeholder":true,"num":0}])");
    detail::make_event_payload(p, "next");
    CHECK(p.text == R"(["next"])");
    CHECK(p.attachments.empty());
}

TEST_CASE("reserved names are not sent") {
    payload p;
    CHECK_THROWS_AS(detail::make_event_payload(p, "connect"), boost::system::system_error);
    CHECK_THROWS_AS(detail::make_event_payload(p, std::string("disconnecting"), 1),
                    boost::system::system_error);
    CHECK_NOTHROW(detail::make_event_payload(p, "error"));
    CHECK_NOTHROW(detail::make_event_payload(p, "connection"));
}

TEST_CASE("arguments stand for all that they have") {
    auto const document = std::make_shared<json const>(json{"name", sio::bytes{"ab"}, 3, "x"});
    auto const p = payload_of("first", sio::arguments(document, 1), sio::arguments(), 9);
    CHECK(p.text == R"(["first",{"_placeholder":true,"num":0},3,"x",9])");
    CHECK(p.attachments == std::vector<std::string>{"ab"});
}

TEST_CASE("placeholders of the application stay in what has no attachments") {
    json const user{{"_placeholder", true}, {"num", 0}};
    auto const p = payload_of(user);
    CHECK(detail::payload_to_json(p) == json::array({user}));
    auto const q = payload_of(json{{"_placeholder", true}, {"num", 5}}, sio::bytes{"x"});
    CHECK(detail::payload_to_json(q)[0]["num"] == 5);
    CHECK(detail::payload_to_json(q)[1] == json(sio::bytes{"x"}));
}
