// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The connections of one event loop: who is there, their shared buffers, the clock that drives
    their deadlines.
*/

#include <httphooks/config.hpp>
#include <httphooks/http/detail/connection_ticket.hpp>
#include <httphooks/http/detail/loop.hpp>
#include <httphooks/http/detail/dispatch.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>
#include <boost/intrusive_ptr.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace httphooks::http::detail {

class session_loop;

/// What a loop can tell each of its connections. Counted by reference on the loop's thread.
class session_base : public timer_wheel::entry,
                     public boost::intrusive::list_base_hook<
                         boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    session_base(session_base const&) = delete;
    session_base& operator=(session_base const&) = delete;

    virtual void on_deadline() = 0;
    /// The server shuts down: close when what is due is written.
    virtual void drain() = 0;
    /// Close now. @return how many requests lost their reply
    virtual std::size_t cut() = 0;

    friend void intrusive_ptr_add_ref(session_base* s) noexcept { ++s->references_; }
    friend void intrusive_ptr_release(session_base* s) noexcept {
        if (--s->references_ == 0) delete s;
    }

protected:
    session_base() = default;
    virtual ~session_base() = default;

private:
    std::size_t references_ = 0;
};

/** One event loop's share of a server.

    Lives as long as one of its connections. Not thread-safe.
*/
class session_loop final : public loop, public std::enable_shared_from_this<session_loop> {
public:
    using clock = std::chrono::steady_clock;

    /// @param manual the clock stands still, but for advance(); for tests
    session_loop(asio::any_io_executor executor,
                 std::unique_ptr<httphooks::detail::exchange_factory> hooks,
                 std::shared_ptr<server_settings const> settings, bool manual = false);
    ~session_loop();

    /// A buffer for one read; its contents last until the next.
    std::array<char, 64 * 1024>& read_buffer() noexcept { return *buffer_; }

    std::unique_ptr<dispatch> take_dispatch();
    void give_dispatch(std::unique_ptr<dispatch> d) noexcept;

    /// Keeps the connection until leave(), and its deadlines.
    void enter(session_base& s);
    void leave(session_base& s) noexcept;
    std::size_t size() const noexcept { return count_; }

    /// Sets a connection's deadline.
    void deadline(session_base& s, timer_wheel::tick at) noexcept { wheel().set(s, at); }

    /// Lets time pass up to the tick; calls on_deadline() of whoever's has come.
    void advance(timer_wheel::tick now);

    /// Asks all connections to end; `empty` is called when the last has gone.
    void drain(std::function<void()> empty);

    /// Closes all connections. @return how many, and how many requests lost their reply
    std::pair<std::size_t, std::size_t> cut();

private:
    using list = boost::intrusive::list<session_base, boost::intrusive::constant_time_size<false>>;

    inline void arm();
    inline timer_wheel::tick tick_now() const;

    list sessions_;
    std::size_t count_ = 0;
    std::vector<std::unique_ptr<dispatch>> spare_;
    std::unique_ptr<std::array<char, 64 * 1024>> buffer_;
    asio::steady_timer timer_;
    clock::time_point const started_ = clock::now();
    std::function<void()> empty_;
    bool const manual_;
    bool armed_ = false;
};

/// A connection that a mount has: keeps its place in the loop, so that a drain waits for it.
class guest_ticket final : public connection_ticket {
public:
    guest_ticket(std::shared_ptr<session_loop> loop, std::weak_ptr<severable> who,
                 std::unique_ptr<connection_ticket> place);
    HTTPHOOKS_DECL ~guest_ticket() override;

    void watch(std::weak_ptr<severable> who) override { guest_->watch(std::move(who)); }

    /// The place of a connection that returns; destroy the guest's ticket when it is taken.
    static std::unique_ptr<connection_ticket> place(connection_ticket* guest);

private:
    class guest final : public session_base {
    public:
        explicit guest(std::weak_ptr<severable> who) : who_(std::move(who)) {}
        void watch(std::weak_ptr<severable> who) noexcept { who_ = std::move(who); }
        void on_deadline() override {}
        void drain() override {}
        std::size_t cut() override {
            auto const who = who_.lock();
            if (who) who->sever();
            return who ? 1 : 0;
        }

    private:
        std::weak_ptr<severable> who_;
    };

    std::shared_ptr<session_loop> loop_;
    boost::intrusive_ptr<guest> guest_;
    std::unique_ptr<connection_ticket> place_;
};

}  // namespace httphooks::http::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/detail/impl/session_loop.ipp>
#endif
