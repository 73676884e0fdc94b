// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What the sessions of clients have in common: trying transports, opening, closing in time.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace httphooks::websocket::detail {

/** A client's session that one of several transports carries.

    They are tried one after the other until one opens. It is closed behind what was sent, or when
    that takes too long. */
class client_session_base : public std::enable_shared_from_this<client_session_base> {
public:
    client_session_base(client_session_base const&) = delete;
    client_session_base& operator=(client_session_base const&) = delete;

    /// Gives up while it is not open.
    void cancel() { refuse(asio::error::operation_aborted); }

    bool is_open() const noexcept { return current() == state::open; }
    asio::any_io_executor const& executor() const noexcept { return executor_; }

protected:
    enum class state : std::uint8_t { connecting, open, closing, closed };

    explicit client_session_base(asio::any_io_executor const& executor);
    ~client_session_base() = default;

    state current() const noexcept { return state_.load(std::memory_order_acquire); }
    void enter(state s) noexcept { state_.store(s, std::memory_order_release); }

    /// Makes the next transport. @return whether there is one
    virtual bool make_next() = 0;
    virtual void start_link() = 0;
    /// Ends what there is of a connection, which is not open.
    virtual void give_up() = 0;
    /// Calls the handler that waits for the connection.
    virtual void complete(error_code ec) = 0;
    /// Sends what waits, when nothing is under way; then closes, if it was asked for.
    virtual void run() = 0;
    /// Closes although not all is sent.
    virtual void end_now() = 0;

    /** Tries the next transport; when there is none completes with what set_failure() was told.
        @param limit how long it may take to open
        @param late what is said of one that took longer */
    void try_next(std::chrono::milliseconds limit, error_code late);
    /// What is wrong with the last transport that was tried.
    void set_failure(error_code ec) noexcept { failure_ = ec; }
    /// Completes the attempt with an error.
    void refuse(error_code ec);

    /// Has run() called later. On any thread.
    void run_soon();
    /** Begins to close. On any thread.
        @param limit how long it may take
        @param first what is done first, on the executor
        @return whether it was open */
    bool close_within(std::chrono::milliseconds limit, std::function<void()> first = {});
    /// It is over. @return false: it was before
    bool finish();

    /// For opening, then for what the protocol waits for.
    asio::steady_timer& timer() noexcept { return timer_; }

private:
    asio::any_io_executor executor_;
    asio::steady_timer timer_;
    asio::steady_timer closing_timer_;
    error_code failure_{};
    /// How many transports were tried.
    std::size_t tried_ = 0;
    std::atomic<state> state_{state::connecting};
};

}  // namespace httphooks::websocket::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/websocket/detail/impl/client_session_base.ipp>
#endif
