// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The acknowledgements of a broadcast, from all clients of all servers.
*/

#include <httphooks/http/detail/home.hpp>
#include <httphooks/socketio/detail/deadline_after.hpp>
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

    void wait(std::chrono::milliseconds timeout);
    void ask(live_nsp& n, packet_data const& data, broadcast_options const& o);

    /// Somebody will tell how many servers there are.
    void expect_count() {
        std::lock_guard const lock(mutex_);
        ++counts_missing_;
    }
    /// There are so many servers that have sockets.
    void expect_servers(std::size_t n) {
        change([&] {
            --counts_missing_;
            servers_missing_ += static_cast<std::ptrdiff_t>(n);
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
        {
            std::lock_guard const lock(mutex_);
            f();
            if (!all_asked_ || counts_missing_ != 0 || servers_missing_ != 0 ||
                answers_.size() < clients_)
                return;
        }
        finish({});
    }
    void finish(error_code ec) noexcept;
    taken take() noexcept;

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
};

// ---------------------------------------------------------------------------------------------

inline void broadcast_acks::wait(std::chrono::milliseconds timeout) {
    self_ = shared_from_this();
    home_.timers().enter(*this);
    auto const until = deadline_after(timeout);
    if (until != time_point::max()) home_.timers().set(*this, until);
    if (home_.timers().ended()) on_loop_end();
}

inline broadcast_acks::taken broadcast_acks::take() noexcept {
    std::lock_guard const lock(mutex_);
    return {std::exchange(self_, nullptr), std::exchange(done_, nullptr),
            std::exchange(answers_, {})};
}

inline void broadcast_acks::finish(error_code ec) noexcept {
    taken t = take();
    if (!t.done) return;
    home_.timers().set(*this, std::nullopt);
    settings_->guarded([&] { t.done(ec, std::move(t.answers)); });
}

inline void broadcast_acks::ask(live_nsp& n, packet_data const& data, broadcast_options const& o) {
    auto const acks = std::static_pointer_cast<broadcast_acks>(shared_from_this());
    expect_count();
    if (o.flags.local)
        expect_servers(1);
    else
        n.adapter().server_count([acks](error_code ec, std::size_t servers) {
            if (ec)
                acks->finish(ec);
            else
                acks->expect_servers(servers);
        });
    n.adapter().broadcast_with_ack(
        data, n.next_ack(), o, [acks](std::size_t clients) { acks->expect_clients(clients); },
        [acks](nlohmann::json answer) { acks->add(std::move(answer)); });
}

inline void broadcast_acks::send(live_nsp& n, packet_data data, broadcast_options o,
                                 broadcast_ack_handler done) {
    auto const timeout = o.flags.timeout.value_or(default_timeout);
    o.flags.timeout = timeout;
    auto const acks = std::make_shared<broadcast_acks>(n, std::move(done));
    acks->wait(timeout);
    try {
        n.each([&](live_nsp& each) { acks->ask(each, data, o); });
    } catch (...) {
        acks->take();
        throw;
    }
    acks->change([&] { acks->all_asked_ = true; });
}

}  // namespace httphooks::socketio::detail
