// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a client has sent and nobody has looked at yet.
*/

#include <httphooks/detail/runs/body_budget.hpp>
#include <httphooks/engineio/packet.hpp>
#include <httphooks/engineio/payload.hpp>
#include <httphooks/error.hpp>
#include <httphooks/http/detail/visit.hpp>
#include <httphooks/message.hpp>

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <utility>

namespace httphooks::engineio::detail {

/** Payloads, behind them packets of a WebSocket; and the post that is answered when they have been
    looked at. */
class held_input {
public:
    void add(std::string body, revision r, bool binary,
             std::shared_ptr<httphooks::detail::body_claim> claim) {
        payloads_.emplace_back(std::move(body), r, binary, std::move(claim));
    }
    void add(packet_view p) { packets_.emplace_back(p); }

    bool empty() const noexcept { return payloads_.empty() && packets_.empty(); }
    std::size_t payloads() const noexcept { return payloads_.size(); }

    /** Takes the first packet. `visit(packet_view)` gets it, and may add others.
        @return what is wrong with it */
    template <class Visit>
    error_code take(Visit visit) {
        if (payloads_.empty()) {
            packet const p = std::move(packets_.front());
            packets_.pop_front();
            visit(p.view());
            return {};
        }
        payload_reader& reader = payloads_.front().reader;
        packet_view p;
        if (!reader.next(p)) return reader.failure();
        visit(p);
        if (reader.at_end()) payloads_.pop_front();
        return {};
    }

    /// Keeps the answer to a post until answer().
    void hold(std::weak_ptr<http::detail::waiting_visit> post, response reply) {
        post_ = std::move(post);
        reply_ = std::move(reply);
    }
    /// Whether the client waits for that answer.
    bool holds_post() const noexcept { return !post_.expired(); }
    /// Answers the post, if one waits.
    void answer() {
        if (auto const w = std::exchange(post_, {}).lock()) w->answer(std::move(reply_));
    }

private:
    struct payload {
        payload(std::string b, revision r, bool binary,
                std::shared_ptr<httphooks::detail::body_claim> c)
            : body(std::move(b)), reader(body, r, binary), claim(std::move(c)) {}
        payload(payload const&) = delete;
        payload& operator=(payload const&) = delete;

        std::string const body;
        payload_reader reader;
        /// What counts it among the bodies in memory; null: nothing.
        std::shared_ptr<httphooks::detail::body_claim> claim;
    };

    std::list<payload> payloads_{};
    std::list<packet> packets_{};
    std::weak_ptr<http::detail::waiting_visit> post_{};
    response reply_{};
};

}  // namespace httphooks::engineio::detail
