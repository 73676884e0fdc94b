// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a client's session has for its server.
*/

#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>

namespace httphooks::websocket::detail {

/// Pieces that wait for the server, one or several of which are sent at a time. May be used by all
/// threads.
template <class Piece>
class client_outbox {
public:
    /// @param limit bytes that may wait
    explicit client_outbox(std::size_t limit) : limit_(limit) {}

    /// What was taken is on its way.
    void sent() noexcept {
        std::lock_guard const lock(mutex_);
        under_way_ = 0;
    }
    void clear() noexcept {
        std::lock_guard const lock(mutex_);
        pieces_.clear();
        waiting_ = 0;
        under_way_ = 0;
    }
    std::size_t size() const noexcept {
        std::lock_guard const lock(mutex_);
        return waiting_ + under_way_;
    }

protected:
    ~client_outbox() = default;

    /** Adds something if there is room for `n` bytes, or nothing waits.
        @param first is set when nobody has been asked to send yet
        @param add `add(std::deque<Piece>&)` gives how many bytes wait more
        @return whether there was room */
    template <class Add>
    bool add_if_room(std::size_t n, bool& first, Add add) {
        std::lock_guard const lock(mutex_);
        std::size_t const waiting = waiting_ + under_way_;
        if (waiting != 0 && waiting + n > limit_) return false;
        waiting_ += add(pieces_);
        first = !std::exchange(asked_, true);
        return true;
    }

    /// Changes what waits, room or not; nobody is to be asked.
    /// @param f `f(std::deque<Piece>&, std::size_t& bytes)`
    template <class Function>
    void change(Function f) {
        std::lock_guard const lock(mutex_);
        f(pieces_, waiting_);
    }

    /// Takes what is sent now. @param take `take(std::deque<Piece>&)` gives how many bytes it took
    template <class Take>
    void take_some(Take take) {
        std::lock_guard const lock(mutex_);
        asked_ = false;
        under_way_ = take(pieces_);
        waiting_ -= under_way_;
    }

private:
    std::size_t const limit_;
    mutable std::mutex mutex_{};
    std::deque<Piece> pieces_{};
    std::size_t waiting_ = 0;
    std::size_t under_way_ = 0;
    bool asked_ = false;
};

}  // namespace httphooks::websocket::detail
