// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a connection has of its server's budget for bodies, for a message that is not whole.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/runs/body_budget.hpp>
#include <httphooks/http/detail/timer_wheel.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace httphooks::websocket::detail {

/// The room for a connection's message while it is being assembled. On the connection's executor.
class message_room {
public:
    using tick = http::detail::timer_wheel::tick;

    /// @param reader told when there is room
    message_room(httphooks::detail::body_reader& reader, asio::any_io_executor executor,
                 std::shared_ptr<httphooks::detail::body_budget> budget)
        : reader_(reader), executor_(std::move(executor)), budget_(std::move(budget)) {}
    message_room(message_room const&) = delete;
    message_room& operator=(message_room const&) = delete;
    ~message_room();

    /// So many bytes are kept of a message that is not whole; 0: of none.
    void count(std::size_t kept, tick now);
    /// So many bytes are kept of messages that were handed on, and are no use without the next.
    void retain(std::size_t bytes, tick now);

    /// How many bytes may be read at once, of up to `most`.
    std::size_t size(std::size_t most) const noexcept;
    /// Whether nothing is to be read until there is room; the reader is told.
    /// @param rest what is still to come of a frame; 0: it is not known
    bool is_full(std::uint64_t rest, tick now);
    /// Whether that is waited for.
    bool waits() const noexcept { return claim_ && claim_->waits(); }
    /// The wait has ended.
    void end_wait(tick now) noexcept { begun_ += now - paused_at_; }

    /// Whether there is something that counts.
    bool counts() const noexcept { return claim_ != nullptr; }
    /// Whether others wait for room while this message takes too long.
    bool is_late(tick now) const noexcept;

private:
    void update(tick now);

    httphooks::detail::body_reader& reader_;
    asio::any_io_executor executor_;
    std::shared_ptr<httphooks::detail::body_budget> budget_;
    std::shared_ptr<httphooks::detail::body_claim> claim_{};
    std::size_t kept_ = 0;
    std::size_t retained_ = 0;
    /// When the message began, but for the time in which nothing was read, and when that began.
    tick begun_ = 0;
    tick paused_at_ = 0;
};

}  // namespace httphooks::websocket::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/websocket/detail/impl/message_room.ipp>
#endif
