// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/detail/unwanted.hpp>

#include <httphooks/socketio/cluster_message.hpp>
#include <httphooks/socketio/detail/redis_codec.hpp>

#include <chrono>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "support/idle_link.hpp"

namespace sio = httphooks::socketio;
using sio::detail::is_unwanted;
using sio::detail::is_unwanted_broadcast;

namespace {

/// A server with members in some rooms, which is asked about others.
struct roomy_link final : support::idle_link {
    bool concerns(std::string_view room) override {
        asked.emplace(room);
        return room == "here";
    }

    std::set<std::string> asked{};
};

sio::cluster_message event_to(std::vector<std::string> rooms) {
    sio::cluster_message m;
    m.type = sio::cluster_message_type::broadcast;
    m.uid = "0123456789abcdef";
    m.nsp = "/n";
    m.packet = {R"(["e",[{"opts":{"rooms":["x"]}}],-1.5,"\"},\"opts\":{\"rooms\":[\"x"])", {}};
    m.to.rooms = std::move(rooms);
    return m;
}

/// Whether it is unwanted in both formats.
bool unwanted_event(sio::cluster_message const& m) {
    roomy_link here;
    bool const is = is_unwanted(encode(m), here);
    CHECK(is_unwanted_broadcast(sio::detail::encode_redis_broadcast(m), here) == is);
    CHECK(is_unwanted_broadcast(sio::detail::encode_redis_broadcast(m, true), here) == is);
    return is;
}

}  // namespace

TEST_CASE("an event for rooms without members is not wanted") {
    CHECK(unwanted_event(event_to({"x"})));
    CHECK(unwanted_event(event_to({"", "y", "\xc3\xa9"})));
    CHECK_FALSE(unwanted_event(event_to({})));
    CHECK_FALSE(unwanted_event(event_to({"here"})));
    CHECK_FALSE(unwanted_event(event_to({"x", "here", "y"})));
    auto m = event_to({"x"});
    m.to.except = {"here", "b"};
    m.to.flags.volatile_ = true;
    m.to.flags.compress = false;
    m.to.flags.timeout = std::chrono::milliseconds(50);
    CHECK(unwanted_event(m));
    m.to.rooms = {"here"};
    CHECK_FALSE(unwanted_event(m));
}

TEST_CASE("events with bytes are seen to be unwanted, too") {
    auto m = event_to({"x"});
    m.packet = {R"(["e",{"_placeholder":true,"num":0}])", {std::string("\0\xff}", 3)}};
    CHECK(unwanted_event(m));
    m.to.rooms = {"here"};
    CHECK_FALSE(unwanted_event(m));
}

TEST_CASE("what asks for something is wanted, whatever its rooms") {
    roomy_link here;
    for (auto const type :
         {sio::cluster_message_type::broadcast, sio::cluster_message_type::sockets_join,
          sio::cluster_message_type::sockets_leave, sio::cluster_message_type::disconnect_sockets,
          sio::cluster_message_type::fetch_sockets, sio::cluster_message_type::server_side_emit,
          sio::cluster_message_type::broadcast_ack}) {
        auto m = event_to({"x"});
        m.type = type;
        m.request_id = "q";
        m.rooms = {"y"};
        CHECK_FALSE(is_unwanted(encode(m), here));
        m.packet.attachments = {"bytes"};
        m.packet.text = R"(["e",{"_placeholder":true,"num":0}])";
        CHECK_FALSE(is_unwanted(encode(m), here));
    }
    CHECK(here.asked.empty());
}

TEST_CASE("names that are not seen at a glance are left to who reads all of it") {
    roomy_link here;
    for (std::string const name : {"a\"b", "a\\b", "a\nb"})
        CHECK_FALSE(is_unwanted(encode(event_to({name})), here));
    for (std::string const name : {"a[b", "a]b", "a{b", "a}b", "},", ":", "[", "]}"}) {
        // taken for what it is, or for nothing
        here.asked.clear();
        bool const is = is_unwanted(encode(event_to({name, "x"})), here);
        CHECK((!is || here.asked == std::set<std::string>{name, "x"}));
        CHECK_FALSE(is_unwanted(encode(event_to({name, "here"})), here));
    }
}

TEST_CASE("what is cut off, or of another shape, is not said to be unwanted") {
    roomy_link here;
    std::string const good = encode(event_to({"x"}));
    REQUIRE(is_unwanted(good, here));
    for (std::size_t n = 0; n < good.size(); ++n) CHECK_FALSE(is_unwanted(good.substr(0, n), here));
    std::string const classic = sio::detail::encode_redis_broadcast(event_to({"x"}));
    std::size_t const rooms = classic.find("rooms\x91\xa1x");
    for (std::size_t n = 0; n < rooms + 8; ++n)
        CHECK_FALSE(is_unwanted_broadcast(classic.substr(0, n), here));
    std::string const end = R"(,"except":[],"flags":{}}},"uid":"u","nsp":"/"})";
    std::string const begin = R"({"type":3,"data":{"packet":{},"opts":{"rooms":)";
    CHECK(is_unwanted(begin + R"(["x"])" + end, here));
    for (std::string const list : {"[]", "[1]", R"(["x",1])", R"(["x",])", R"(["x""y"])", R"("x")",
                                   R"([["x"]])", R"({"x":["x"]})", R"(["x)", "null"})
        CHECK_FALSE(is_unwanted(begin + list + end, here));
    for (std::string const other :
         {R"(,"except":[1],"flags":{}}},"uid":"u","nsp":"/"})",
          R"(,"except":[],"flags":{"a":{}}}},"uid":"u","nsp":"/"})",
          R"(,"except":[],"flags":{}},"rooms":["y"]},"uid":"u","nsp":"/"})",
          R"(,"except":[],"flags":{}}},"uid":1,"nsp":"/"})",
          R"(,"except":[],"flags":{}}},"uid":"u","nsp":"/"}})"})
        CHECK_FALSE(is_unwanted(begin + R"(["x"])" + other, here));
    for (std::string const bytes : {"", "{", "}", "\"}", "{}", "[]", "\x80", "\x93", "\xc1"}) {
        CHECK_FALSE(is_unwanted(bytes, here));
        CHECK_FALSE(is_unwanted_broadcast(bytes, here));
    }
}
