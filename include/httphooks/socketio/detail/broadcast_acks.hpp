// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The acknowledgements of a broadcast, from all clients of all servers.
*/

#include <httphooks/http/detail/home.hpp>
#include <httphooks/socketio/detail/live_nsp.hpp>
#include <httphooks/socketio/error.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

using broadcast_ack_handler = std::function<void(error_code, std::vector<nlohmann::json>)>;

/** Waits for the acknowledgements of a broadcast. Thread-safe.

    It holds itself until it has finished: clients that are gone, or whose time is over, have let go
    of it. */
class broadcast_acks final : public http::detail::timed {
public:
    /// How long is waited if nobody says.
    static constexpr std::chrono::milliseconds default_timeout{5'000};

    broadcast_acks(http::detail::home h, broadcast_ack_handler done)
        : home_(std::move(h)), done_(std::move(done)) {}
    ~broadcast_acks() override { home_.timers().leave(*this); }

    /// Sends. @param data an event
    static void send(live_nsp& n, packet_data data, broadcast_options o,
                     broadcast_ack_handler done);

    void on_deadline() override { finish(error::ack_timed_out); }
    void on_loop_end() noexcept override { static_cast<void>(end()); }

private:
    /// What it was waiting with.
    struct ended {
        std::shared_ptr<timed> self;
        broadcast_ack_handler done;
        std::vector<nlohmann::json> answers;
    };

    void wait_until(time_point at);
    /// How many servers there are that have sockets.
    void expect_servers(std::size_t n) {
        change([&] { servers_missing_ += static_cast<std::ptrdiff_t>(n); });
    }
    void count(std::size_t clients) {
        change([&] {
            --servers_missing_;
            clients_ += clients;
        });
    }
    void add(nlohmann::json answer) {
        change([&] { answers_.push_back(std::move(answer)); });
    }

    template <class F>
    void change(F f) {
        {
            std::lock_guard const lock(mutex_);
            f();
            if (!all_told_ || servers_missing_ != 0 || answers_.size() < clients_) return;
        }
        finish({});
    }
    void finish(error_code ec);
    ended end() noexcept;

    http::detail::home home_;
    std::mutex mutex_{};
    std::shared_ptr<timed> self_{};
    broadcast_ack_handler done_;
    std::vector<nlohmann::json> answers_{};
    std::ptrdiff_t servers_missing_ = 0;
    std::size_t clients_ = 0;
    bool all_told_ = false;
};

// ---------------------------------------------------------------------------------------------

inline void broadcast_acks::wait_until(time_point at) {
    self_ = shared_from_this();
    home_.timers().enter(*this);
    home_.timers().set(*this, at);
    if (home_.timers().ended()) on_loop_end();
}

inline broadcast_acks::ended broadcast_acks::end() noexcept {
    std::lock_guard const lock(mutex_);
    return {std::exchange(self_, nullptr), std::exchange(done_, nullptr),
            std::exchange(answers_, {})};
}

inline void broadcast_acks::finish(error_code ec) {
    ended e = end();
    if (!e.done) return;
    home_.timers().set(*this, std::nullopt);
    e.done(ec, std::move(e.answers));
}

inline void broadcast_acks::send(live_nsp& n, packet_data data, broadcast_options o,
                                 broadcast_ack_handler done) {
    auto const timeout = o.flags.timeout.value_or(default_timeout);
    o.flags.timeout = timeout;
    auto const acks = std::make_shared<broadcast_acks>(n.some_home(), std::move(done));
    acks->wait_until(std::chrono::steady_clock::now() + timeout);
    n.each([&](live_nsp& each) {
        if (o.flags.local)
            acks->expect_servers(1);
        else
            each.adapter().server_count([acks](error_code ec, std::size_t servers) {
                if (ec)
                    acks->finish(ec);
                else
                    acks->expect_servers(servers);
            });
        each.adapter().broadcast_with_ack(
            data, each.next_ack(), o, [acks](std::size_t clients) { acks->count(clients); },
            [acks](nlohmann::json answer) { acks->add(std::move(answer)); });
    });
    acks->change([&] { acks->all_told_ = true; });
}

}  // namespace httphooks::socketio::detail
