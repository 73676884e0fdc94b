// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/detail/json/json_scanner.hpp>
#include <httphooks/socketio/adapter.hpp>
#include <httphooks/socketio/detail/cluster_codec.hpp>
#include <httphooks/socketio/detail/payload.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/allocation_count.hpp"
#include "support/catch.hpp"

namespace sio = httphooks::socketio;
using nlohmann::json;

namespace {

using sockets = std::vector<sio::socket_description>;

json bytes_of(std::string const& text) {
    return json::binary({text.begin(), text.end()});
}

sockets read_all(std::string const& text, std::vector<std::string> const& bytes) {
    sockets all;
    sio::detail::json_scanner from(text, sio::detail::cluster_depth);
    REQUIRE(sio::detail::read_sockets(all, from, bytes));
    return all;
}

/// What is allocated when so many sockets are read that have bytes.
std::uint64_t allocations_for(std::size_t count) {
    sockets all(count);
    for (std::size_t i = 0; i < count; ++i) {
        all[i].id = std::to_string(i);
        all[i].handshake = json{{"auth", bytes_of("h" + all[i].id)}};
        all[i].data = json{{"d", json::array({1, bytes_of("d" + all[i].id)})}};
    }
    sio::detail::payload written;
    sio::detail::append_sockets(written, all);
    REQUIRE(written.attachments.size() == 2 * count);
    std::uint64_t const before = httphooks::test::allocations();
    sockets const read = read_all(written.text, written.attachments);
    std::uint64_t const allocated = httphooks::test::allocations() - before;
    bool same = read.size() == count;
    for (std::size_t i = 0; same && i < count; ++i)
        same = read[i].handshake.get() == all[i].handshake.get() &&
               read[i].data.get() == all[i].data.get();
    CHECK(same);
    return allocated;
}

}  // namespace

TEST_CASE("sockets with bytes are read with allocations in proportion to their number") {
    std::uint64_t const few = allocations_for(100);
    REQUIRE(few > 0);
    CHECK(allocations_for(400) < 6 * few);
}

TEST_CASE("placeholders of sockets that name nothing, or the same over and over, stay") {
    std::string const place = R"({"_placeholder":true,"num":0})";
    std::string const none = R"({"_placeholder":true,"num":1})";
    std::string text = R"([{"id":"a","rooms":[],"handshake":)" + none + R"(,"data":[)" + place;
    for (int i = 0; i < 9; ++i) text += ',' + place;
    text += "]}]";
    sockets const all = read_all(text, {"bytes"});
    CHECK(all[0].handshake.get() == json::parse(none));
    auto const& data = all[0].data.get();
    REQUIRE(data.size() == 10);
    CHECK(data[0] == bytes_of("bytes"));
    CHECK(data[1] == bytes_of("bytes"));
    for (std::size_t i = 2; i < 10; ++i) CHECK(data[i] == json::parse(place));
}
