// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/sockjs/info.hpp>

#include "support/catch.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <set>

namespace sockjs = httphooks::sockjs;
using json = nlohmann::json;

TEST_CASE("info says what there is") {
    sockjs::options o;
    auto const info = json::parse(sockjs::info_text(o, 4'294'967'295u));
    CHECK(info["websocket"] == true);
    CHECK(info["cookie_needed"] == false);
    CHECK(info["origins"] == json::array({"*:*"}));
    CHECK(info["entropy"] == 4'294'967'295u);
    CHECK_FALSE(info.contains("base_url"));
    CHECK(info["transports"] == json::array({"websocket", "xhr-streaming", "xhr-polling",
                                             "eventsource", "htmlfile", "jsonp-polling"}));
}

TEST_CASE("info tells of a server without WebSocket, and of one with the cookie") {
    sockjs::options o;
    o.websocket = false;
    o.script_transports = false;
    o.jsessionid = true;
    o.base_url = "https://node-1.example.org/\"x\"";
    auto const info = json::parse(sockjs::info_text(o, 0));
    CHECK(info["websocket"] == false);
    CHECK(info["cookie_needed"] == true);
    CHECK(info["base_url"] == "https://node-1.example.org/\"x\"");
    CHECK(info["transports"] == json::array({"xhr-streaming", "xhr-polling", "eventsource"}));
}

TEST_CASE("the entropy is another one each time") {
    std::set<std::uint32_t> seen;
    for (int i = 0; i < 100; ++i) seen.insert(sockjs::info_entropy());
    CHECK(seen.size() > 95);
}
