// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/handshake.hpp>

#include <httphooks/engineio/handshake.hpp>
#include <httphooks/message.hpp>

#include <nlohmann/json.hpp>

#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <memory>
#include <string>

#include "support/catch.hpp"

namespace hh = httphooks;
namespace sio = httphooks::socketio;
using nlohmann::json;

namespace {

sio::handshake shaken(hh::request r, json auth) {
    hh::engineio::handshake from;
    from.message = std::make_shared<hh::request const>(std::move(r));
    from.peer = {boost::asio::ip::make_address("192.0.2.7"), 1234};
    from.tls = true;
    from.issued = std::chrono::system_clock::time_point(std::chrono::milliseconds(1700000000123));
    return {from, std::make_shared<json const>(std::move(auth))};
}

}  // namespace

TEST_CASE("a handshake is written in the order that node has") {
    hh::request r;
    r.target("/socket.io/?EIO=4&transport=websocket&a=1&b=%22%5c&a=2");
    r.set("Host", "example.org");
    r.set("X-Quote", "a \"b\"\\");
    r.insert("X-Many", "1");
    r.insert("x-many", "2");
    auto const h = shaken(std::move(r), {{"token", "t"}});
    sio::packet_data to;
    h.append_to(to);
    CHECK(to.text ==
          R"({"headers":{"host":"example.org","x-quote":"a \"b\"\\","x-many":"2"},)"
          R"("time":"Tue, 14 Nov 2023 22:13:20 GMT","address":"192.0.2.7","xdomain":false,)"
          R"("secure":true,"issued":1700000000123,)"
          R"("url":"/socket.io/?EIO=4&transport=websocket&a=1&b=%22%5c&a=2",)"
          R"("query":{"EIO":"4","a":["1","2"],"b":"\"\\","transport":"websocket"},)"
          R"("auth":{"token":"t"}})");
    CHECK(h.to_json() == json::parse(to.text));
    CHECK(h.query() == h.to_json()["query"]);
}

TEST_CASE("a handshake with bytes that are no text is one still") {
    hh::request r;
    r.target("/socket.io/?x=%ff&%80=1&=&&;");
    r.set("X-Bytes", "\xff\x80");
    auto const h = shaken(std::move(r), json{{"b", json::binary({1})}});
    sio::packet_data to;
    h.append_to(to);
    CHECK(to.attachments.size() == 1);
    auto const all = h.to_json();
    CHECK(all["headers"]["x-bytes"] == "\xef\xbf\xbd\xef\xbf\xbd");
    CHECK(all["query"]["x"] == "\xef\xbf\xbd");
    CHECK(all["auth"]["b"] == json::binary({1}));
    CHECK(all["xdomain"] == false);
}
