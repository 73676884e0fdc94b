// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/detail/redis_codec.hpp>

#include <httphooks/socketio/cluster_message.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace sio = httphooks::socketio;
namespace sd = httphooks::socketio::detail;

namespace {

sio::cluster_message classic_event() {
    sio::cluster_message m;
    m.type = sio::cluster_message_type::broadcast;
    m.uid = "abcdef";
    m.nsp = "/n";
    m.packet = {R"(["ev",{"z":1,"a":[true,null]},-5,"\u00e9"])", {}};
    m.to = {{"r1", "r2"}, {"no"}, {}};
    m.to.flags.volatile_ = true;
    m.to.flags.compress = false;
    m.to.flags.timeout = std::chrono::milliseconds(1500);
    return m;
}

sio::cluster_message classic_ack(std::string text) {
    sio::cluster_message m;
    m.type = sio::cluster_message_type::broadcast_ack;
    m.request_id = "question";
    m.packet.text = std::move(text);
    return m;
}

/// The MessagePack of JSON, by way of a document's text.
std::string classic_bytes(std::string text) {
    return sio::to_msgpack({std::move(text), {}});
}

}  // namespace

TEST_CASE("classic messages are written as their JSON would be") {
    auto m = classic_event();
    std::string const packet =
        R"({"type":2,"data":["ev",{"z":1,"a":[true,null]},-5,"\u00e9"],"nsp":"/n"})";
    std::string const flags = R"({"volatile":true,"compress":false,"timeout":1500})";
    CHECK(sd::encode_redis_broadcast(m) ==
          classic_bytes(R"(["abcdef",)" + packet +
                        R"(,{"rooms":["r1","r2"],"except":["no"],"flags":)" + flags + "}]"));
    CHECK(sd::encode_redis_broadcast(m, true) ==
          classic_bytes(R"(["abcdef",)" + packet + R"(,{"rooms":["r1","r2"],"flags":)" + flags +
                        R"(,"except":["no"]}])"));
    m.request_id = "q";
    std::string const rest = R"("requestId":"q","type":7,"packet":)" + packet +
                             R"(,"opts":{"rooms":["r1","r2"],"except":["no"],"flags":)" + flags +
                             "}}";
    CHECK(sd::encode_redis_request(m) == classic_bytes(R"({"uid":"abcdef",)" + rest));
    CHECK(sd::encode_redis_request(m, false) == classic_bytes("{" + rest));
    CHECK(sd::encode_redis_response(classic_ack(R"({"b":[1.5]})")) ==
          classic_bytes(R"({"type":9,"requestId":"question","packet":{"b":[1.5]}})"));
    CHECK(sd::encode_redis_response(classic_ack("")) ==
          classic_bytes(R"({"type":9,"requestId":"question","packet":null})"));
}

TEST_CASE("bytes of a classic event are in their places") {
    auto m = classic_event();
    m.packet = {R"(["ev",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}])",
                {"\x01", "\x02\x03"}};
    std::string const bytes = sd::encode_redis_broadcast(m);
    CHECK(bytes.find("\xc4\x02\x02\x03\xc4\x01\x01") != bytes.npos);
    sio::cluster_message back;
    REQUIRE(sd::read_redis_broadcast(back, bytes));
    CHECK(back.packet.attachments == std::vector<std::string>{"\x02\x03", "\x01"});
}

TEST_CASE("acknowledgements are read whatever the order of their members is") {
    for (std::string const text : {R"({"type":9,"requestId":"q","packet":{"a":[1]}})",
                                   R"({"packet":{"a":[1]},"requestId":"q","type":9})",
                                   R"({"requestId":"q","type":9,"more":[{}],"packet":{"a":[1]}})",
                                   R"({"requestId":"x","requestId":"q","type":9,)"
                                   R"("packet":0,"packet":{"a":[1]}})"}) {
        CAPTURE(text);
        for (std::string const& bytes : {text, classic_bytes(text)}) {
            sio::cluster_message m;
            REQUIRE(sd::read_redis_response(m, bytes));
            CHECK(m.type == sio::cluster_message_type::broadcast_ack);
            CHECK(m.request_id == "q");
            CHECK(m.packet.text == R"({"a":[1]})");
        }
    }
    sio::cluster_message without;
    REQUIRE(sd::read_redis_response(without, classic_bytes(R"({"type":9,"requestId":"q"})")));
    CHECK(without.packet.text == "null");
    sio::cluster_message binary;
    std::string bytes = classic_bytes(R"({"type":9,"requestId":"q"})");
    bytes[0] = '\x83';
    REQUIRE(sd::read_redis_response(binary, bytes + "\xa6packet\xc4\x02\x07\x08"));
    CHECK(binary.packet.text == R"({"_placeholder":true,"num":0})");
    CHECK(binary.packet.attachments == std::vector<std::string>{"\x07\x08"});
}

TEST_CASE("what is no acknowledgement is not read as one") {
    for (std::string const text :
         {R"({"type":9,"requestId":"","packet":1})", R"({"type":9,"packet":1})",
          R"({"type":9,"requestId":5,"packet":1})", R"({"type":"9","requestId":"q","packet":1})",
          R"({"type":-9,"requestId":"q","packet":1})", R"([9,"q",1])", R"(9)"}) {
        CAPTURE(text);
        sio::cluster_message m;
        CHECK_FALSE(sd::read_redis_response(m, classic_bytes(text)));
        CHECK_FALSE(sd::read_redis_response(m, text));
    }
}

TEST_CASE("the question of an answer is seen without reading it") {
    for (std::string const text :
         {R"({"requestId":"q1","sockets":[)", R"({"type":8,"requestId":"q1","clientCount":1})",
          R"({"requestId":"q1")"}) {
        CAPTURE(text);
        CHECK(sd::peek_redis_question(text) == "q1");
    }
    CHECK(sd::peek_redis_question(sd::encode_redis_response(classic_ack("1"))) == "question");
    CHECK(sd::peek_redis_question("\x82\xa9requestId\xa2q1\xa7sockets") == "q1");
    for (std::string const text :
         {R"({"sockets":[],"requestId":"q1"})", R"({"requestId":"q\u0031"})", R"({"requestId":5})",
          R"({ "requestId":"q1"})", R"({"type":"8","requestId":"q1"})", R"({"type":8)",
          R"({"requestId":"q1)", R"(["requestId","q1"])", "{", "", "\x82", "\x82\xa9requestId",
          "\x82\xa9requestId\x05", "\x81\xa4type", "\x93\xa2q1", "\xc1"}) {
        CAPTURE(text);
        CHECK_FALSE(sd::peek_redis_question(text));
    }
}

TEST_CASE("an acknowledgement of which any byte is wrong or missing does no harm") {
    std::string const whole =
        sd::encode_redis_response(classic_ack(R"([1,"text",{"deep":[[[2.5]]]},null,true])"));
    for (std::size_t n = 0; n < whole.size(); ++n) {
        sio::cluster_message m;
        CHECK_FALSE(sd::read_redis_response(m, whole.substr(0, n)));
    }
    sio::cluster_message longer;
    CHECK_FALSE(sd::read_redis_response(longer, whole + '\xc0'));
    for (std::size_t at = 0; at < whole.size(); ++at)
        for (int value = 0; value < 256; ++value) {
            std::string bytes = whole;
            bytes[at] = static_cast<char>(value);
            sio::cluster_message m;
            if (!sd::read_redis_response(m, bytes)) continue;
            CHECK_FALSE(m.request_id.empty());
            CHECK(m.packet.text.size() < 4096);
        }
    std::string deep = classic_bytes(R"({"type":9,"requestId":"q"})");
    deep[0] = '\x83';
    deep += "\xa6packet" + std::string(100'000, '\x91') + '\xc0';
    sio::cluster_message m;
    CHECK_FALSE(sd::read_redis_response(m, deep));
}

TEST_CASE("what a classic server knows of sockets is read in any order of members") {
    std::string const id = R"("requestId":"q\u0031")";
    std::string const sockets =
        R"("sockets":[{"id":"a","handshake":{"url":"/","x":[1,{"y":null}]},"rooms":["a",7,"\u00e9"],)"
        R"("data":{}},{"rooms":[],"id":"\"b","more":[true],"data":null} ])";
    for (std::string const& text : {"{" + id + "," + sockets + "}", "{" + sockets + "," + id + "}",
                                    "{ " + id + R"(,"more":{"sockets":[]},)" + sockets + "}"}) {
        CAPTURE(text);
        for (std::string const& bytes : {text, classic_bytes(text)}) {
            sio::cluster_message m;
            REQUIRE(sd::read_redis_response(m, bytes));
            CHECK(m.type == sio::cluster_message_type::fetch_sockets_response);
            CHECK(m.request_id == "q1");
            REQUIRE(m.sockets.size() == 2);
            CHECK(m.sockets[0].id == "a");
            CHECK(m.sockets[0].rooms == std::vector<std::string>{"a", "7", "\u00e9"});
            CHECK(m.sockets[0].handshake.get().at("x").at(1).at("y").is_null());
            CHECK(m.sockets[0].data.get().is_object());
            CHECK(m.sockets[1].id == "\"b");
            CHECK(m.sockets[1].rooms.empty());
            CHECK(m.sockets[1].handshake.get().is_null());
            sio::cluster_message again;
            REQUIRE(sd::read_redis_response(again, sd::encode_redis_response(m)));
            CHECK(again.sockets.size() == 2);
        }
    }
}

TEST_CASE("what is wrong with sockets of a classic server is seen wherever it is") {
    std::string const good =
        R"({"requestId":"q","sockets":[{"id":"a","handshake":{"h":[1.5e3,"t"]},"rooms":["a"],"data":{}}]})";
    sio::cluster_message m;
    REQUIRE(sd::read_redis_response(m, good));
    for (std::size_t n = 0; n < good.size(); ++n) {
        sio::cluster_message part;
        CHECK_FALSE(sd::read_redis_response(part, good.substr(0, n)));
    }
    for (std::string const& text :
         {good + "x", good + "}", std::string(R"({"requestId":"","sockets":[]})"),
          std::string(R"({"requestId":"q","sockets":[{"rooms":[]}]})"),
          std::string(R"({"requestId":"q","sockets":[{"id":7,"rooms":[]}]})"),
          std::string(R"({"requestId":"q","sockets":[{"id":"a"}]})"),
          std::string(R"({"requestId":"q","sockets":[{"id":"a","rooms":{}}]})"),
          std::string(R"({"requestId":"q","sockets":[{"id":"a","rooms":[null]}]})"),
          std::string(R"({"requestId":"q","sockets":[7]})"),
          std::string(R"({"requestId":"q","sockets":{}})"),
          std::string(R"({"requestId":"q","sockets":[{"id":"a","rooms":[],"data":{"x"}}]})"),
          R"({"requestId":"q","sockets":[{"id":"a","rooms":[],"data":)" + std::string(300, '[') +
              std::string(300, ']') + "}]}",
          std::string("{\"requestId\":\"q\",\"sockets\":[{\"id\":\"\xff\",\"rooms\":[]}]}")}) {
        CAPTURE(text);
        sio::cluster_message bad;
        CHECK_FALSE(sd::read_redis_response(bad, text));
    }
    // old servers tell ids alone
    sio::cluster_message old;
    REQUIRE(sd::read_redis_response(old, R"({"requestId":"q","sockets":["a","b"]})"));
    CHECK(old.type == sio::cluster_message_type::heartbeat);
    CHECK(old.sockets.empty());
}

TEST_CASE("sockets that are text already are written as they are") {
    sio::cluster_message m;
    m.type = sio::cluster_message_type::fetch_sockets_response;
    m.uid = "u";
    m.nsp = "/";
    m.request_id = "dq";
    m.packet = {R"([{"id":"a","rooms":["a"],"data":{"b":{"_placeholder":true,"num":0}}}])",
                {"\x01"}};
    sio::cluster_message classic;
    REQUIRE(sd::read_redis_response(classic, sd::encode_redis_response(m, "q")));
    CHECK(classic.request_id == "q");
    auto const sharded = sio::decode_cluster_message(encode(m));
    REQUIRE(sharded.has_value());
    CHECK(sharded->request_id == "dq");
    auto unsent = m;
    REQUIRE(sd::read_sockets_of(unsent));
    sio::cluster_message const* const read[] = {&classic, &*sharded, &unsent};
    for (auto const* const one : read) {
        REQUIRE(one->sockets.size() == 1);
        CHECK(one->sockets[0].id == "a");
        CHECK(one->sockets[0].data.get().at("b").is_binary());
    }
    m.packet = {R"([{"id":"a","rooms":["a"],"data":{}}])", {}};
    auto const plain = sio::decode_cluster_message(encode(m));
    REQUIRE(plain.has_value());
    CHECK(plain->sockets.size() == 1);
    CHECK(plain->uid == "u");
    CHECK(plain->nsp == "/");
    for (std::string const text :
         {R"({"type":8,"data":{"requestId":"q","sockets":[]},"uid":"u"})",
          R"({"type":8,"data":{"requestId":"q","sockets":[]},"uid":"","nsp":"/"})",
          R"({"type":8,"data":{"requestId":"q","sockets":[7]},"uid":"u","nsp":"/"})",
          R"({"type":8,"data":{"sockets":[]},"uid":"u","nsp":"/"})",
          R"({"type":8,"data":{"requestId":"q","sockets":[]},"uid":"u","nsp":"/"}})"}) {
        CAPTURE(text);
        CHECK_FALSE(sio::decode_cluster_message(text).has_value());
    }
    auto const other = sio::decode_cluster_message(
        R"({"type":8,"more":1,"nsp":"/","data":{"sockets":[],"requestId":"q"},"uid":"\u0061"})");
    REQUIRE(other.has_value());
    CHECK(other->uid == "a");
    m.packet.text.pop_back();
    CHECK_FALSE(sd::read_sockets_of(m));
}
