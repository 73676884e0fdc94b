// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/detail/msgpack_payload.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace sd = httphooks::socketio::detail;

namespace {

/// Bytes in hexadecimal digits, with those of texts between quotes.
std::string msgpack_bytes(std::string_view digits) {
    std::string bytes;
    while (!digits.empty()) {
        if (digits[0] == ' ') {
            digits.remove_prefix(1);
        } else if (digits[0] == '"') {
            std::size_t const end = digits.find('"', 1);
            bytes.append(digits.substr(1, end - 1));
            digits.remove_prefix(end + 1);
        } else {
            bytes.push_back(static_cast<char>(std::stoi(std::string(digits.substr(0, 2)), {}, 16)));
            digits.remove_prefix(2);
        }
    }
    return bytes;
}

std::string packed(sd::payload const& from) {
    std::string to;
    CHECK(sd::append_msgpack(to, from));
    return to;
}

}  // namespace

TEST_CASE("a payload becomes the MessagePack that node writes") {
    std::vector<std::pair<std::string, std::string>> const cases{
        {"[\"hello\",1,\"2\",{\"a\":true}]", R"(94 a5"hello" 01 a1"2" 81 a1"a" c3)"},
        {"[null,false,\"\",[],{}]", "95 c0 c2 a0 90 80"},
        {"[0,127,128,255,256,65535,65536,4294967295]",
         "98 00 7f cc80 ccff cd0100 cdffff ce00010000 ceffffffff"},
        {"[4294967296,9007199254740992]", "92 cf0000000100000000 cf0020000000000000"},
        {"[-1,-32,-33,-128,-129,-32768,-32769,-2147483648]",
         "98 ff e0 d0df d080 d1ff7f d18000 d2ffff7fff d280000000"},
        {"[-2147483649]", "91 d3ffffffff7fffffff"},
        {"[1.0,-0,1e2,1.5,-1.5]", "95 01 00 64 cb3ff8000000000000 cbbff8000000000000"},
        {"[1e300,9007199254740994]", "92 cb7e37e43c8800759c cb4340000000000001"},
        {"[18446744073709551615,-9007199254740994]", "92 cb43f0000000000000 cbc340000000000001"},
        {"[\"\\u20ac\\n\\ud83d\\ude00\"]", "91 a8 e282ac 0a f09f9880"},
        {"{\"b\":{\"\\u0061\":2},\"a\":1}", R"(82 a1"b" 81 a1"a" 02 a1"a" 01)"},
    };
    for (auto const& [text, wanted] : cases) {
        INFO(text);
        CHECK(packed({text, {}}) == msgpack_bytes(wanted));
    }
}

TEST_CASE("long texts, bytes and lists have long lengths in MessagePack") {
    for (std::size_t const n : {31u, 32u, 255u, 256u, 65'535u, 65'536u}) {
        INFO(n);
        sd::payload from;
        sd::begin_payload(from);
        sd::append_string(from.text, std::string(n, 'x'));
        from.text.push_back(',');
        sd::append_bytes(from, std::string(n, '\xff'));
        from.text.append(",[0");
        for (std::size_t i = 1; i < n; ++i) from.text.append(",0");
        from.text.append("],{\"k0\":0");
        for (std::size_t i = 1; i < n; ++i) from.text.append(",\"k" + std::to_string(i) + "\":0");
        from.text.append("}]");
        sd::payload back;
        CHECK(sd::read_msgpack(back, packed(from), 3));
        CHECK(back.text == from.text);
        CHECK(back.attachments == from.attachments);
    }
}

TEST_CASE("bytes take the places of their placeholders in MessagePack") {
    std::string const text =
        R"([{"_placeholder":true,"num":1},{"num":0,"_placeholder":true},{"num":0},)"
        R"({"_placeholder":true,"num":2},{"_placeholder":false,"num":0}])";
    CHECK(packed({text, {"a", "bc"}}) ==
          msgpack_bytes(R"(95 c402"bc" c401"a" 81 a3"num"00 82 ac"_placeholder"c3 a3"num"02 )"
                        R"(82 ac"_placeholder"c2 a3"num"00)"));
    CHECK(packed({R"({"_placeholder":true,"num":0})", {}}) ==
          msgpack_bytes(R"(82 ac"_placeholder"c3 a3"num"00)"));
}

TEST_CASE("MessagePack becomes a payload, with its members in their order") {
    sd::payload p;
    CHECK(
        sd::read_msgpack(p,
                         msgpack_bytes(R"(93 82 a1"b" c4020102 a1"a" c70100ff cf0000000000000001 )"
                                       R"(d6ff00000001)"),
                         2));
    CHECK(p.text == R"([{"b":{"_placeholder":true,"num":0},"a":{"_placeholder":true,"num":1}},1,)"
                    R"("1970-01-01T00:00:01.000Z"])");
    CHECK(p.attachments == std::vector<std::string>{"\x01\x02", "\xff"});
}

TEST_CASE("what is no MessagePack, or may be taken for bytes, becomes no payload") {
    for (auto const* const bad :
         {"", "c1", "92 00", "81 00 00", "a2\"a\"", "a1 ff", "dc ffff 00", "df ffffffff 00",
          "00 00", "91 91 90", R"(92 81 ac"_placeholder"c3 c400)", "c4 05 00", "d7 00 00",
          "c7 ff"}) {
        INFO(bad);
        sd::payload p;
        CHECK_FALSE(sd::read_msgpack(p, msgpack_bytes(bad), 2));
    }
    sd::payload p;
    CHECK(sd::read_msgpack(p, msgpack_bytes(R"(81 ac"_placeholder"c3)"), 1));
    std::string none;
    CHECK_FALSE(sd::append_msgpack(none, sd::payload{"[1", {}}));
}
