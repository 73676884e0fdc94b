// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/packet.hpp>

#include "support/catch.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace sio = httphooks::socketio;
using sio::error;
using sio::packet_header;
using sio::packet_type;

namespace {

packet_header read(std::string_view text) {
    packet_header p;
    INFO(text);
    CHECK_FALSE(sio::read_packet(p, text));
    return p;
}

httphooks::error_code refusal(std::string_view text) {
    packet_header p;
    return sio::read_packet(p, text);
}

std::string written(packet_header const& p) {
    std::string s;
    sio::append_packet(s, p);
    return s;
}

}  // namespace

TEST_CASE("a packet's type is its first digit, and there are seven") {
    for (int i = 0; i <= 4; ++i) CHECK(read(std::to_string(i)).type == static_cast<packet_type>(i));
    CHECK(read("51-[]").type == packet_type::binary_event);
    CHECK(read("61-[]").type == packet_type::binary_ack);
    for (auto const text : {"", "7", "9[]", "x", " 2[]", "-1"})
        CHECK(refusal(text) == error::unknown_type);
}

TEST_CASE("the main namespace may be named, another may have no comma behind it") {
    for (auto const text : {"0", "0/", "0/,"}) {
        CHECK(read(text).nsp == "/");
        CHECK(read(text).payload.empty());
    }
    CHECK(read("0/custom").nsp == "/custom");
    CHECK(read("0/custom,").nsp == "/custom");
    CHECK(read("0/custom,{}").payload == "{}");
    // the comma alone is the beginning of a payload, which is then no JSON
    CHECK(read("0,").payload == ",");
}

TEST_CASE("a namespace has any characters but the comma, a query too") {
    auto const p = read("2/a b?x=1&y=[\"-12[]\",7[\"e\"]");
    CHECK(p.nsp == "/a b?x=1&y=[\"-12[]\"");
    CHECK(p.id == 7u);
    CHECK(p.payload == "[\"e\"]");
}

TEST_CASE("the number of an acknowledgement is echoed up to 19 digits") {
    CHECK_FALSE(read("2[\"a\"]").id);
    CHECK(read("30[1]").id == 0u);
    CHECK(read("2007[\"a\"]").id == 7u);
    CHECK(read("29007199254740993[\"a\"]").id == 9007199254740993u);
    CHECK(read("29999999999999999999[\"a\"]").id == 9999999999999999999u);
    CHECK(read("2000000000000000000000000012[\"a\"]").id == 12u);
    CHECK(refusal("210000000000000000000[\"a\"]") == error::bad_id);
    CHECK(refusal("2" + std::string(100000, '9')) == error::bad_id);
}

TEST_CASE("a packet of a binary type announces its attachments") {
    auto const p = read("52-/x,3[\"a\"]");
    CHECK(p.attachments == 2);
    CHECK(p.nsp == "/x");
    CHECK(p.id == 3u);
    CHECK(p.payload == "[\"a\"]");
    CHECK(read("510-[]").attachments == 10);
    CHECK(read("50-[\"e\"]").attachments == 0);
    for (auto const text : {"5", "5[]", "5-1-[]", "51.5-[]", "5x-[]", "51[]", "51", "5-[]",
                            "5 1-[]", "51", "6", "61"})
        CHECK(refusal(text) == error::bad_attachments);
}

TEST_CASE("more attachments than allowed are refused, however many digits say so") {
    CHECK(refusal("511-[]") == error::too_many_attachments);
    CHECK(refusal("5" + std::string(100000, '9') + "-[]") == error::too_many_attachments);
    CHECK(refusal("5" + std::string(1000000, '9')) == error::bad_attachments);
    packet_header p;
    CHECK_FALSE(sio::read_packet(p, "511-[]", 11));
    CHECK(sio::read_packet(p, "51-[]", 0) == error::too_many_attachments);
}

TEST_CASE("nothing follows a disconnect") {
    CHECK(read("1").type == packet_type::disconnect);
    CHECK(read("1/admin,").nsp == "/admin");
    for (auto const text : {"1{}", "1 ", "1/admin,\"x\"", "1null"})
        CHECK(refusal(text) == error::bad_payload);
}

TEST_CASE("packets are written as they are read") {
    for (auto const text :
         {"0{\"a\":1}", "0", "1", "2[\"a\"]", "212[\"a\"]", "30[]", "4{\"message\":\"no\"}",
          "0/custom,{}", "1/custom,", "2/a b,7[\"x\"]", "51-[\"x\"]", "61-/n,18446744073709551[]"})
        CHECK(written(read(text)) == text);
}

TEST_CASE("a namespace that is not the main one is always followed by a comma") {
    CHECK(written({packet_type::disconnect, "/custom"}) == "1/custom,");
    CHECK(written({packet_type::ack, "/custom", std::uint64_t{5}, 0, "[]"}) == "3/custom,5[]");
    CHECK(written({packet_type::disconnect, "/"}) == "1");
}
