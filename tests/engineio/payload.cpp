// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/engineio/payload.hpp>

#include "support/catch.hpp"
#include "support/processor_time.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace eio = httphooks::engineio;
using eio::packet;
using eio::packet_type;
using eio::revision;
using namespace std::string_literals;

namespace {

struct decoded {
    httphooks::error_code ec;
    std::vector<packet> packets;
};

decoded decode(std::string_view body, revision r = revision::v4, bool binary = false) {
    decoded d;
    d.ec = eio::decode_payload(body, r, binary, [&](eio::packet_view p) {
        d.packets.push_back({p.type, p.binary, std::string(p.data)});
        return true;
    });
    return d;
}

packet text(std::string data) {
    return {packet_type::message, false, std::move(data)};
}
packet bytes(std::string data) {
    return {packet_type::message, true, std::move(data)};
}

}  // namespace

TEST_CASE("packets are separated by 0x1e") {
    std::vector<packet> const all{
        text("hello"), {packet_type::ping, false, ""}, bytes("\1\2\3\4"), text("€")};
    auto const out = eio::encode_payload(all);
    CHECK(out.body ==
          "4hello\x1e"
          "2\x1e"
          "bAQIDBA==\x1e"
          "4€");
    CHECK_FALSE(out.binary);
    auto const back = decode(out.body);
    CHECK_FALSE(back.ec);
    REQUIRE(back.packets.size() == 4);
    CHECK(back.packets[0].data == "hello");
    CHECK(back.packets[1].type == packet_type::ping);
    CHECK(back.packets[2].binary);
    CHECK(back.packets[2].data == "\1\2\3\4");
    CHECK(back.packets[3].data == "€");
}

TEST_CASE("one packet has no separator") {
    CHECK(eio::encode_payload({text("")}).body == "4");
    CHECK(eio::encode_payload({}).body.empty());
    CHECK(decode("4").packets.size() == 1);
}

TEST_CASE("the packets in front of a bad one are handed on") {
    auto const d = decode(
        "4a\x1e"
        "9\x1e"
        "4b");
    CHECK(d.ec == eio::error::unknown_type);
    REQUIRE(d.packets.size() == 1);
    CHECK(d.packets[0].data == "a");
}

TEST_CASE("empty payloads, empty packets and broken text are refused") {
    CHECK(decode("").ec == eio::error::empty);
    CHECK(decode("\x1e").ec == eio::error::empty);
    CHECK(decode("4a\x1e").ec == eio::error::empty);
    CHECK(decode("4\xff").ec == eio::error::bad_utf8);
    CHECK(decode("4\xed\xa0\x80").ec == eio::error::bad_utf8);
    CHECK(decode("b###").ec == eio::error::bad_base64);
    CHECK(decode(std::string(1'000'000, '\x1e')).ec == eio::error::empty);
}

TEST_CASE("a payload may have any number of packets, and takes time by its bytes") {
    constexpr std::size_t many = 300'000;
    std::string separated = "6";
    std::string lengths;
    std::string bytes;
    for (std::size_t i = 1; i < many; ++i)
        separated +=
            "\x1e"
            "6";
    for (std::size_t i = 0; i < many; ++i) {
        lengths += "1:6";
        bytes +=
            "\0\1\xff"
            "6"s;
    }
    double const before = support::processor_seconds();
    auto const all = decode(separated);
    CHECK_FALSE(all.ec);
    CHECK(all.packets.size() == many);
    CHECK(decode(lengths, revision::v3).packets.size() == many);
    CHECK(decode(bytes, revision::v3, true).packets.size() == many);
    CHECK(support::processor_seconds() - before < 10);
}

TEST_CASE("a reader gives packets one by one, and says what is wrong behind them") {
    eio::payload_reader two(
        "4a\x1e"
        "4b",
        revision::v4, false);
    eio::packet_view p;
    CHECK(two.next(p));
    CHECK(p.data == "a");
    CHECK_FALSE(two.at_end());
    CHECK(two.next(p));
    CHECK(p.data == "b");
    CHECK(two.at_end());
    CHECK_FALSE(two.next(p));
    CHECK_FALSE(two.failure());
    eio::payload_reader bad(
        "4a\x1e"
        "9",
        revision::v4, false);
    CHECK(bad.next(p));
    CHECK_FALSE(bad.next(p));
    CHECK(bad.failure() == eio::error::unknown_type);
    CHECK_FALSE(bad.next(p));
}

TEST_CASE("a visitor can stop") {
    int seen = 0;
    auto const ec = eio::decode_payload(
        "4a\x1e"
        "4b\x1e"
        "9",
        revision::v4, false, [&](eio::packet_view) { return ++seen < 2; });
    CHECK_FALSE(ec);
    CHECK(seen == 2);
}

TEST_CASE("in revision 3 texts have their length in UTF-16 code units") {
    auto const out =
        eio::encode_payload({text("hello"), text("€"), text("😀"), bytes("\1\2\3\4")}, revision::v3);
    CHECK(out.body == "6:4hello2:4€3:4😀10:b4AQIDBA==");
    CHECK_FALSE(out.binary);
    auto const back = decode(out.body, revision::v3);
    CHECK_FALSE(back.ec);
    REQUIRE(back.packets.size() == 4);
    CHECK(back.packets[1].data == "€");
    CHECK(back.packets[2].data == "😀");
    CHECK(back.packets[3].data == "\1\2\3\4");
    CHECK(back.packets[3].binary);
}

TEST_CASE("in revision 3 a client that takes bytes gets bytes when there are any") {
    auto const out = eio::encode_payload({text("a€"), bytes("\1\2")}, revision::v3, true);
    CHECK(out.binary);
    CHECK(out.body ==
          "\0\5\xff"s
          "4a€"
          "\1\3\xff\4\1\2"s);
    auto const back = decode(out.body, revision::v3, true);
    CHECK_FALSE(back.ec);
    REQUIRE(back.packets.size() == 2);
    CHECK(back.packets[0].data == "a€");
    CHECK(back.packets[1].data == "\1\2");
    CHECK_FALSE(eio::encode_payload({text("a")}, revision::v3, true).binary);
    CHECK(eio::encode_payload({text(std::string(123, 'x')), bytes("")}, revision::v3, true)
              .body.starts_with("\0\1\2\4\xff"s));
}

TEST_CASE("in revision 3 wrong lengths are refused") {
    for (std::string_view const bad : {"", "4a", ":", "1:", "3:4a", "a:4", "-1:4", "+1:4", " 1:4",
                                       "99999999999:4", "0:", "2:4a3", "2:4😀", "1:4 ", "1.0:4"})
        CHECK(decode(bad, revision::v3).ec);
    CHECK(decode("2:4\xff", revision::v3).ec == eio::error::bad_utf8);
    for (std::string const& bad : {"\2\1\xff"
                                   "4"s,
                                   "\0\xff"s, "\0\1"s,
                                   "\0\2\xff"
                                   "4"s,
                                   "\0\13\xff"s,
                                   "\0\1\xff"
                                   "9"s,
                                   "\1\0\xff"s,
                                   "\0\2\xff"
                                   "4\xff"s,
                                   std::string(1, '\0') + std::string(12, '\0') + "\xff"})
        CHECK(decode(bad, revision::v3, true).ec);
}
