// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/binary.hpp>
#include <httphooks/socketio/error.hpp>

#include "support/catch.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace sio = httphooks::socketio;
using nlohmann::json;
using container = json::binary_t::container_type;

namespace {

httphooks::error_code put(std::string_view text, std::size_t attachments) {
    json value = json::parse(text);
    std::vector<container> all(attachments, container{1, 2});
    return sio::put_binary(value, all);
}

}  // namespace

TEST_CASE("bytes are a binary value of a document, and back") {
    sio::bytes const some{std::string("\0\xff\x80", 3)};
    json const value = some;
    REQUIRE(value.is_binary());
    CHECK(sio::binary_text(value) == some.data);
    CHECK(value.get<sio::bytes>() == some);
    CHECK(json(sio::bytes{}).is_binary());
    CHECK(sio::binary_text(json(sio::bytes{})).empty());
    CHECK(sio::binary_text(json("text")).empty());
    CHECK_THROWS_AS(json("text").get<sio::bytes>(), json::type_error);
}

TEST_CASE("binary values leave depth first, arrays by index, objects in their order") {
    json value = json::array({"e",
                              {{"a", sio::bytes{"1"}}, {"b", {sio::bytes{"2"}, 5}}},
                              sio::bytes{"3"},
                              sio::bytes{}});
    std::vector<std::string> out;
    sio::take_binary(value, out);
    CHECK(out == std::vector<std::string>{"1", "2", "3", ""});
    CHECK(value.dump() ==
          R"(["e",{"a":{"_placeholder":true,"num":0},"b":[{"_placeholder":true,"num":1},5]},)"
          R"({"_placeholder":true,"num":2},{"_placeholder":true,"num":3}])");

    std::vector<container> in;
    for (auto const& s : out) in.emplace_back(s.begin(), s.end());
    REQUIRE_FALSE(sio::put_binary(value, in));
    CHECK(value[1]["b"][0].get<sio::bytes>().data == "2");
    CHECK(value[2].get<sio::bytes>().data == "3");
    CHECK(value[3].get<sio::bytes>().data.empty());
}

TEST_CASE("one attachment may be at several places") {
    json value = json::parse(R"([{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}])");
    std::vector<container> in{{7, 8}};
    REQUIRE_FALSE(sio::put_binary(value, in));
    CHECK(value[0].get<sio::bytes>().data == "\7\10");
    CHECK(value[1] == value[0]);
}

TEST_CASE("an attachment without a placeholder is dropped") {
    CHECK_FALSE(put(R"(["a"])", 3));
}

TEST_CASE("a placeholder's index is that of an attachment, or the packet is refused") {
    for (auto const num : {"-1", "2", "0.5", "0.0", "1e0", "\"0\"", "null", "true", "[0]",
                           "{\"_placeholder\":true,\"num\":0}", "18446744073709551616"}) {
        INFO(num);
        CHECK(put(std::string(R"(["a",{"x":{"_placeholder":true,"num":)") + num + "}}]", 2) ==
              sio::error::bad_placeholder);
    }
    CHECK(put(R"([{"_placeholder":true}])", 2) == sio::error::bad_placeholder);
    CHECK(put(R"([{"_placeholder":true,"num":0}])", 0) == sio::error::bad_placeholder);
}

TEST_CASE("what only looks like a placeholder stays") {
    for (auto const text :
         {R"([{"_placeholder":false,"num":9}])", R"([{"_placeholder":1,"num":9}])",
          R"([{"_placeholder":"true"}])", R"(["_placeholder"])"}) {
        json value = json::parse(text);
        json const before = value;
        std::vector<container> in(1);
        CHECK_FALSE(sio::put_binary(value, in));
        CHECK(value == before);
    }
}
