// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The connections of one event loop: who is there, their shared buffers, the clock that drives
    their deadlines.
*/

#include <httphooks/http/detail/connection_core.hpp>
#include <httphooks/http/detail/loop.hpp>
#include <httphooks/http/dispatch.hpp>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
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

    void arm();
    timer_wheel::tick tick_now() const;

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
    ~guest_ticket() override;

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

// ---------------------------------------------------------------------------------------------

inline session_loop::session_loop(asio::any_io_executor ex,
                                  std::unique_ptr<httphooks::detail::exchange_factory> hooks,
                                  std::shared_ptr<server_settings const> settings, bool manual)
    : loop(ex, std::move(hooks), std::move(settings)),
      buffer_(std::make_unique<std::array<char, 64 * 1024>>()),
      timer_(ex),
      manual_(manual) {}

inline session_loop::~session_loop() = default;

inline std::unique_ptr<dispatch> session_loop::take_dispatch() {
    if (spare_.empty()) return std::make_unique<dispatch>(*this);
    auto d = std::move(spare_.back());
    spare_.pop_back();
    return d;
}

inline void session_loop::give_dispatch(std::unique_ptr<dispatch> d) noexcept {
    constexpr std::size_t most = 16;
    d->clear();
    if (spare_.size() == most) return;
    if (spare_.capacity() == 0) spare_.reserve(most);
    spare_.push_back(std::move(d));
}

inline void session_loop::enter(session_base& s) {
    if (count_ == 0 && !manual_) {
        advance(tick_now());
        arm();
    }
    intrusive_ptr_add_ref(&s);
    sessions_.push_back(s);
    ++count_;
}

inline void session_loop::leave(session_base& s) noexcept {
    if (!s.is_linked()) return;
    s.unlink();
    wheel().cancel(s);
    --count_;
    if (count_ == 0) {
        timer_.cancel();
        if (empty_) asio::post(executor(), std::exchange(empty_, nullptr));
    }
    intrusive_ptr_release(&s);
}

inline timer_wheel::tick session_loop::tick_now() const {
    return static_cast<timer_wheel::tick>((clock::now() - started_) / timer_wheel::resolution);
}

inline void session_loop::arm() {
    if (std::exchange(armed_, true)) return;
    timer_.expires_after(timer_wheel::resolution);
    timer_.async_wait([weak = weak_from_this()](error_code) {
        auto const self = weak.lock();
        if (!self) return;
        self->armed_ = false;
        self->advance(self->tick_now());
        if (self->count_ > 0) self->arm();
    });
}

inline void session_loop::advance(timer_wheel::tick now) {
    wheel().advance(now, [](timer_wheel::entry& e) {
        boost::intrusive_ptr<session_base> const s(static_cast<session_base*>(&e));
        s->on_deadline();
    });
}

inline void session_loop::drain(std::function<void()> empty) {
    begin_drain();
    if (count_ == 0) {
        asio::post(executor(), std::move(empty));
        return;
    }
    empty_ = std::move(empty);
    std::vector<boost::intrusive_ptr<session_base>> all;
    for (session_base& s : sessions_) all.emplace_back(&s);
    for (auto const& s : all) s->drain();
}

inline std::pair<std::size_t, std::size_t> session_loop::cut() {
    std::pair<std::size_t, std::size_t> lost{};
    while (!sessions_.empty()) {
        boost::intrusive_ptr<session_base> const s(&sessions_.front());
        ++lost.first;
        lost.second += s->cut();
        leave(*s);
    }
    return lost;
}

inline guest_ticket::guest_ticket(std::shared_ptr<session_loop> loop, std::weak_ptr<severable> who,
                                  std::unique_ptr<connection_ticket> place)
    : loop_(std::move(loop)), guest_(new guest(std::move(who))), place_(std::move(place)) {
    loop_->enter(*guest_);
}

inline guest_ticket::~guest_ticket() {
    // a mount may let the connection go on any thread; who is counted belongs to the loop's
    auto const executor = loop_->executor();
    asio::dispatch(executor, [loop = std::move(loop_), g = std::move(guest_)]() mutable {
        loop->leave(*g);
        g.reset();
    });
}

inline std::unique_ptr<connection_ticket> guest_ticket::place(connection_ticket* guest) {
    auto* const held = dynamic_cast<guest_ticket*>(guest);
    return held ? std::move(held->place_) : nullptr;
}

}  // namespace httphooks::http::detail
