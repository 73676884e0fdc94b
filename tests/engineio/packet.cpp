// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/engineio/packet.hpp>

#include "support/catch.hpp"

#include <string>
#include <string_view>

namespace eio = httphooks::engineio;
using eio::packet_type;
using eio::packet_view;
using eio::revision;
using namespace std::string_literals;

namespace {

std::string framed(packet_view p, revision r = revision::v4) {
    std::string s;
    eio::append_frame(s, p, r);
    return s;
}

std::string in_text(packet_view p, revision r = revision::v4) {
    std::string s;
    eio::append_text(s, p, r);
    return s;
}

}  // namespace

TEST_CASE("every type is its digit in front of the data") {
    for (int i = 0; i <= 6; ++i) {
        auto const type = static_cast<packet_type>(i);
        std::string const text = std::to_string(i) + "x";
        CHECK(framed({type, false, "x"}) == text);
        packet_view p;
        REQUIRE_FALSE(eio::read_frame(p, text, false));
        CHECK(p.type == type);
        CHECK(p.data == "x");
        CHECK_FALSE(p.binary);
    }
}

TEST_CASE("a binary WebSocket message is a message as it is") {
    std::string const bytes("\0\1\xff", 3);
    CHECK(framed({packet_type::message, true, bytes}) == bytes);
    packet_view p;
    REQUIRE_FALSE(eio::read_frame(p, bytes, true));
    CHECK(p.type == packet_type::message);
    CHECK(p.binary);
    CHECK(p.data == bytes);
    CHECK_FALSE(eio::read_frame(p, "", true));
    CHECK(p.data.empty());
}

TEST_CASE("in revision 3 a binary message begins with its type as a byte") {
    CHECK(framed({packet_type::message, true, "ab"}, revision::v3) == "\4ab");
    packet_view p;
    REQUIRE_FALSE(eio::read_frame(p, "\4ab", true, revision::v3));
    CHECK(p.type == packet_type::message);
    CHECK(p.data == "ab");
    CHECK(eio::read_frame(p, "", true, revision::v3) == eio::error::empty);
    CHECK(eio::read_frame(p, "\7ab", true, revision::v3) == eio::error::unknown_type);
    CHECK(eio::read_frame(p, "4ab", true, revision::v3) == eio::error::unknown_type);
}

TEST_CASE("an empty text and unknown types are refused") {
    packet_view p;
    CHECK(eio::read_frame(p, "", false) == eio::error::empty);
    for (std::string_view const bad : {"7", "9", "a", " 4x", "-", "/", "b"})
        CHECK(eio::read_frame(p, bad, false) == eio::error::unknown_type);
}

TEST_CASE("bytes in text are base64 behind a b, padded or not") {
    std::string const bytes("\1\2\3\4", 4);
    CHECK(in_text({packet_type::message, true, bytes}) == "bAQIDBA==");
    CHECK(in_text({packet_type::message, true, ""}) == "b");
    CHECK(in_text({packet_type::message, true, bytes}, revision::v3) == "b4AQIDBA==");
    std::string scratch;
    packet_view p;
    for (std::string_view const good : {"bAQIDBA==", "bAQIDBA"}) {
        REQUIRE_FALSE(eio::read_text(p, good, scratch));
        CHECK(p.binary);
        CHECK(p.type == packet_type::message);
        CHECK(p.data == bytes);
    }
    REQUIRE_FALSE(eio::read_text(p, "b", scratch));
    CHECK(p.data.empty());
    REQUIRE_FALSE(eio::read_text(p, "b4AQIDBA==", scratch, revision::v3));
    CHECK(p.data == bytes);
}

TEST_CASE("what is not base64 is refused") {
    std::string scratch;
    packet_view p;
    for (std::string_view const bad :
         {"b###", "bA", "bAQ=", "bAQIDBA=", "bAQ==AQ==", "b-_-_", "bAQ I", "bAR", "b===="})
        CHECK(eio::read_text(p, bad, scratch) == eio::error::bad_base64);
    CHECK(eio::read_text(p, "b", scratch, revision::v3) == eio::error::unknown_type);
    CHECK(eio::read_text(p, "b9AQID", scratch, revision::v3) == eio::error::unknown_type);
}
