// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A client of the application `cluster`, over WebSocket.
*/

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>

#include "support/catch.hpp"
#include "support/websocket_peer.hpp"

namespace conformance {

/// What asks a server of the application `cluster`, and is sent events.
class cluster_client {
public:
    using json = nlohmann::json;

    /// Connects, and waits until it is `ready`.
    explicit cluster_client(std::uint16_t port, std::string const& query = {},
                            std::string nsp = "/")
        : peer_(port, "/socket.io/?EIO=4&transport=websocket" + query),
          nsp_(nsp == "/" ? std::string() : std::move(nsp) + ',') {
        REQUIRE(peer_.reply().status == 101);
        peer_.text();
        peer_.send("40" + nsp_);
        packet();
        json const ready = event();
        REQUIRE(ready.at(0) == "ready");
        id_ = ready.at(1);
    }

    std::string const& id() const noexcept { return id_; }

    /// Asks the server, and waits for the acknowledgement; what comes before it is kept.
    template <class... Args>
    json ask(Args const&... args) {
        std::string const number = std::to_string(next_++);
        peer_.send("42" + nsp_ + number + json::array({args...}).dump());
        std::string const head = "43" + nsp_ + number + '[';
        for (;;) {
            std::string text = packet();
            if (text.starts_with(head)) return json::parse(text.substr(head.size() - 1)).at(0);
            events_.push_back(std::move(text));
        }
    }
    /// Sends a packet as it is.
    void send(std::string_view packet, int op = 1) { peer_.send(packet, op); }

    /// The next packet that is no acknowledgement; bytes as they are; "<end>" behind the last.
    std::string next() {
        if (events_.empty()) return packet();
        std::string first = std::move(events_.front());
        events_.pop_front();
        return first;
    }
    /// The next event, with its name.
    json event() {
        std::string const text = next();
        INFO(text);
        REQUIRE(text.starts_with("42" + nsp_));
        number_ = text.substr(2 + nsp_.size(), text.find('[') - 2 - nsp_.size());
        return json::parse(text.substr(text.find('[')));
    }
    /// Acknowledges the event that event() gave.
    void answer(json const& with) {
        peer_.send("43" + nsp_ + number_ + json::array({with}).dump());
    }

private:
    std::string packet() {
        for (;;) {
            auto f = peer_.frame();
            if (f.op == 8) return "<end>";
            if (f.op == 1 && f.payload == "2") {
                peer_.send("3");
                continue;
            }
            if (f.op == 1 || f.op == 2) return std::move(f.payload);
        }
    }

    support::websocket_peer peer_;
    std::string nsp_;
    std::string id_{};
    std::string number_{};
    std::deque<std::string> events_{};
    std::size_t next_ = 0;
};

}  // namespace conformance
