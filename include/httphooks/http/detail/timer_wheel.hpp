// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The deadlines of all connections of one event loop, in a wheel of coarse ticks.
*/

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace httphooks::http::detail {

/** Deadlines with a resolution of one tick.

    Postponing a deadline, which every message does, is a store: the entry stays where it is, and is
    moved when its slot comes up. An entry that is not in the wheel is not linked. Not thread-safe.
*/
class timer_wheel {
public:
    using tick = std::uint32_t;

    static constexpr std::chrono::milliseconds resolution{50};
    static constexpr std::size_t slots = 256;

    /// Something with a deadline.
    class entry {
    public:
        entry() = default;
        entry(entry const&) = delete;
        entry& operator=(entry const&) = delete;
        ~entry() { detach(); }

        bool linked() const noexcept { return next_ != nullptr; }
        tick deadline() const noexcept { return deadline_; }

    private:
        friend class timer_wheel;

        void detach() noexcept {
            if (!next_) return;
            previous_->next_ = next_;
            next_->previous_ = previous_;
            next_ = previous_ = nullptr;
        }

        entry* next_ = nullptr;
        entry* previous_ = nullptr;
        tick deadline_ = 0;
        tick slot_ = 0;
    };

    timer_wheel() noexcept {
        for (entry& head : heads_) head.next_ = head.previous_ = &head;
    }
    timer_wheel(timer_wheel const&) = delete;
    timer_wheel& operator=(timer_wheel const&) = delete;
    ~timer_wheel() {
        for (entry& head : heads_) {
            while (head.next_ != &head) head.next_->detach();
            head.next_ = head.previous_ = nullptr;
        }
    }

    /// The tick that it is now.
    tick now() const noexcept { return now_; }

    /// How many ticks from now a duration takes to have passed for certain.
    static constexpr tick ticks(std::chrono::milliseconds d) noexcept {
        auto const n = std::max<std::chrono::milliseconds::rep>(d.count(), 0) / resolution.count();
        return static_cast<tick>(std::min<std::chrono::milliseconds::rep>(n, 1 << 30)) + 1;
    }

    /// Sets the entry's deadline; it fires once, when now() has reached it.
    void set(entry& e, tick deadline) noexcept {
        e.deadline_ = deadline;
        if (!e.next_ || before(deadline, e.slot_)) link(e);
    }

    /// Takes the entry out.
    void cancel(entry& e) noexcept { e.detach(); }

    /// Moves on to `now`, calling `fire(entry&)` for each deadline reached; `fire` may do anything
    /// to any entry.
    template <class Fire>
    void advance(tick now, Fire fire) {
        while (before(now_, now)) {
            ++now_;
            entry& head = heads_[now_ % slots];
            // what is linked again lands in another slot, or has fired
            while (head.next_ != &head) {
                entry& e = *head.next_;
                e.detach();
                if (before(now_, e.deadline_))
                    link(e);
                else
                    fire(e);
            }
        }
    }

private:
    static bool before(tick a, tick b) noexcept { return static_cast<std::int32_t>(a - b) < 0; }

    void link(entry& e) noexcept {
        e.detach();
        tick const earliest = now_ + 1;
        tick const latest = now_ + static_cast<tick>(slots) - 1;
        e.slot_ = before(e.deadline_, earliest) ? earliest
                  : before(latest, e.deadline_) ? latest
                                                : e.deadline_;
        entry& head = heads_[e.slot_ % slots];
        e.previous_ = head.previous_;
        e.next_ = &head;
        head.previous_->next_ = &e;
        head.previous_ = &e;
    }

    std::array<entry, slots> heads_;
    tick now_ = 0;
};

}  // namespace httphooks::http::detail
