// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/broadcast_acks.hpp>

#include <httphooks/detail/system/deadline_after.hpp>
#include <httphooks/http/detail/home.hpp>
#include <httphooks/socketio/detail/live_nsp.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace httphooks::socketio::detail {

inline void broadcast_acks::wait(std::chrono::milliseconds timeout) {
    self_ = shared_from_this();
    home_.timers().enter(*this);
    auto const until = httphooks::detail::deadline_after(timeout, home_.timers().now());
    if (until != time_point::max()) home_.timers().set(*this, until);
    if (home_.timers().ended()) on_loop_end();
}

inline broadcast_acks::taken broadcast_acks::take() noexcept {
    std::lock_guard const lock(mutex_);
    return {std::exchange(self_, nullptr), std::exchange(done_, nullptr),
            std::exchange(answers_, {})};
}

HTTPHOOKS_DECL void broadcast_acks::finish(error_code ec) noexcept {
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
        n.adapter().server_count(
            [acks](error_code ec, std::size_t servers) { acks->expect_servers(servers, ec); });
    n.adapter().broadcast_with_ack(
        data, n.next_ack(), o, [acks](std::size_t clients) { acks->expect_clients(clients); },
        [acks](nlohmann::json answer) { acks->add(std::move(answer)); });
}

HTTPHOOKS_DECL void broadcast_acks::send(live_nsp& n, packet_data data, broadcast_options o,
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
