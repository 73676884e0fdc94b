// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sockjs/detail/client_outbox.hpp>

#include <httphooks/sockjs/frame.hpp>

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::sockjs::detail {

HTTPHOOKS_DECL bool client_outbox::add(std::string_view message, bool& first) {
    std::lock_guard const lock(mutex_);
    std::size_t const waiting = waiting_ + under_way_;
    if (waiting != 0 && waiting + message.size() > limit_) return false;
    if (arrays_.empty() || arrays_.back().size() + message.size() > batch_) arrays_.emplace_back();
    std::string& to = arrays_.back();
    std::size_t const before = to.size();
    to.push_back(to.empty() ? '[' : ',');
    append_quoted(to, message);
    waiting_ += to.size() - before;
    first = !std::exchange(asked_, true);
    return true;
}

HTTPHOOKS_DECL std::optional<std::string> client_outbox::take() {
    std::lock_guard const lock(mutex_);
    asked_ = false;
    if (arrays_.empty()) return std::nullopt;
    std::string next = std::move(arrays_.front());
    arrays_.pop_front();
    waiting_ -= next.size();
    under_way_ = next.size();
    next.push_back(']');
    return next;
}

HTTPHOOKS_DECL void client_outbox::sent() noexcept {
    std::lock_guard const lock(mutex_);
    under_way_ = 0;
}

HTTPHOOKS_DECL void client_outbox::clear() noexcept {
    std::lock_guard const lock(mutex_);
    arrays_.clear();
    waiting_ = 0;
    under_way_ = 0;
}

HTTPHOOKS_DECL std::size_t client_outbox::size() const noexcept {
    std::lock_guard const lock(mutex_);
    return waiting_ + under_way_;
}

}  // namespace httphooks::sockjs::detail
