// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The acknowledgements of a broadcast, from all clients of all servers.
*/

#include <httphooks/config.hpp>
#include <httphooks/http/detail/home.hpp>
#include <httphooks/socketio/detail/live_nsp.hpp>
#include <httphooks/socketio/error.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

using broadcast_ack_handler = std::function<void(error_code, std::vector<nlohmann::json>)>;

/** Waits for the acknowledgements of a broadcast. Thread-safe.

    It holds itself until it has finished, or its event loop has ended: clients that are gone, or
    whose time is over, have let go of it. */
class broadcast_acks final : public http::detail::timed {
public:
    /// How long is waited if nobody says.
    static constexpr std::chrono::milliseconds default_timeout{5'000};

    broadcast_acks(live_nsp const& n, broadcast_ack_handler done)
        : settings_(n.shared_settings()), home_(n.some_home()), done_(std::move(done)) {}
    ~broadcast_acks() override { home_.timers().leave(*this); }

    /// Sends. @param data an event
    static void send(live_nsp& n, packet_data data, broadcast_options o,
                     broadcast_ack_handler done);

    void on_deadline() override { finish(error::ack_timed_out); }
    void on_loop_end() noexcept override {
        std::shared_ptr<timed> self;
        std::lock_guard const lock(mutex_);
        self.swap(self_);
    }

private:
    /// What is taken out when the wait ends.
    struct taken {
        std::shared_ptr<timed> self;
        broadcast_ack_handler done;
        std::vector<nlohmann::json> answers;
    };

    inline void wait(std::chrono::milliseconds timeout);
    inline void ask(live_nsp& n, packet_data const& data, broadcast_options const& o);

    /// Somebody will tell how many servers there are.
    void expect_count() {
        std::lock_guard const lock(mutex_);
        ++counts_missing_;
    }
    /// There are so many servers that have sockets; with an error, those that can be reached.
    void expect_servers(std::size_t n, error_code ec = {}) {
        change([&] {
            --counts_missing_;
            servers_missing_ += static_cast<std::ptrdiff_t>(n);
            if (ec) failure_ = ec;
        });
    }
    /// A server has sent it to so many clients.
    void expect_clients(std::size_t n) {
        change([&] {
            --servers_missing_;
            clients_ += n;
        });
    }
    void add(nlohmann::json answer) {
        change([&] { answers_.push_back(std::move(answer)); });
    }

    template <class F>
    void change(F f) {
        error_code ec;
        {
            std::lock_guard const lock(mutex_);
            f();
            if (!all_asked_ || counts_missing_ != 0 || servers_missing_ > 0 ||
                answers_.size() < clients_)
                return;
            ec = failure_;
        }
        finish(ec);
    }
    void finish(error_code ec) noexcept;
    inline taken take() noexcept;

    std::shared_ptr<server_settings> settings_;
    http::detail::home home_;
    std::mutex mutex_{};
    std::shared_ptr<timed> self_{};
    broadcast_ack_handler done_;
    std::vector<nlohmann::json> answers_{};
    std::size_t counts_missing_ = 0;
    /// Negative while servers answer that are not counted yet.
    std::ptrdiff_t servers_missing_ = 0;
    std::size_t clients_ = 0;
    bool all_asked_ = false;
    /// Why not all servers were asked.
    error_code failure_{};
};

}  // namespace httphooks::socketio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/detail/impl/broadcast_acks.ipp>
#endif
