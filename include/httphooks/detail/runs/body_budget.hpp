// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    How many bytes of bodies a server keeps in memory, and who waits until there is room for more.
*/

#include <httphooks/config.hpp>
#include <httphooks/server_counters.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace httphooks::detail {

class body_claim;

/// Who reads a body, and has stopped until there is room.
class body_reader {
public:
    body_reader(body_reader const&) = delete;
    body_reader& operator=(body_reader const&) = delete;

    /// There is room: read on. On the reader's executor.
    virtual void on_room() noexcept = 0;

protected:
    body_reader() = default;
    ~body_reader() = default;
};

/** The bytes that the bodies of one server have in memory, and the readers that wait for room.

    A reader asks for room before it reads more of a body, and gets it while all of them together
    stay within the budget; else it waits, and whoever began first is served first. So that bodies
    which hold parts of the budget each do not wait for one another, one of them at a time, the
    first that waits, goes on beyond the budget up to its own limit. What has been read already is
    always counted, room or not.

    @par Thread safety
    All members may be called from all threads.
*/
class body_budget final : public std::enable_shared_from_this<body_budget> {
public:
    /// Room is asked for in pieces of up to so many bytes.
    static constexpr std::size_t step = 64 * 1024;
    /// So much may be read at once when there is no room: it may be the beginning of something
    /// else than a body.
    static constexpr std::size_t least_read = 8 * 1024;

    /** @param most the budget in bytes
        @param counters where what is used is told
        @param grace how long what has no deadline of its own may take, while others wait
        @param rate beyond that, bytes a second; 0: any */
    body_budget(std::uint64_t most, std::shared_ptr<server_counters> counters,
                std::chrono::milliseconds grace = std::chrono::seconds(10),
                std::uint32_t rate = 1024) noexcept
        : most_(most), grace_(grace), rate_(rate), counters_(std::move(counters)) {}
    body_budget(body_budget const&) = delete;
    body_budget& operator=(body_budget const&) = delete;

    /// How many bytes of up to `most` may be read of what is not known to be a body.
    std::size_t read_size(std::size_t most) const noexcept {
        std::uint64_t const used = used_.load(std::memory_order_relaxed);
        std::uint64_t const room = used < most_ ? most_ - used : 0;
        return static_cast<std::size_t>(
            std::min<std::uint64_t>(most, std::max<std::uint64_t>(room, least_read)));
    }

    /// Begins with a body, which is younger than all others.
    std::shared_ptr<body_claim> open();

    /// How long so many bytes may take, while others wait.
    std::chrono::milliseconds patience(std::uint64_t bytes) const noexcept {
        if (rate_ == 0) return std::chrono::hours(24);
        return grace_ +
               std::chrono::milliseconds(std::min<std::uint64_t>(bytes, 1u << 30) * 1000 / rate_);
    }

    /// Whether somebody waits for room.
    bool crowded() const noexcept { return waiting_.load(std::memory_order_relaxed) != 0; }

private:
    friend class body_claim;

    // with the mutex
    inline bool grant(body_claim& c, std::uint64_t n) noexcept;
    inline void take(body_claim& c, std::uint64_t n) noexcept;
    inline void give_back(body_claim& c, std::uint64_t n) noexcept;
    inline void enqueue(body_claim& c) noexcept;
    inline void dequeue(body_claim& c) noexcept;
    void serve() noexcept;
    inline void tell() noexcept;

    std::mutex mutex_{};
    std::uint64_t const most_;
    std::chrono::milliseconds const grace_;
    std::uint32_t const rate_;
    std::atomic<std::uint64_t> used_{0};
    std::atomic<std::size_t> waiting_{0};
    std::uint64_t youngest_ = 0;
    /// Those that wait, the oldest first.
    body_claim* first_ = nullptr;
    body_claim* last_ = nullptr;
    /// Who goes on beyond the budget; null: nobody.
    body_claim* ahead_ = nullptr;
    std::shared_ptr<server_counters> counters_;
};

/** One body's part of the budget, which is given back when this is destroyed.

    @par Thread safety
    Destroyed on any thread; all else on its reader's executor, or where there is none any more by
    one thread at a time.
*/
class body_claim final : public std::enable_shared_from_this<body_claim> {
public:
    /// See body_budget::open().
    body_claim(std::shared_ptr<body_budget> budget, std::uint64_t age) noexcept
        : budget_(std::move(budget)), age_(age) {}
    body_claim(body_claim const&) = delete;
    body_claim& operator=(body_claim const&) = delete;
    ~body_claim();

    /// So many bytes are in memory now, room or not.
    void set(std::uint64_t size) noexcept;

    /** Asks for room, when there is none left of what was given before.
        @param n how many more bytes are to come, at least 1
        @param r told when there is room, unless close() or another reader comes first
        @param executor of the reader
        @return how many bytes there is room for; 0: wait for `r` to be told */
    std::uint64_t ask(std::uint64_t n, body_reader& r, asio::any_io_executor const& executor);

    /// How much room is left of what was given.
    std::uint64_t left() const noexcept;

    /// Whether the reader waits.
    bool waits() const noexcept { return reader_ != nullptr; }

    /// Nothing more comes: the reader does not wait any more, and room that was not used is free.
    void close() noexcept;

    /// What the body was for is done. Who keeps it still, when what the executor has to do now is
    /// done, holds nobody up: another one may go on beyond the budget.
    void settle(asio::any_io_executor const& executor) noexcept;

private:
    friend class body_budget;

    inline void fall_back() noexcept;

    std::shared_ptr<body_budget> const budget_;
    std::uint64_t const age_;
    /// Who waits.
    body_reader* reader_ = nullptr;
    // with the budget's mutex
    asio::any_io_executor executor_{};
    std::uint64_t size_ = 0;
    std::uint64_t granted_ = 0;
    /// How much is waited for; 0: nothing.
    std::uint64_t wanted_ = 0;
    body_claim* next_ = nullptr;
    body_claim* previous_ = nullptr;
};

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/runs/impl/body_budget.ipp>
#endif
