// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/detail/read_msgpack.hpp>

#include "support/catch.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace detail = httphooks::socketio::detail;
using nlohmann::json;
using namespace std::string_literals;

namespace {

json unpacked(std::string_view data) {
    json value;
    CHECK(detail::read_msgpack(value, data, 200));
    return value;
}

bool refused(std::string_view data, std::size_t depth = 200) {
    json value;
    return !detail::read_msgpack(value, data, depth);
}

std::string packed(json const& value) {
    std::string out;
    json::to_msgpack(value, out);
    return out;
}

}  // namespace

TEST_CASE("what is packed is read again") {
    std::int64_t const least = std::numeric_limits<std::int64_t>::min();
    std::uint64_t const most = std::numeric_limits<std::uint64_t>::max();
    json const all{nullptr,
                   true,
                   false,
                   0,
                   127,
                   128,
                   255,
                   256,
                   65536,
                   4294967296,
                   most,
                   -1,
                   -32,
                   -33,
                   -128,
                   -129,
                   -32769,
                   -2147483649,
                   least,
                   1.5,
                   1e300,
                   "",
                   "text",
                   std::string(40, 'a'),
                   std::string(300, 'b'),
                   std::string(70000, 'c'),
                   json::array(),
                   json::object(),
                   json(std::vector<int>(20, 1)),
                   json(std::vector<int>(70000, 1)),
                   json{{"a", {{"b", "c"}}}},
                   json::binary({1, 2}),
                   json::binary(std::vector<std::uint8_t>(300)),
                   json::binary(std::vector<std::uint8_t>(70000))};
    CHECK(unpacked(packed(all)) == all);
    json large = json::object();
    for (int i = 0; i < 70000; ++i) large[std::to_string(i)] = i;
    CHECK(unpacked(packed(large)) == large);
    CHECK(unpacked("\xca\x3f\x80\x00\x00"s) == 1.0);
}

TEST_CASE("what is cut off, or has something behind it, is refused") {
    json const all{{"type", 2}, {"nsp", "/"}, {"data", {"e", 1.5, 70000, json::binary({1, 2})}}};
    std::string const whole = packed(all);
    for (std::size_t n = 0; n < whole.size(); ++n) CHECK(refused(whole.substr(0, n)));
    CHECK(refused(whole + '\0'));
    CHECK(refused("\xc1"));
    CHECK(refused("\xdd\xff\xff\xff\xff"s));
    CHECK(refused("\xdf\xff\xff\xff\xff"s));
    CHECK(refused("\xdb\xff\xff\xff\xff"s));
    CHECK(refused("\xc6\xff\xff\xff\xff"s));
}

TEST_CASE("text is UTF-8, and keys are text") {
    CHECK(refused("\xa1\xff"));
    CHECK(refused("\x81\xa1\xff\x01"s));
    CHECK(refused("\x81\x01\x01"));
    CHECK(refused("\x81\xc0\x01"));
    CHECK(unpacked("\x81\xd9\x01"
                   "a\x01"s) == json{{"a", 1}});
}

TEST_CASE("maps and arrays are nested only so deep") {
    CHECK_FALSE(refused(std::string(5, '\x91') + "\x90", 6));
    CHECK(refused(std::string(6, '\x91') + "\x90", 6));
    CHECK(refused(std::string(1000000, '\x91') + "\x90"));
    std::string maps;
    for (int i = 0; i < 100000; ++i) maps += "\x81\xa1x";
    CHECK(refused(maps + "\x80"));
}

TEST_CASE("JavaScript's undefined is null, its dates are their text, its buffers bytes") {
    CHECK(unpacked("\xd4\x00\x00"s).is_null());
    CHECK(unpacked("\xd7\x00\x00\x00\x01\x6f\x5e\x66\xe8\x00"s) == "2020-01-01T00:00:00.000Z");
    CHECK(unpacked("\xd7\x00\xff\xff\xff\xff\xff\xff\xff\xff"s) == "1969-12-31T23:59:59.999Z");
    CHECK(unpacked("\xd7\x00\x7f\xff\xff\xff\xff\xff\xff\xff"s).is_null());
    CHECK(unpacked("\xc7\x02\x00\x07\x08"s) == json::binary({7, 8}));
    CHECK(unpacked("\xd5\x05\x07\x08"s) == json::binary({7, 8}));
}
