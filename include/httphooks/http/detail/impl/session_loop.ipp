// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/detail/session_loop.hpp>

#include <httphooks/http/detail/connection_ticket.hpp>
#include <httphooks/http/detail/later.hpp>
#include <httphooks/http/detail/loop.hpp>
#include <httphooks/http/detail/dispatch.hpp>

#include <boost/asio/dispatch.hpp>
#include <boost/intrusive_ptr.hpp>

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace httphooks::http::detail {

HTTPHOOKS_DECL session_loop::session_loop(
    asio::any_io_executor ex, std::unique_ptr<httphooks::detail::exchange_factory> hooks,
    std::shared_ptr<server_settings const> settings, bool manual)
    : loop(ex, std::move(hooks), std::move(settings)),
      buffer_(std::make_unique<std::array<char, 64 * 1024>>()),
      timer_(ex),
      manual_(manual) {}

HTTPHOOKS_DECL session_loop::~session_loop() = default;

HTTPHOOKS_DECL std::unique_ptr<dispatch> session_loop::take_dispatch() {
    if (spare_.empty()) return std::make_unique<dispatch>(*this);
    auto d = std::move(spare_.back());
    spare_.pop_back();
    return d;
}

HTTPHOOKS_DECL void session_loop::give_dispatch(std::unique_ptr<dispatch> d) noexcept {
    constexpr std::size_t most = 16;
    d->clear();
    if (spare_.size() == most) return;
    if (spare_.capacity() == 0) spare_.reserve(most);
    spare_.push_back(std::move(d));
}

HTTPHOOKS_DECL void session_loop::enter(session_base& s) {
    if (count_ == 0 && !manual_) {
        advance(tick_now());
        arm();
    }
    intrusive_ptr_add_ref(&s);
    sessions_.push_back(s);
    ++count_;
}

HTTPHOOKS_DECL void session_loop::leave(session_base& s) noexcept {
    if (!s.is_linked()) return;
    s.unlink();
    wheel().cancel(s);
    --count_;
    if (count_ == 0) {
        timer_.cancel();
        if (empty_) call_later(executor(), std::exchange(empty_, nullptr));
    }
    intrusive_ptr_release(&s);
}

inline timer_wheel::tick session_loop::tick_now() const {
    return static_cast<timer_wheel::tick>((clock::now() - started_) / timer_wheel::resolution);
}

inline void session_loop::arm() {
    if (std::exchange(armed_, true)) return;
    timer_.expires_after(timer_wheel::resolution);
    call_at_expiry(timer_, [weak = weak_from_this()](error_code) {
        auto const self = weak.lock();
        if (!self) return;
        self->armed_ = false;
        self->advance(self->tick_now());
        if (self->count_ > 0) self->arm();
    });
}

HTTPHOOKS_DECL void session_loop::advance(timer_wheel::tick now) {
    wheel().advance(now, [](timer_wheel::entry& e) {
        boost::intrusive_ptr<session_base> const s(static_cast<session_base*>(&e));
        s->on_deadline();
    });
}

HTTPHOOKS_DECL void session_loop::drain(std::function<void()> empty) {
    begin_drain();
    if (count_ == 0) {
        return call_later(executor(), std::move(empty));
    }
    empty_ = std::move(empty);
    std::vector<boost::intrusive_ptr<session_base>> all;
    for (session_base& s : sessions_) all.emplace_back(&s);
    for (auto const& s : all) s->drain();
}

HTTPHOOKS_DECL std::pair<std::size_t, std::size_t> session_loop::cut() {
    std::pair<std::size_t, std::size_t> lost{};
    while (!sessions_.empty()) {
        boost::intrusive_ptr<session_base> const s(&sessions_.front());
        ++lost.first;
        lost.second += s->cut();
        leave(*s);
    }
    return lost;
}

HTTPHOOKS_DECL guest_ticket::guest_ticket(std::shared_ptr<session_loop> loop,
                                          std::weak_ptr<severable> who,
                                          std::unique_ptr<connection_ticket> place)
    : loop_(std::move(loop)), guest_(new guest(std::move(who))), place_(std::move(place)) {
    loop_->enter(*guest_);
}

HTTPHOOKS_DECL guest_ticket::~guest_ticket() {
    // a mount may let the connection go on any thread; who is counted belongs to the loop's
    auto const executor = loop_->executor();
    asio::dispatch(executor, [loop = std::move(loop_), g = std::move(guest_)]() mutable {
        loop->leave(*g);
        g.reset();
    });
}

HTTPHOOKS_DECL std::unique_ptr<connection_ticket> guest_ticket::place(connection_ticket* guest) {
    auto* const held = dynamic_cast<guest_ticket*>(guest);
    return held ? std::move(held->place_) : nullptr;
}

}  // namespace httphooks::http::detail
