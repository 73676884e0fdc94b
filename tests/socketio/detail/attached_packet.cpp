// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/binary.hpp>
#include <httphooks/socketio/detail/attached_packet.hpp>

#include "support/catch.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace sio = httphooks::socketio;
using nlohmann::json;

namespace {

/// A packet whose attachments are "0", "1" and "2"; nothing refers to the last one.
sio::detail::attached_packet packet() {
    sio::detail::attached_packet p;
    p.document = json::array({sio::bytes{"0"}, sio::bytes{"1"}});
    p.places = {&p.document[0], &p.document[1], nullptr};
    return p;
}

std::string ph(int num) {
    return "{\"_placeholder\":true,\"num\":" + std::to_string(num) + "}";
}

/// What is appended behind something that was there; the attachments follow, separated by commas.
std::string appended(std::string const& text) {
    auto const p = packet();
    std::string to = "[";
    std::vector<std::string> attachments{"x"};
    sio::detail::append_attached(to, attachments, text, p);
    for (auto const& a : attachments) to += ',' + a;
    return to;
}

}  // namespace

TEST_CASE("text without placeholders is appended as it is") {
    for (char const* const text :
         {"1e3", "-0.50", "true", "null", "\"a\\\"}]{\\u0000\"", "[]", "{}",
          "[ 1 , {\"b\": 2,\"a\":1}]", "\"_placeholder\"", R"({"num":0})",
          R"({"_placeholder":false,"num":0})", R"({"_placeholder":1,"num":0})",
          R"({"_placeholder":"true","num":0})", R"({"_placeholder":{"x":true},"num":0})",
          R"({"_placeholder":true,"_placeholder":0,"num":0})", R"([true,"_placeholder",0])"}) {
        INFO(text);
        CHECK(appended(text) == "[" + std::string(text) + ",x");
    }
}

TEST_CASE("placeholders are numbered as they are passed on, and bring their bytes") {
    CHECK(appended(ph(0)) == "[" + ph(1) + ",x,0");
    CHECK(appended("[" + ph(1) + "," + ph(0) + "]") == "[[" + ph(1) + "," + ph(2) + "],x,1,0");
    CHECK(appended("[" + ph(1) + "," + ph(1) + "]") == "[[" + ph(1) + "," + ph(2) + "],x,1,1");
    CHECK(appended(R"({"z":)" + ph(1) + R"(,"a":[{"b":)" + ph(0) + "}]}") ==
          R"([{"z":)" + ph(1) + R"(,"a":[{"b":)" + ph(2) + "}]},x,1,0");
}

TEST_CASE("a placeholder may be written in any way, and what else is in it is dropped") {
    for (char const* const text :
         {R"({ "num" : 1 , "_placeholder" : true })", R"({"_place\u0068older":true,"n\u0075m":1})",
          R"({"_placeholder":false,"num":0,"_placeholder":true,"num":1})",
          R"({"_placeholder":true,"num":1,"x":[{"_placeholder":true,"num":0}]})"}) {
        INFO(text);
        CHECK(appended(text) == "[" + ph(1) + ",x,1");
    }
}
