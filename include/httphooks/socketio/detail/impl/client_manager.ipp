// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/client_manager.hpp>

#include <httphooks/engineio/client.hpp>
#include <httphooks/socketio/client_socket.hpp>
#include <httphooks/socketio/detail/client_socket_state.hpp>
#include <httphooks/socketio/detail/reconnect_delay.hpp>

#include <boost/asio/append.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

inline bool client_manager::any_wanted() const {
    for (auto const& [name, s] : sockets_)
        if (s->is_wanted()) return true;
    return false;
}

HTTPHOOKS_DECL std::shared_ptr<client_socket_state> client_manager::of(std::string const& nsp) {
    auto& s = sockets_[nsp];
    if (!s) {
        s = std::make_unique<client_socket_state>(*this, nsp);
        // not before its handlers are set
        if (state_ == state::open)
            asio::post(executor_, [self = shared_from_this(), made = s.get()] {
                if (self->state_ == state::open) made->join();
            });
    }
    return s->self();
}

// opening -------------------------------------------------------------------------------------
HTTPHOOKS_DECL void client_manager::connect(std::uint64_t attempt, std::string url,
                                            std::string const& nsp, handler done) {
    auto const shared = std::make_shared<handler>(std::move(done));
    asio::dispatch(executor_,
                   [self = shared_from_this(), attempt, url = std::move(url), nsp, shared] {
                       if (self->state_ != state::idle)
                           return asio::post(self->executor_, [self, shared] {
                               self->call(std::move(*shared), asio::error::already_started, {});
                           });
                       auto const s = self->of(nsp);
                       self->url_ = url;
                       self->attempt_ = attempt;
                       self->done_.swap(*shared);
                       self->awaited_ = s.get();
                       self->attempts_ = 0;
                       s->connect();
                   });
}

inline void client_manager::call(handler done, error_code ec, client_socket s) const {
    auto const to = asio::get_associated_executor(done, executor_);
    asio::dispatch(to, asio::append(std::move(done), ec, std::move(s)));
}

inline void client_manager::complete(error_code ec) {
    if (!done_) return;
    handler done;
    done.swap(done_);
    call(std::move(done), ec, ec ? client_socket() : client_socket(awaited_->self()));
}

HTTPHOOKS_DECL void client_manager::cancel(std::uint64_t attempt) {
    asio::dispatch(executor_, [self = shared_from_this(), attempt] {
        if (self->attempt_ != attempt || !self->done_) return;
        self->complete(asio::error::operation_aborted);
        self->close();
    });
}

inline engineio::client client_manager::make_engine() {
    engineio::client engine(executor_, options_.engine);
    auto const when = [weak = weak_from_this(), round = round_](auto f) {
        auto const self = weak.lock();
        if (self && self->round_ == round) f(*self);
    };
    engine.on_message([when](engineio::client_connection&, std::string_view m, bool binary) {
        when([&](client_manager& self) { self.receive(m, binary); });
    });
    engine.on_close([when](engineio::client_connection&, engineio::close_reason why) {
        when([&](client_manager& self) { self.lose(to_client_disconnect_reason(why)); });
    });
    engine.on_drain([when](engineio::client_connection&) {
        when([](client_manager& self) { self.drained(); });
    });
    return engine;
}

inline void client_manager::live() {
    life_.expires_at(asio::steady_timer::time_point::max());
    life_.async_wait([self = shared_from_this()](error_code) {});
}

HTTPHOOKS_DECL void client_manager::open() {
    if (state_ == state::idle) live();
    state_ = state::opening;
    ++round_;
    make_engine().async_connect(
        url_, asio::bind_cancellation_slot(
                  opening_.slot(), [weak = weak_from_this(), round = round_](
                                       error_code ec, engineio::client_connection const& c) {
                      auto const self = weak.lock();
                      if (self && self->round_ == round) return self->opened(ec, c);
                      c.close();
                  }));
}

inline void client_manager::opened(error_code ec, engineio::client_connection c) {
    if (ec) return not_opened(ec);
    connection_ = std::move(c);
    state_ = state::open;
    decoder_ = make_decoder();
    packet_size_ = 0;
    std::uint64_t const round = round_;
    auto const told = on_reconnect;
    if (std::size_t const n = std::exchange(attempts_, 0); n != 0 && told)
        guarded([&] { told(n); });
    for_each([&](client_socket_state& s) {
        if (round_ == round) s.begin();
    });
    unwanted();
}

inline void client_manager::not_opened(error_code ec) {
    bool const awaited = static_cast<bool>(done_);
    stop();
    std::uint64_t const round = round_;
    connect_error const why{ec.message(), nullptr, ec};
    for_each([&](client_socket_state& s) {
        if (round_ == round && s.is_wanted()) s.fail(why);
    });
    if (round_ == round && !awaited) reconnect();
}

HTTPHOOKS_DECL void client_manager::wanted(client_socket_state& s) {
    if (state_ == state::open) return s.join();
    if (state_ == state::waiting) {
        delay_.cancel();
        open();
    } else if (state_ == state::idle && !url_.empty()) {
        open();
    }
}

HTTPHOOKS_DECL void client_manager::settled(client_socket_state& s, error_code ec) {
    if (&s != awaited_ || !done_) return;
    if (ec) s.give_up();
    complete(ec);
}

// sending and receiving -----------------------------------------------------------------------
HTTPHOOKS_DECL bool client_manager::send(std::vector<engineio::packet> messages, bool must) {
    if (state_ != state::open) return false;
    std::size_t size = 0;
    for (engineio::packet const& m : messages) size += m.data.size() + 1;
    // what the connection takes when nothing waits may be of any size
    bool const full = connection_.buffered_amount() != 0 &&
                      connection_.buffered_amount() + size > options_.engine.output_limit;
    if (late_.empty() && !full) {
        // one that is just closing takes nothing, and tells so
        connection_.send(std::move(messages));
        return true;
    }
    if (!must && late_size_ + size > options_.buffer_limit) return false;
    late_size_ += size;
    late_.push_back(std::move(messages));
    return true;
}

inline void client_manager::drained() {
    late_size_ = 0;
    for (auto& m : std::exchange(late_, {})) send(std::move(m), true);
}

inline void client_manager::receive(std::string_view data, bool binary) {
    bool complete = false;
    packet_size_ += data.size();
    if (decoder_.receive(data, binary, packet_, complete))
        return lose(client_disconnect_reason::parse_error);
    if (!complete) return;
    std::size_t const size = std::exchange(packet_size_, 0);
    auto const s = sockets_.find(packet_.nsp);
    if (s != sockets_.end() && !s->second->receive(packet_, size))
        lose(client_disconnect_reason::parse_error);
}

// the end -------------------------------------------------------------------------------------
inline void client_manager::close_connection() {
    std::vector<engineio::packet> rest;
    for (auto& m : std::exchange(late_, {})) std::ranges::move(m, std::back_inserter(rest));
    connection_.close(std::move(rest));
}

inline void client_manager::stop() {
    ++round_;
    state_ = state::idle;
    delay_.cancel();
    life_.cancel();
    late_.clear();
    late_size_ = 0;
    opening_.emit(asio::cancellation_type::terminal);
    std::exchange(connection_, {}).close();
}

HTTPHOOKS_DECL void client_manager::unwanted() {
    if (state_ == state::idle || any_wanted()) return;
    close_connection();
    stop();
}

HTTPHOOKS_DECL void client_manager::lose(client_disconnect_reason why, error_code ec) {
    if (state_ != state::open) return;
    auto const self = shared_from_this();
    bool const awaited = static_cast<bool>(done_);
    stop();
    std::uint64_t const round = round_;
    for_each([&](client_socket_state& s) { s.lost(why, ec); });
    if (round_ == round && !awaited) reconnect();
}

HTTPHOOKS_DECL void client_manager::close() {
    auto const self = shared_from_this();
    asio::dispatch(executor_, [self] {
        self->for_each([](client_socket_state& s) { s.say_goodbye(); });
        self->close_connection();
        // before handlers are called: what they begin is something new
        self->stop();
        self->for_each([](client_socket_state& s) { s.end(); });
    });
}

inline void client_manager::reconnect() {
    if (!options_.reconnection || !any_wanted()) return;
    auto const now = std::chrono::steady_clock::now();
    if (attempts_ == 0) trying_since_ = now;
    using std::chrono::milliseconds;
    auto const left = options_.reconnection_timeout -
                      std::chrono::duration_cast<milliseconds>(now - trying_since_);
    bool const limited = options_.reconnection_timeout.count() > 0;
    if (attempts_ >= options_.reconnection_attempts || (limited && left.count() <= 0)) {
        attempts_ = 0;
        if (auto const told = on_reconnect_failed) guarded([&] { told(); });
        return;
    }
    static thread_local std::minstd_rand chances{std::random_device()()};
    std::uniform_real_distribution<double> range(-1.0, 1.0);
    live();
    state_ = state::waiting;
    milliseconds delay = reconnect_delay(options_, attempts_++, range(chances));
    if (limited) delay = std::min(delay, left);
    delay_.expires_after(delay);
    delay_.async_wait([weak = weak_from_this(), round = round_](error_code ec) {
        auto const self = weak.lock();
        if (ec || !self || self->round_ != round) return;
        if (auto const told = self->on_reconnect_attempt)
            self->guarded([&] { told(self->attempts_); });
        if (self->round_ == round) self->open();
    });
}

}  // namespace httphooks::socketio::detail
