// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    The end of an event loop on which Socket.IO clients wait, and of the server.
*/

#include <httphooks/socketio/server.hpp>

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/mortal_service.hpp"
#include "support/socketio_service.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hh = httphooks;
namespace sio = httphooks::socketio;
using mortal = support::mortal_service<sio::server>;
using support::http_peer;
using support::websocket_peer;

TEST_CASE("a server ends with its event loop, whatever its sockets wait for") {
    std::string const order = GENERATE(as<std::string>(), "wsc", "swc", "wcs");
    std::string const waiting = GENERATE(as<std::string>(), "over WebSocket", "in a poll",
                                         "an upgrade", "a middleware", "a namespace", "a packet");
    INFO(waiting << ", " << order);
    auto const kept = std::make_shared<int>(0);
    std::vector<std::function<void()>> unanswered;
    {
        sio::options o;
        o.recovery.emplace();
        mortal s(o);
        std::atomic<int> asked{0};
        s.server().on_connection([&s, kept](sio::socket k) {
            k.data()["text"] = "x";
            k.join("room");
            k.on("x", [k, kept] {});
            k.on_disconnect([k, kept](sio::disconnect_reason) {});
            k.emit("owed", [k, kept](hh::error_code) {});
            s.server().to("room").emit("owed",
                                       [kept](hh::error_code, std::vector<nlohmann::json>) {});
        });
        if (waiting == "a middleware")
            s.server().use([&, kept](sio::socket const& k, sio::next const& go) {
                unanswered.push_back([k, go, kept] { go(); });
                ++asked;
            });
        if (waiting == "a packet")
            s.server().on_connection([&, kept](sio::socket k) {
                k.use([&, kept](std::string_view, sio::arguments const&, sio::next const& go) {
                    unanswered.push_back([go, kept] { go(); });
                    ++asked;
                });
            });
        s.server().of([&, kept](std::string_view, nlohmann::json const&,
                                std::function<void(bool)> const& decide) {
            unanswered.push_back([decide, kept] { decide(true); });
            ++asked;
        });
        std::string const polling = "/socket.io/?EIO=4&transport=polling";
        http_peer poller(s.port());
        http_peer poster(s.port());
        std::optional<websocket_peer> w;
        if (waiting == "in a poll" || waiting == "an upgrade") {
            std::string const sid = support::text_member(poller.ask("GET", polling).body, "sid");
            std::string const target = polling + "&sid=" + sid;
            CHECK(poster.ask("POST", target, {}, "40").body == "ok");
            std::string got;
            while (got.find("owed") == got.npos) got += poller.ask("GET", target).body;
            if (waiting == "an upgrade") {
                w.emplace(s.port(), "/socket.io/?EIO=4&transport=websocket&sid=" + sid);
                w->send("2probe");
                CHECK(w->text() == "3probe");
            }
            poller.send("GET", target);
            CHECK(poster.ask("POST", target, {}, "6").body == "ok");
        } else {
            w.emplace(s.port(), "/socket.io/?EIO=4&transport=websocket");
            CHECK(w->text().starts_with("0"));
            w->send(waiting == "a namespace" ? "40/dynamic," : "40");
            if (waiting == "over WebSocket" || waiting == "a packet") {
                CHECK(w->text().starts_with("40"));
                CHECK(w->text() == "420[\"owed\"]");
            }
            w->send("42[\"x\"]");
            if (waiting != "over WebSocket") CHECK(support::eventually([&] { return asked == 1; }));
        }
        s.end(order);
    }
    for (auto const& late : unanswered) late();
    unanswered.clear();
    CHECK(kept.use_count() == 1);
}

TEST_CASE("a server whose event loop is gone sends to nobody") {
    auto const kept = std::make_shared<int>(0);
    {
        mortal s(sio::options{});
        sio::server const io = s.server();
        s.end("wc");
        for (auto const& to : {io.of("/").all(), io.of("/late").to("room")})
            to.emit("q", [kept](hh::error_code, std::vector<nlohmann::json> const&) {});
    }
    CHECK(kept.use_count() == 1);
}
