// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a client has for its server, in batches.
*/

#include <httphooks/sockjs/frame.hpp>

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::sockjs::detail {

/// What waits for the server: message arrays that lack their last bracket. May be used by all
/// threads.
class client_outbox {
public:
    /// @param limit bytes that may wait @param batch bytes that go together
    client_outbox(std::size_t limit, std::size_t batch) : limit_(limit), batch_(batch) {}

    /// @param first is set when nobody has been asked to send yet
    /// @return whether there was room
    bool add(std::string_view message, bool& first);
    /// The next array; nothing when nothing waits.
    std::optional<std::string> take();
    /// What was taken is on its way.
    void sent() noexcept;
    void clear() noexcept;
    std::size_t size() const noexcept;

private:
    std::size_t const limit_;
    std::size_t const batch_;
    mutable std::mutex mutex_{};
    std::deque<std::string> arrays_{};
    std::size_t waiting_ = 0;
    std::size_t under_way_ = 0;
    bool asked_ = false;
};

// ---------------------------------------------------------------------------------------------

inline bool client_outbox::add(std::string_view message, bool& first) {
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

inline std::optional<std::string> client_outbox::take() {
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

inline void client_outbox::sent() noexcept {
    std::lock_guard const lock(mutex_);
    under_way_ = 0;
}

inline void client_outbox::clear() noexcept {
    std::lock_guard const lock(mutex_);
    arrays_.clear();
    waiting_ = 0;
    under_way_ = 0;
}

inline std::size_t client_outbox::size() const noexcept {
    std::lock_guard const lock(mutex_);
    return waiting_ + under_way_;
}

}  // namespace httphooks::sockjs::detail
