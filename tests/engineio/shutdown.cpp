// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    The end of an event loop on which Engine.IO clients wait, and of the server.
*/

#include <httphooks/engineio/server.hpp>

#include "support/catch.hpp"
#include "support/engineio_service.hpp"
#include "support/eventually.hpp"
#include "support/mortal_service.hpp"
#include "support/websocket.hpp"

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hh = httphooks;
namespace eio = httphooks::engineio;
using mortal = support::mortal_service<eio::server>;
using support::http_peer;
using support::websocket_peer;

TEST_CASE("a server ends with its event loop, whatever clients wait for") {
    std::string const order = GENERATE(as<std::string>(), "wsc", "swc", "wcs");
    std::string const waiting =
        GENERATE(as<std::string>(), "a poll", "a second poll", "a post", "half a post",
                 "a WebSocket", "a probe", "a middleware", "a verdict", "a verdict on a WebSocket",
                 "an idle connection", "what was closed");
    INFO(waiting << ", " << order);
    auto const kept = std::make_shared<int>(0);
    std::vector<std::function<void()>> unanswered;
    {
        eio::options o;
        o.path = "/e";
        mortal s(o);
        std::atomic<int> asked{0};
        s.server().on_error([kept](std::exception_ptr) {});
        s.server().on_connection([kept](eio::connection c) {
            c.data() = kept;
            c.on_message([c, kept](std::string_view) mutable { c.pause(); });
            c.on_close([c, kept](eio::close_reason) {});
        });
        if (waiting == "a middleware")
            s.server().use([&](hh::request const&, hh::fields&, eio::next const& go) {
                unanswered.push_back([go] { go(); });
                ++asked;
            });
        if (waiting.starts_with("a verdict"))
            s.server().allow_request(
                [&](eio::handshake const&, std::function<void(eio::verdict)> const& decide) {
                    unanswered.push_back([decide] { decide({}); });
                    ++asked;
                });
        std::string const polling = "/e/?EIO=4&transport=polling";
        http_peer first(s.port());
        http_peer second(s.port());
        std::string sid;
        if (unanswered.empty() && waiting != "a middleware" && !waiting.starts_with("a verdict"))
            sid = support::sid_of(first.ask("GET", polling).body);
        std::string const target = polling + "&sid=" + sid;
        std::optional<websocket_peer> w;
        if (waiting == "a poll") {
            first.send("GET", target);
            CHECK(second.ask("POST", target, {}, "6").body == "ok");
        } else if (waiting == "a second poll") {
            first.send("GET", target);
            second.send("GET", target);
            CHECK(second.reply().status == 400);
        } else if (waiting == "a post") {
            first.send("POST", target, {}, "4x");
            CHECK(second.ask("GET", "/e").status == 404);
        } else if (waiting == "half a post") {
            first.send_raw("POST " + target + " HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n");
            CHECK(second.ask("GET", "/e").status == 404);
        } else if (waiting == "a WebSocket") {
            w.emplace(s.port(), "/e/?EIO=4&transport=websocket");
            CHECK(w->text().starts_with("0"));
        } else if (waiting == "a probe") {
            w.emplace(s.port(), "/e/?EIO=4&transport=websocket&sid=" + sid);
            w->send("2probe");
            CHECK(w->text() == "3probe");
            first.send("GET", target);
            CHECK(first.reply().body == "6");
        } else if (waiting == "what was closed") {
            w.emplace(s.port(), "/e/?EIO=4&transport=websocket");
            CHECK(w->text().starts_with("0"));
            s.server().drain();
            CHECK(w->frame().op == 8);
        } else if (waiting == "a verdict on a WebSocket") {
            first.send_raw(support::handshake("/e/?EIO=4&transport=websocket"));
        } else if (waiting != "an idle connection") {
            first.send("GET", polling);
        }
        if (sid.empty()) CHECK(support::eventually([&] { return asked == 1; }));
        s.end(order);
    }
    for (auto const& late : unanswered) late();
    unanswered.clear();
    CHECK(kept.use_count() == 1);
}
