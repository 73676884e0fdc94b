// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/parser.hpp>

#include "support/catch.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sio = httphooks::socketio;
namespace detail = httphooks::socketio::detail;
using httphooks::error_code;
using nlohmann::json;
using sio::error;
using sio::packet_type;
using sio::parser;
using namespace std::string_literals;

namespace {

/// A decoder, with what it has given last.
struct receiver {
    explicit receiver(parser kind = parser::json, sio::decoder_limits const& limits = {})
        : decode(kind, limits) {}

    error_code text(std::string_view data) { return take(data, false); }
    error_code binary(std::string_view data) { return take(data, true); }

    sio::decoder decode;
    sio::incoming packet;
    bool complete = false;

private:
    error_code take(std::string_view data, bool binary) {
        message_ = data;
        return decode.receive(message_, binary, packet, complete);
    }

    std::string message_;
};

/// The arguments of a packet that is text only.
json arguments_of(std::string_view text) {
    receiver r;
    INFO(text);
    REQUIRE_FALSE(r.text(text));
    CHECK(r.complete);
    return r.packet.args.to_json();
}

error_code parse_error(std::string_view text) {
    receiver r;
    error_code const e = r.text(text);
    CHECK_FALSE(r.complete);
    return e;
}

std::string event_of(std::string_view text) {
    receiver r;
    INFO(text);
    CHECK_FALSE(r.text(text));
    CHECK(r.packet.type == packet_type::event);
    CHECK(r.packet.has_name);
    return std::string(r.packet.event);
}

error_code refused_by_msgpack(json const& packet) {
    std::string data;
    json::to_msgpack(packet, data);
    receiver r(parser::msgpack);
    return r.binary(data);
}

std::string nested(std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
}

}  // namespace

TEST_CASE("the payload of a connect is an object, or nothing") {
    CHECK(arguments_of("0").empty());
    CHECK(arguments_of("0/admin,{\"token\":\"x\"}") == json::array({{{"token", "x"}}}));
    for (auto const text : {"0[\"a\"]", "0\"a\"", "0null", "01", "0{}x", "0{", "0,", "0 {}"}) {
        INFO(text);
        // a digit is the number of an acknowledgement, which a connect does not need
        if (std::string_view(text) == "01")
            CHECK_FALSE(receiver().text(text));
        else
            CHECK(parse_error(text) == error::bad_payload);
    }
}

TEST_CASE("the payload of a parse_error is an object or a text") {
    CHECK(arguments_of("4{\"message\":\"no\"}")[0]["message"] == "no");
    CHECK(arguments_of("4/x,\"no\"") == json::array({"no"}));
    CHECK(parse_error("4[1]") == error::bad_payload);
    CHECK(parse_error("4null") == error::bad_payload);
}

TEST_CASE("the name of an event is a text or a number") {
    CHECK(event_of("2[\"message\",1]") == "message");
    CHECK(event_of("2[\"a\\u0062\\n\"]") == "ab\n");
    CHECK(event_of("2[\"\"]").empty());
    CHECK(event_of("2[7,\"x\"]") == "7");
    CHECK(event_of("2[-7]") == "-7");
    CHECK(event_of("2[7.0]") == "7");
    CHECK(event_of("2[-0]") == "0");
    CHECK(event_of("2[1e3]") == "1000");
    CHECK(event_of("2[2.50]") == "2.5");
    CHECK(event_of("2[1e21]") == "1e+21");
    CHECK(event_of("2[1e-7]") == "1e-7");
    CHECK(event_of("2[9007199254740993]") == "9007199254740992");
    CHECK(event_of("2[1e999]") == "Infinity");
    for (auto const text : {"2[]", "2[null]", "2[true]", "2[[\"a\"]]", "2[{\"a\":1}]"})
        CHECK(parse_error(text) == error::bad_event_name);
    for (auto const text : {"2{}", "2null", "2\"s\"", "2{\"0\":\"a\"}"})
        CHECK(parse_error(text) == error::bad_payload);
}

TEST_CASE("an event without a payload has no name, and is not refused") {
    receiver r;
    REQUIRE_FALSE(r.text("2"));
    CHECK(r.complete);
    CHECK_FALSE(r.packet.has_name);
    CHECK(r.packet.args.empty());
}

TEST_CASE("events with reserved names are refused, in whatever spelling") {
    for (auto const text : {"2[\"connect\"]", "2[\"connect_error\",1]", "2[\"disconnect\"]",
                            "2[\"disconnecting\"]", "2[\"newListener\"]", "2[\"removeListener\"]",
                            "2[\"conn\\u0065ct\"]", "51-[\"connect\"]"})
        CHECK(parse_error(text) == error::reserved_event);
    CHECK(event_of("2[\"connection\"]") == "connection");
    CHECK(event_of("2[\"error\"]") == "error");
}

TEST_CASE("an acknowledgement has an array and a number") {
    receiver r;
    REQUIRE_FALSE(r.text("3/x,0[1,\"a\"]"));
    CHECK(r.packet.type == packet_type::ack);
    CHECK(r.packet.nsp == "/x");
    CHECK(r.packet.id == 0u);
    CHECK(r.packet.args.get<std::string>(1).value() == "a");
    CHECK_FALSE(r.packet.has_name);
    REQUIRE_FALSE(r.text("35[]"));
    CHECK(r.packet.args.empty());
    CHECK(parse_error("35{}") == error::bad_payload);
}

TEST_CASE("white space is taken within the payload and behind it, not in front") {
    CHECK(arguments_of("2[ \"a\" ,\t{ \"x\" :\n1 } ] \n") == json::array({{{"x", 1}}}));
    for (auto const text : {"2 [\"a\"]", "2\n[\"a\"]", "21 [\"a\"]", "2/x, [\"a\"]", "0 {}"})
        CHECK(parse_error(text) == error::bad_payload);
}

TEST_CASE("what is no JSON, or has something behind it, is refused") {
    for (auto const text :
         {"2[\"a\"]x", "2[\"a\"]]", "2[\"a\",]", "2[\"a\"", "2[\"a\",01]", "2[\"a\" 1]",
          "2[\"a\",'b']", "2[\"a\",NaN]", "2[\"a\",{\"x\"}]", "2[\"\\x\"]", "2[\"a\",\"\n\"]", "2x",
          "2,[\"a\"]", "2-1[\"a\"]", "3[1]\"a\""})
        CHECK(parse_error(text) == error::bad_payload);
}

TEST_CASE("payloads are nested up to a limit") {
    CHECK(arguments_of("2[\"a\"," + nested(199) + "]").size() == 1);
    CHECK(parse_error("2[\"a\"," + nested(200) + "]") == error::too_deep);
    CHECK(parse_error("2[\"a\"," + nested(400000) + "]") == error::too_deep);
    CHECK(parse_error("2[\"a\"," + std::string(900000, '[')) == error::bad_payload);
    sio::decoder_limits limits;
    limits.depth = 2;
    receiver r(parser::json, limits);
    CHECK_FALSE(r.text("2[\"a\",[]]"));
    CHECK(r.text("2[\"a\",[[]]]") == error::too_deep);
    CHECK(r.text("51-[\"a\",[[]]]") == error::too_deep);
}

TEST_CASE("very many arguments are read like few") {
    std::string text = "2[\"a\"";
    for (int i = 0; i < 100000; ++i) text += ",1";
    receiver r;
    REQUIRE_FALSE(r.text(text + "]"));
    CHECK(r.packet.args.size() == 100000);
    CHECK(r.packet.args.get<int>(99999).value() == 1);
    REQUIRE_FALSE(r.text("2[\"b\",5]"));
    CHECK(r.packet.args.size() == 1);
    CHECK(r.packet.args.get<int>(0).value() == 5);
}

TEST_CASE("names of namespaces have a limit") {
    CHECK_FALSE(receiver().text("0/" + std::string(255, 'x')));
    CHECK(parse_error("0/" + std::string(256, 'x')) == error::bad_namespace);
    CHECK(refused_by_msgpack({{"type", 0}, {"nsp", "/" + std::string(256, 'x')}}) ==
          error::bad_namespace);
}

TEST_CASE("a placeholder in a packet without attachments is the application's") {
    json const user{{"_placeholder", true}, {"num", 0}};
    CHECK(arguments_of("2[\"a\",{\"_placeholder\":true,\"num\":0}]") == json::array({user}));
}

TEST_CASE("a packet with attachments is complete when all have come") {
    receiver r;
    REQUIRE_FALSE(
        r.text("52-/x,7[\"up\",{\"f\":{\"_placeholder\":true,\"num\":1}},"
               "{\"_placeholder\":true,\"num\":0}]"));
    CHECK_FALSE(r.complete);
    CHECK(r.decode.waiting());
    REQUIRE_FALSE(r.binary("first"));
    CHECK_FALSE(r.complete);
    REQUIRE_FALSE(r.binary(""));
    REQUIRE(r.complete);
    CHECK_FALSE(r.decode.waiting());
    CHECK(r.packet.type == packet_type::event);
    CHECK(r.packet.nsp == "/x");
    CHECK(r.packet.id == 7u);
    CHECK(r.packet.event == "up");
    REQUIRE(r.packet.args.size() == 2);
    CHECK(r.packet.args.get<sio::bytes>(1).value().data == "first");
    CHECK(r.packet.args.json(0)["f"] == json(sio::bytes{}));

    REQUIRE_FALSE(r.text("61-3[{\"_placeholder\":true,\"num\":0}]"));
    REQUIRE_FALSE(r.binary("\0\xff"s));
    REQUIRE(r.complete);
    CHECK(r.packet.type == packet_type::ack);
    CHECK(r.packet.id == 3u);
    CHECK(r.packet.args.get<sio::bytes>(0).value().data == "\0\xff"s);
    REQUIRE_FALSE(r.text("2[\"plain\"]"));
    CHECK(r.complete);
}

TEST_CASE("a binary packet that announces nothing is complete, and the next one is read too") {
    receiver r;
    REQUIRE_FALSE(r.text("50-[\"e\",1]"));
    CHECK(r.complete);
    CHECK(r.packet.event == "e");
    CHECK(r.packet.args.get<int>(0).value() == 1);
    REQUIRE_FALSE(r.text("2[\"f\"]"));
    CHECK(r.packet.event == "f");
    CHECK(r.binary("x") == error::unexpected_attachment);
    CHECK(r.text("50-[\"e\",{\"_placeholder\":true,\"num\":0}]") == error::bad_placeholder);
}

TEST_CASE("text in place of an attachment, and bytes that nobody announced, are refused") {
    receiver r;
    REQUIRE_FALSE(r.text("51-[\"a\"]"));
    CHECK(r.text("2[\"b\"]") == error::missing_attachment);
    receiver other;
    CHECK(other.binary("x") == error::unexpected_attachment);
    REQUIRE_FALSE(other.text("51-[\"a\"]"));
    REQUIRE_FALSE(other.binary("x"));
    CHECK(other.complete);
    CHECK(other.binary("x") == error::unexpected_attachment);
}

TEST_CASE("a placeholder that stands for nothing is refused when the attachments are there") {
    for (auto const num : {"1", "-1", "\"0\"", "0.5", "null"}) {
        receiver r;
        REQUIRE_FALSE(r.text("51-[\"a\",{\"_placeholder\":true,\"num\":"s + num + "}]"));
        CHECK(r.binary("x") == error::bad_placeholder);
        CHECK_FALSE(r.complete);
        CHECK_FALSE(r.decode.waiting());
    }
    CHECK(parse_error("51-[{\"_placeholder\":true,\"num\":0}]") == error::bad_event_name);
}

TEST_CASE("attachments have a limit of number, and of bytes") {
    CHECK(parse_error("511-[\"a\"]") == error::too_many_attachments);
    sio::decoder_limits limits;
    limits.attachments = 2;
    limits.bytes = 32;
    receiver r(parser::json, limits);
    CHECK(r.text("53-[\"a\"]") == error::too_many_attachments);
    REQUIRE_FALSE(r.text("52-[\"a\"]"));
    REQUIRE_FALSE(r.binary(std::string(12, 'x')));
    CHECK(r.binary(std::string(13, 'x')) == error::too_large);
    receiver large(parser::json, limits);
    CHECK(large.text("51-[\"" + std::string(32, 'a') + "\"]") == error::too_large);
    CHECK_FALSE(large.text("2[\"" + std::string(32, 'a') + "\"]"));
}

TEST_CASE("an attachment counts as often as it is used") {
    std::string text = R"(51-["e")";
    for (int i = 0; i < 5; ++i) text += R"(,{"_placeholder":true,"num":0})";
    text += ']';
    sio::decoder_limits limits;
    limits.bytes = text.size() + 5000;
    {
        receiver r(parser::json, limits);
        REQUIRE_FALSE(r.text(text));
        REQUIRE_FALSE(r.binary(std::string(1000, 'x')));
        CHECK(r.packet.args.get<sio::bytes>(4).value().data == std::string(1000, 'x'));
    }
    receiver r(parser::json, limits);
    REQUIRE_FALSE(r.text(text));
    CHECK(r.binary(std::string(1001, 'x')) == error::too_large);
}

TEST_CASE("lone surrogates and numbers without end are read in packets with attachments too") {
    receiver r;
    REQUIRE_FALSE(r.text("51-[\"a\",\"\\ud800\",1e999]"));
    REQUIRE_FALSE(r.binary("x"));
    CHECK(r.packet.args.get<std::string>(0).value() == "\xef\xbf\xbd");
    CHECK(r.packet.args.json(1).is_null());
}

TEST_CASE("packets are encoded as text with their attachments behind it") {
    detail::payload p;
    detail::make_event_payload(p, "up", sio::bytes{"abc"}, 1, json{{"x", sio::bytes{}}});
    auto const m = sio::encode(parser::json, {packet_type::event, "/x", std::uint64_t{4}}, p);
    REQUIRE(m.packets().size() == 3);
    CHECK_FALSE(m.packets()[0].binary);
    CHECK(m.packets()[0].data ==
          "52-/x,4[\"up\",{\"_placeholder\":true,\"num\":0},1,"
          "{\"x\":{\"_placeholder\":true,\"num\":1}}]");
    CHECK(m.packets()[1].binary);
    CHECK(m.packets()[1].data == "abc");
    CHECK(m.packets()[2].data.empty());

    detail::make_payload(p, sio::bytes{"z"});
    CHECK(
        sio::encode(parser::json, {packet_type::ack, "/", std::uint64_t{0}}, p).packets()[0].data ==
        "61-0[{\"_placeholder\":true,\"num\":0}]");
    detail::make_payload(p);
    CHECK(
        sio::encode(parser::json, {packet_type::ack, "/", std::uint64_t{5}}, p).packets()[0].data ==
        "35[]");
    CHECK(sio::encode(parser::json, {packet_type::disconnect, "/x"}).packets()[0].data == "1/x,");
    CHECK(sio::encode(parser::json, {packet_type::connect, "/", {}, 0, "{\"sid\":\"a\"}"})
              .packets()[0]
              .data == "0{\"sid\":\"a\"}");
}

TEST_CASE("what is encoded is decoded, with both parsers") {
    json const document{{"k", {1, 2.5, nullptr, "\xc3\xa9"}}, {"b", json::binary({0, 255})}};
    for (parser const kind : {parser::json, parser::msgpack}) {
        detail::payload p;
        detail::make_event_payload(p, "e", document, sio::bytes{"x"}, -5, true);
        auto const m = sio::encode(kind, {packet_type::event, "/n", std::uint64_t{12}}, p);
        receiver r(kind);
        for (auto const& part : m.packets()) {
            CHECK_FALSE(r.complete);
            REQUIRE_FALSE((part.binary ? r.binary(part.data) : r.text(part.data)));
        }
        REQUIRE(r.complete);
        CHECK(r.packet.type == packet_type::event);
        CHECK(r.packet.event == "e");
        CHECK(r.packet.nsp == "/n");
        CHECK(r.packet.id == 12u);
        CHECK(r.packet.args.json(0) == document);
        CHECK(r.packet.args.get<sio::bytes>(1).value().data == "x");
        CHECK(r.packet.args.get<int>(2).value() == -5);
        CHECK(r.packet.args.get<bool>(3).value());
    }
}

TEST_CASE("a packet of the msgpack parser is one binary message") {
    std::string out;
    sio::append_msgpack(out, {packet_type::connect, "/", {}, 0, "{\"sid\":\"a\"}"});
    CHECK(json::from_msgpack(out) == json{{"type", 0}, {"nsp", "/"}, {"data", {{"sid", "a"}}}});
    out.clear();
    sio::append_msgpack(out, {packet_type::disconnect, "/x"});
    CHECK(json::from_msgpack(out) == json{{"type", 1}, {"nsp", "/x"}});
    receiver r(parser::msgpack);
    REQUIRE_FALSE(
        r.binary("\x83\xa4type\x00\xa3nsp\xa1/\xa4"
                 "data\x81\xa3sid\xa1z"s));
    CHECK(r.packet.type == packet_type::connect);
    CHECK(r.packet.nsp == "/");
    CHECK(r.packet.args.json(0)["sid"] == "z");
    CHECK(r.text("2[\"a\"]") == error::bad_payload);
}

TEST_CASE("the msgpack parser refuses what is no packet") {
    CHECK_FALSE(refused_by_msgpack({{"type", 2}, {"nsp", "/"}, {"data", {"e"}}, {"id", 5}}));
    CHECK_FALSE(refused_by_msgpack({{"type", 2}, {"nsp", "/"}, {"data", {7}}, {"options", 1}}));
    CHECK_FALSE(refused_by_msgpack({{"type", 0}, {"nsp", "/"}}));
    CHECK_FALSE(refused_by_msgpack({{"type", 1}, {"nsp", "/"}, {"id", nullptr}}));
    for (json const& type : {json(5), json(-1), json("2"), json(nullptr), json(2.5), json(true)})
        CHECK(refused_by_msgpack({{"type", type}, {"nsp", "/"}, {"data", {"e"}}}) ==
              error::unknown_type);
    for (json const& nsp : {json(5), json(nullptr), json::array(), json::object()})
        CHECK(refused_by_msgpack({{"type", 2}, {"nsp", nsp}, {"data", {"e"}}}) ==
              error::bad_namespace);
    for (json const& id : {json("1"), json(-1), json(1.5), json::array()})
        CHECK(refused_by_msgpack({{"type", 2}, {"nsp", "/"}, {"data", {"e"}}, {"id", id}}) ==
              error::bad_id);
    CHECK(refused_by_msgpack({{"type", 2}, {"nsp", "/"}}) == error::bad_payload);
    CHECK(refused_by_msgpack({{"type", 2}, {"nsp", "/"}, {"data", "e"}}) == error::bad_payload);
    CHECK(refused_by_msgpack({{"type", 3}, {"nsp", "/"}, {"data", json::object()}}) ==
          error::bad_payload);
    CHECK(refused_by_msgpack({{"type", 0}, {"nsp", "/"}, {"data", {1}}}) == error::bad_payload);
    CHECK(refused_by_msgpack({{"type", 1}, {"nsp", "/"}, {"data", {1}}}) == error::bad_payload);
    CHECK(refused_by_msgpack({{"type", 4}, {"nsp", "/"}, {"data", 1}}) == error::bad_payload);
    CHECK(refused_by_msgpack({{"type", 2}, {"nsp", "/"}, {"data", json::array()}}) ==
          error::bad_event_name);
    CHECK(refused_by_msgpack({{"type", 2}, {"nsp", "/"}, {"data", {nullptr}}}) ==
          error::bad_event_name);
    CHECK(refused_by_msgpack({{"type", 2}, {"nsp", "/"}, {"data", {"connect"}}}) ==
          error::reserved_event);
    CHECK(refused_by_msgpack({1, 2}) == error::bad_payload);
    receiver r(parser::msgpack);
    CHECK(r.binary("") == error::bad_payload);
    CHECK(r.binary(std::string(100000, '\x91')) == error::bad_payload);
}
