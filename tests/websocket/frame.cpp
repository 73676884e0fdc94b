// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/websocket/frame.hpp>

#include "support/catch.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ws = httphooks::websocket;
using ws::close_code;
using ws::opcode;
using ws::role;

namespace {

constexpr ws::detail::mask_key key = 0x3d21fa37;

/// Notes what the reader tells of, as text.
struct recorder {
    std::vector<std::string> seen{};
    bool go_on = true;

    bool note(std::string what) {
        seen.push_back(std::move(what));
        return go_on;
    }
    bool on_message(opcode op, std::string_view m) {
        return note((op == opcode::text ? "text:" : "binary:") + std::string(m));
    }
    bool on_ping(std::string_view p) { return note("ping:" + std::string(p)); }
    bool on_pong(std::string_view p) { return note("pong:" + std::string(p)); }
    bool on_close(close_code c, std::string_view r) {
        return note("close:" + std::to_string(static_cast<unsigned>(c)) + ":" + std::string(r));
    }
};

std::string frame(opcode op, std::string_view payload, bool fin = true, role self = role::client) {
    std::string out;
    ws::append_frame(out, self, op, payload, key);
    if (!fin) out[0] = static_cast<char>(out[0] & 0x7f);
    return out;
}

std::string close_frame(unsigned code, std::string_view reason = {}) {
    std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 255)};
    return frame(opcode::close, payload.append(reason));
}

struct outcome {
    std::vector<std::string> seen;
    close_code failure;
    bool operator==(outcome const&) const = default;
};

/// Feeds the bytes in pieces of `step`.
outcome feed(std::string const& bytes, std::size_t step, ws::message_limits const& limits = {},
             role self = role::server) {
    ws::frame_reader reader;
    recorder sink;
    std::string held;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        held.append(bytes, at, step);
        held.erase(0, reader.read(self, limits, held.data(), held.size(), sink));
        if (reader.failure() != close_code::none) break;
        REQUIRE(held.size() <= ws::frame_reader::most_left);
    }
    return {sink.seen, reader.failure()};
}

/// Feeds the bytes whole and in pieces of every size up to 20; all must give the same.
outcome feed_all_ways(std::string const& bytes, ws::message_limits const& limits = {},
                      role self = role::server) {
    outcome const whole = feed(bytes, bytes.size(), limits, self);
    for (std::size_t step = 1; step <= 20; ++step) CHECK(feed(bytes, step, limits, self) == whole);
    return whole;
}

using list = std::vector<std::string>;

}  // namespace

// The groups are those of the Autobahn test suite.

TEST_CASE("1: messages of all sizes, text and binary, come as they were sent") {
    for (std::size_t const size :
         {0u, 1u, 7u, 8u, 31u, 32u, 33u, 125u, 126u, 127u, 128u, 65535u, 65536u, 65537u}) {
        std::string const payload(size, '*');
        for (auto const op : {opcode::text, opcode::binary}) {
            std::string const name = op == opcode::text ? "text:" : "binary:";
            std::string const bytes = frame(op, payload);
            CHECK(feed(bytes, bytes.size()) == outcome{{name + payload}, close_code::none});
            CHECK(feed(bytes, 997) == outcome{{name + payload}, close_code::none});
            std::string const unmasked = frame(op, payload, true, role::server);
            CHECK(feed(unmasked, 997, {}, role::client) ==
                  outcome{{name + payload}, close_code::none});
        }
    }
}

TEST_CASE("1: a length that is not in its shortest form is a protocol error") {
    std::string const short16("\x81\xfe\x00\x7d\x01\x02\x03\x04", 8);
    std::string const short64("\x81\xff\x00\x00\x00\x00\x00\x00\xff\xff\x01\x02\x03\x04", 14);
    std::string const negative("\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00\x01\x02\x03\x04", 14);
    for (auto const& bytes : {short16, short64, negative})
        CHECK(feed_all_ways(bytes) == outcome{{}, close_code::protocol_error});
}

TEST_CASE("1: a frame that is not masked as its sender must mask it is a protocol error") {
    CHECK(feed_all_ways(frame(opcode::text, "x", true, role::server)).failure ==
          close_code::protocol_error);
    CHECK(feed_all_ways(frame(opcode::text, "x"), {}, role::client).failure ==
          close_code::protocol_error);
}

TEST_CASE("1: a masking key of zeros hides nothing, and the text is checked all the same") {
    CHECK(feed_all_ways(std::string("\x81\x81\0\0\0\0x", 7)) ==
          outcome{{"text:x"}, close_code::none});
    CHECK(feed_all_ways(std::string("\x81\x81\0\0\0\0\xff", 7)).failure ==
          close_code::invalid_payload);
}

TEST_CASE("2: pings and pongs carry up to 125 bytes, more is a protocol error") {
    std::string const most(125, '\xfe');
    for (std::string const& payload : {std::string(), std::string("hello"), most}) {
        CHECK(feed_all_ways(frame(opcode::ping, payload)).seen == list{"ping:" + payload});
        CHECK(feed_all_ways(frame(opcode::pong, payload)).seen == list{"pong:" + payload});
    }
    CHECK(feed_all_ways(frame(opcode::ping, std::string(126, 'x'))) ==
          outcome{{}, close_code::protocol_error});
}

TEST_CASE("3: reserved bits are protocol errors; what came before is handed on") {
    for (unsigned const bits : {0x10u, 0x20u, 0x40u, 0x50u, 0x70u})
        for (auto const op : {opcode::text, opcode::binary, opcode::ping, opcode::close}) {
            std::string bad = frame(op, "");
            bad[0] = static_cast<char>(static_cast<unsigned char>(bad[0]) | bits);
            CHECK(feed_all_ways(frame(opcode::text, "a") + bad) ==
                  outcome{{"text:a"}, close_code::protocol_error});
        }
}

TEST_CASE("4: reserved opcodes are protocol errors") {
    for (unsigned const op : {3u, 4u, 5u, 6u, 7u, 11u, 12u, 13u, 14u, 15u})
        CHECK(feed_all_ways(frame(opcode::text, "a") + frame(static_cast<opcode>(op), "x")) ==
              outcome{{"text:a"}, close_code::protocol_error});
}

TEST_CASE("5: fragments make one message, with control frames in between") {
    std::string const bytes = frame(opcode::text, "frag", false) + frame(opcode::ping, "p") +
                              frame(opcode::continuation, "", false) + frame(opcode::pong, "q") +
                              frame(opcode::continuation, "ment") + frame(opcode::binary, "b");
    CHECK(feed_all_ways(bytes) ==
          outcome{{"ping:p", "pong:q", "text:fragment", "binary:b"}, close_code::none});
}

TEST_CASE("5: empty fragments make an empty message, or nothing of one") {
    CHECK(feed_all_ways(frame(opcode::text, "", false) + frame(opcode::continuation, "")).seen ==
          list{"text:"});
    CHECK(feed_all_ways(frame(opcode::text, "", false) + frame(opcode::continuation, "x")).seen ==
          list{"text:x"});
}

TEST_CASE("5: fragments out of place are protocol errors") {
    SECTION("a continuation of nothing") {
        CHECK(feed_all_ways(frame(opcode::continuation, "x")).failure ==
              close_code::protocol_error);
        CHECK(feed_all_ways(frame(opcode::continuation, "x", false)).failure ==
              close_code::protocol_error);
        CHECK(feed_all_ways(frame(opcode::text, "a", false) + frame(opcode::continuation, "b") +
                            frame(opcode::continuation, "c")) ==
              outcome{{"text:ab"}, close_code::protocol_error});
    }
    SECTION("a new message within a message") {
        CHECK(feed_all_ways(frame(opcode::text, "a", false) + frame(opcode::text, "b")).failure ==
              close_code::protocol_error);
    }
    SECTION("a control frame in fragments") {
        CHECK(feed_all_ways(frame(opcode::ping, "a", false)).failure == close_code::protocol_error);
        CHECK(feed_all_ways(frame(opcode::close, "", false)).failure == close_code::protocol_error);
    }
}

TEST_CASE("6: valid UTF-8 passes, cut anywhere, also within a sequence") {
    std::string const text =
        "Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!! "
        "\xce\xba\xe1\xbd\xb9\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf";
    CHECK(feed_all_ways(frame(opcode::text, text)).seen == list{"text:" + text});
    for (std::size_t cut = 0; cut <= text.size(); ++cut)
        CHECK(feed(frame(opcode::text, text.substr(0, cut), false) +
                       frame(opcode::continuation, text.substr(cut)),
                   1000)
                  .seen == list{"text:" + text});
}

TEST_CASE("6: what is not UTF-8 fails at the first byte that shows it") {
    for (std::string const bad :
         {"\x80", "\xbf", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\xaf", "\xe0\x9f\xbf",
          "\xf0\x80\x80\xaf", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xfe",
          "\xff", "\xed\xa0\x80", "\xed\xbf\xbf", "\xce\xba\xe1\xbd\x78", "\xf8\x88\x80\x80\x80",
          "\xe2\x82"
          "x"}) {
        CHECK(feed_all_ways(frame(opcode::text, "good " + bad)) ==
              outcome{{}, close_code::invalid_payload});
        CHECK(feed_all_ways(
                  frame(opcode::text, "long enough for words " + bad + " and more of it", false))
                  .failure == close_code::invalid_payload);
        CHECK(feed_all_ways(frame(opcode::binary, bad)).seen == list{"binary:" + bad});
    }
    // the frame is not whole, but its text is already wrong
    std::string const begun = frame(opcode::text, "\xf4\x90" + std::string(50, 'x')).substr(0, 8);
    CHECK(feed(begun, begun.size()).failure == close_code::invalid_payload);
}

TEST_CASE("6: a text that ends within a sequence is not UTF-8") {
    CHECK(feed_all_ways(frame(opcode::text, "a\xe2\x82")).failure == close_code::invalid_payload);
    CHECK(feed_all_ways(frame(opcode::text, "a\xe2", false) + frame(opcode::continuation, ""))
              .failure == close_code::invalid_payload);
}

TEST_CASE("7: close frames with their code and reason") {
    CHECK(feed_all_ways(frame(opcode::close, "")).seen == list{"close:1005:"});
    CHECK(feed_all_ways(close_frame(1000, "bye")).seen == list{"close:1000:bye"});
    CHECK(feed_all_ways(close_frame(1000, std::string(123, '*'))).seen ==
          list{"close:1000:" + std::string(123, '*')});
    for (unsigned const code : {1001u, 1002u, 1003u, 1007u, 1008u, 1009u, 1010u, 1011u, 1012u,
                                3000u, 3999u, 4000u, 4999u})
        CHECK(feed_all_ways(close_frame(code)).seen == list{"close:" + std::to_string(code) + ":"});
}

TEST_CASE("7: close frames that must not be") {
    CHECK(feed_all_ways(frame(opcode::close, "x")).failure == close_code::protocol_error);
    CHECK(feed_all_ways(close_frame(1000, std::string(124, '*'))).failure ==
          close_code::protocol_error);
    CHECK(feed_all_ways(close_frame(1000, "\xce\xba\xe1\xbd")).failure ==
          close_code::invalid_payload);
    for (unsigned const code :
         {0u, 999u, 1004u, 1005u, 1006u, 1015u, 1016u, 1100u, 2000u, 2999u, 5000u, 65535u})
        CHECK(feed_all_ways(close_frame(code)).failure == close_code::protocol_error);
}

TEST_CASE("9: a message beyond the size limit is refused at the header that shows it") {
    ws::message_limits const limits{.size = 1000};
    CHECK(feed_all_ways(frame(opcode::binary, std::string(1000, 'x')), limits).seen.size() == 1);
    std::string const header = frame(opcode::binary, std::string(1001, 'x')).substr(0, 8);
    CHECK(feed_all_ways(header, limits).failure == close_code::too_big);
    CHECK(feed_all_ways(frame(opcode::binary, std::string(600, 'x'), false) +
                            frame(opcode::continuation, std::string(401, 'x')),
                        limits)
              .failure == close_code::too_big);
    std::string const huge("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04", 14);
    CHECK(feed_all_ways(frame(opcode::binary, "x", false), limits).failure == close_code::none);
    CHECK(feed_all_ways(huge, limits).failure == close_code::too_big);
}

TEST_CASE("9: a message in too many fragments is refused") {
    ws::message_limits const limits{.size = 1000, .fragments = 3};
    std::string const three = frame(opcode::text, "a", false) +
                              frame(opcode::continuation, "b", false) +
                              frame(opcode::continuation, "c");
    CHECK(feed_all_ways(three + three, limits).seen == list{"text:abc", "text:abc"});
    CHECK(feed_all_ways(frame(opcode::text, "", false) + frame(opcode::continuation, "", false) +
                            frame(opcode::continuation, "", false) +
                            frame(opcode::continuation, "", false),
                        limits)
              .failure == close_code::policy_violation);
    std::string many = frame(opcode::text, "", false);
    for (int i = 0; i < 10'000; ++i) many += frame(opcode::continuation, "x", false);
    many += frame(opcode::continuation, "");
    CHECK(feed(many, 4096, {.size = 20'000, .fragments = 0}).seen ==
          list{"text:" + std::string(10'000, 'x')});
}

TEST_CASE("A sink that has enough stops the reader behind the frame") {
    ws::frame_reader reader;
    recorder sink;
    sink.go_on = false;
    std::string const first = frame(opcode::text, "one");
    std::string bytes = first + frame(opcode::text, "two");
    std::size_t const n = reader.read(role::server, {}, bytes.data(), bytes.size(), sink);
    CHECK(n == first.size());
    CHECK(reader.read(role::server, {}, bytes.data() + n, bytes.size() - n, sink) ==
          bytes.size() - n);
    CHECK(sink.seen == list{"text:one", "text:two"});
}

TEST_CASE("A close frame is built with its reason cut between characters") {
    std::string out;
    std::string const reason = std::string(122, 'x') + "\xc3\xa4";
    ws::append_close(out, role::client, close_code::going_away, reason, key);
    CHECK(feed_all_ways(out).seen == list{"close:1001:" + std::string(122, 'x')});
    out.clear();
    ws::append_close(out, role::client, close_code::none, "", key);
    CHECK(feed_all_ways(out).seen == list{"close:1005:"});
}

TEST_CASE("A frame is built around a payload, whatever size was expected") {
    for (auto const self : {role::server, role::client})
        for (std::size_t const expected : {0u, 200u, 70'000u})
            for (std::size_t const size : {0u, 100u, 125u, 126u, 65535u, 65536u, 80'000u}) {
                std::string const payload(size, 'y');
                std::string out = "before";
                ws::frame_builder b(out, self, expected);
                out += payload;
                CHECK(b.size() == size);
                b.finish(opcode::binary, key);
                std::string plain = "before";
                ws::append_frame(plain, self, opcode::binary, payload, key);
                CHECK(out == plain);
            }
}

TEST_CASE("A frame that was begun can be taken back") {
    std::string out = "before";
    ws::frame_builder b(out, role::server, 10);
    out += "payload";
    b.discard();
    CHECK(out == "before");
}

TEST_CASE("The mask is its own inverse for every size and alignment") {
    std::string text;
    for (int i = 0; i < 200; ++i) text += static_cast<char>('a' + i % 26);
    for (std::size_t from = 0; from < 9; ++from)
        for (std::size_t n = 0; n + from <= 150; ++n) {
            std::string copy = text;
            ws::detail::apply_mask(copy.data() + from, n, key);
            for (std::size_t i = 0; i < n; ++i) {
                unsigned const k = (key >> (8 * (i % 4))) & 255;
                REQUIRE(static_cast<unsigned char>(copy[from + i]) ==
                        (static_cast<unsigned char>(text[from + i]) ^ k));
            }
            CHECK_FALSE(ws::detail::apply_mask(copy.data() + from, n, key));
            CHECK(copy == text);
        }
}
