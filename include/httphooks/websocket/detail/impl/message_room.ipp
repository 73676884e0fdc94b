// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/websocket/detail/message_room.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace httphooks::websocket::detail {

HTTPHOOKS_DECL message_room::~message_room() {
    if (claim_) claim_->close();
}

HTTPHOOKS_DECL void message_room::count(std::size_t kept, tick now) {
    kept_ = kept;
    update(now);
}

HTTPHOOKS_DECL void message_room::retain(std::size_t bytes, tick now) {
    retained_ = bytes;
    update(now);
}

HTTPHOOKS_DECL void message_room::update(tick now) {
    std::size_t const size = kept_ + retained_;
    if (size == 0) {
        if (claim_) claim_->close();
        claim_.reset();
        return;
    }
    if (!claim_) {
        claim_ = budget_->open();
        begun_ = now;
    }
    claim_->set(size);
}

HTTPHOOKS_DECL std::size_t message_room::size(std::size_t most) const noexcept {
    if (!claim_) return budget_->read_size(most);
    return static_cast<std::size_t>(std::min<std::uint64_t>(
        most, std::max<std::uint64_t>(claim_->left(), budget_->least_read)));
}

HTTPHOOKS_DECL bool message_room::is_full(std::uint64_t rest, tick now) {
    if (!claim_) return false;
    if (claim_->waits()) return true;
    std::uint64_t n =
        std::clamp<std::uint64_t>(kept_ + retained_, budget_->least_read, budget_->step);
    if (rest > 0) n = std::min(n, rest);
    if (claim_->ask(n, reader_, executor_) > 0) return false;
    paused_at_ = now;
    return true;
}

HTTPHOOKS_DECL bool message_room::is_late(tick now) const noexcept {
    if (!claim_ || claim_->waits() || !budget_->crowded()) return false;
    auto const due =
        begun_ + http::detail::timer_wheel::ticks(budget_->patience(kept_ + retained_));
    return static_cast<std::int32_t>(now - due) >= 0;
}

}  // namespace httphooks::websocket::detail
