// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What is behind a Socket.IO client: its connection, opened again when it is lost, and the
    namespaces that share it.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/context_guard.hpp>
#include <httphooks/detail/system/shared_function.hpp>
#include <httphooks/engineio/client.hpp>
#include <httphooks/http/absolute_url.hpp>
#include <httphooks/socketio/client_options.hpp>
#include <httphooks/socketio/client_socket.hpp>
#include <httphooks/socketio/detail/client_socket_state.hpp>
#include <httphooks/socketio/detail/reconnect_delay.hpp>
#include <httphooks/socketio/parser.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
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
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

/** While it is not idle, an operation on the executor keeps it; so handlers of its sockets, which
    it keeps, may not. */
class client_manager final : public client_carrier,
                             public std::enable_shared_from_this<client_manager> {
public:
    using handler = asio::any_completion_handler<void(error_code, client_socket)>;

    client_manager(asio::any_io_executor const& executor, client_options o)
        : executor_(executor),
          options_(std::move(o)),
          life_(executor),
          delay_(executor),
          decoder_(make_decoder()),
          guard_(executor) {}

    // called by a copy: they may set others
    httphooks::detail::shared_function<void(std::size_t)> on_reconnect_attempt{};
    httphooks::detail::shared_function<void(std::size_t)> on_reconnect{};
    httphooks::detail::shared_function<void()> on_reconnect_failed{};

    /// The socket of a namespace. @param nsp begins with a slash
    std::shared_ptr<client_socket_state> of(std::string const& nsp);
    /// Opens the connection, and has a namespace joined.
    void connect(std::string url, std::string const& nsp, handler done);
    /// Gives the attempt up.
    void cancel();
    /// Disconnects all sockets, and closes the connection; nothing is tried, or waited for, any
    /// more.
    void close();

    engineio::client_connection const& connection() const noexcept { return connection_; }

    asio::any_io_executor const& executor() const noexcept override { return executor_; }
    client_options const& options() const noexcept override { return options_; }

private:
    enum class state : std::uint8_t { idle, opening, open, waiting };

    std::shared_ptr<client_carrier> keep() override { return shared_from_this(); }
    bool writable() const override { return late_.empty() && connection_.buffered_amount() == 0; }
    bool send(std::vector<engineio::packet> messages, bool must) override;
    void wanted(client_socket_state& s) override;
    void unwanted() override;
    void settled(client_socket_state& s, error_code ec) override;
    void lose(client_disconnect_reason why, error_code ec = error::disconnected) override;
    void give_up() override { close(); }

    decoder make_decoder() const {
        return decoder(options_.parser, {options_.depth, options_.max_attachments,
                                         options_.max_packet, namespace_length});
    }
    template <class Function>
    void guarded(Function f) noexcept;
    /// Calls a function with each socket; it may make others.
    template <class Function>
    void for_each(Function f);
    bool any_wanted() const;
    engineio::client make_engine();

    /// Is kept until stop().
    void live();
    void open();
    void opened(error_code ec, engineio::client_connection c);
    void not_opened(error_code ec);
    void receive(std::string_view data, bool binary);
    void drained();
    void reconnect();
    /// Drops the connection. Nothing is under way then.
    void stop();
    void complete(error_code ec);
    void call(handler done, error_code ec, client_socket s) const;

    /// No server has longer ones.
    static constexpr std::size_t namespace_length = 64 * 1024;

    asio::any_io_executor executor_;
    client_options options_;
    std::map<std::string, std::unique_ptr<client_socket_state>, std::less<>> sockets_{};
    std::string url_{};
    asio::steady_timer life_;
    asio::steady_timer delay_;
    asio::cancellation_signal attempt_{};
    engineio::client_connection connection_{};
    decoder decoder_;
    incoming packet_{};
    std::size_t packet_size_ = 0;
    /// What the connection did not take yet.
    std::deque<std::vector<engineio::packet>> late_{};
    std::size_t late_size_ = 0;
    handler done_{};
    client_socket_state* awaited_ = nullptr;
    state state_ = state::idle;
    /// Attempts to open the connection again, since it was lost.
    std::size_t attempts_ = 0;
    /// When they began.
    std::chrono::steady_clock::time_point trying_since_{};
    /// Counts attempts and connections: what belongs to earlier ones is not heard.
    std::uint64_t round_ = 0;
    httphooks::detail::context_guard guard_;
};

// ---------------------------------------------------------------------------------------------

template <class Function>
void client_manager::guarded(Function f) noexcept {
    try {
        f();
    } catch (...) {
        give_up();
    }
}

template <class Function>
void client_manager::for_each(Function f) {
    // a node of a map stays where it is
    for (auto const& [name, s] : sockets_) f(*s);
}

inline bool client_manager::any_wanted() const {
    for (auto const& [name, s] : sockets_)
        if (s->is_wanted()) return true;
    return false;
}

inline std::shared_ptr<client_socket_state> client_manager::of(std::string const& nsp) {
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

inline void client_manager::connect(std::string url, std::string const& nsp, handler done) {
    auto const shared = std::make_shared<handler>(std::move(done));
    asio::dispatch(executor_, [self = shared_from_this(), url = std::move(url), nsp, shared] {
        if (self->state_ != state::idle)
            return asio::post(self->executor_, [self, shared] {
                self->call(std::move(*shared), asio::error::already_started, {});
            });
        auto const s = self->of(nsp);
        self->url_ = url;
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

inline void client_manager::cancel() {
    asio::dispatch(executor_, [self = shared_from_this()] {
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

inline void client_manager::open() {
    if (state_ == state::idle) live();
    state_ = state::opening;
    ++round_;
    make_engine().async_connect(
        url_, asio::bind_cancellation_slot(
                  attempt_.slot(), [weak = weak_from_this(), round = round_](
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

inline void client_manager::wanted(client_socket_state& s) {
    if (state_ == state::open) return s.join();
    if (state_ == state::waiting) {
        delay_.cancel();
        open();
    } else if (state_ == state::idle && !url_.empty()) {
        open();
    }
}

inline void client_manager::settled(client_socket_state& s, error_code ec) {
    if (&s != awaited_ || !done_) return;
    if (ec) s.give_up();
    complete(ec);
}

// sending and receiving -----------------------------------------------------------------------

inline bool client_manager::send(std::vector<engineio::packet> messages, bool must) {
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

inline void client_manager::stop() {
    ++round_;
    state_ = state::idle;
    delay_.cancel();
    life_.cancel();
    late_.clear();
    late_size_ = 0;
    attempt_.emit(asio::cancellation_type::terminal);
    std::exchange(connection_, {}).close();
}

inline void client_manager::unwanted() {
    if (state_ == state::idle || any_wanted()) return;
    stop();
}

inline void client_manager::lose(client_disconnect_reason why, error_code ec) {
    if (state_ != state::open) return;
    auto const self = shared_from_this();
    bool const awaited = static_cast<bool>(done_);
    stop();
    std::uint64_t const round = round_;
    for_each([&](client_socket_state& s) { s.lost(why, ec); });
    if (round_ == round && !awaited) reconnect();
}

inline void client_manager::close() {
    auto const self = shared_from_this();
    asio::dispatch(executor_, [self] {
        self->for_each([](client_socket_state& s) { s.say_goodbye(); });
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
