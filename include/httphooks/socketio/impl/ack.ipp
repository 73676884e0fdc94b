// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/ack.hpp>

#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/socketio/detail/payload.hpp>

#include <cstdint>
#include <memory>
#include <utility>

namespace httphooks::socketio {

namespace detail {

HTTPHOOKS_DECL scratch_payload::scratch_payload() {
    value_.text = httphooks::detail::take_string();
}

HTTPHOOKS_DECL scratch_payload::~scratch_payload() {
    httphooks::detail::give_string(std::move(value_.text));
}

}  // namespace detail

HTTPHOOKS_DECL acknowledgement::acknowledgement(std::weak_ptr<detail::ack_target> target,
                                                std::uint64_t id)
    : state_(std::allocate_shared<state>(httphooks::detail::recycling_allocator<state>(),
                                         std::move(target), id)) {}

HTTPHOOKS_DECL std::shared_ptr<detail::ack_target> acknowledgement::claim() const noexcept {
    if (!state_ || state_->answered.exchange(true)) return nullptr;
    return state_->target.lock();
}

HTTPHOOKS_DECL void acknowledgement::answer(detail::payload&& p) const {
    if (auto const target = claim()) target->acknowledge(state_->id, std::move(p));
}

}  // namespace httphooks::socketio
