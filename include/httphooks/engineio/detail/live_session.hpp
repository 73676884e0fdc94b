// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A session that lives: the state machine, who carries out what it wants, and the application's
    handlers.
*/

#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/detail/system/shared_function.hpp>
#include <httphooks/engineio/detail/held_input.hpp>
#include <httphooks/engineio/detail/parked_poll.hpp>
#include <httphooks/engineio/detail/socket_link.hpp>
#include <httphooks/engineio/handshake.hpp>
#include <httphooks/engineio/prepared_message.hpp>
#include <httphooks/engineio/session.hpp>
#include <httphooks/http/detail/home.hpp>
#include <httphooks/http/detail/session_owner.hpp>

#include <boost/intrusive/list.hpp>

#include <any>
#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::engineio::detail {

class live_session;

/// The service, as its sessions see it.
using session_owner = http::detail::session_owner<live_session>;

/** A session. Its state changes on its home only; calls from elsewhere are posted there. */
class live_session final : public http::detail::timed,
                           public link_end,
                           public boost::intrusive::list_base_hook<
                               boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    /// What a session begins with.
    struct beginning {
        std::string id;
        engineio::handshake handshake;
        revision protocol;
        transport_kind transport;
        /// The function that scripts call, which its polls are answered with; empty: they are none.
        std::string script_call{};
        /// Whether the client takes no bytes, but base64 in texts.
        bool base64 = false;
    };

    live_session(std::shared_ptr<session_owner> owner, std::shared_ptr<options const> o, home place,
                 beginning b);
    ~live_session() override;

    // from any thread ---------------------------------------------------------------------

    bool send(packet_view p);
    bool send(prepared_message const& m);
    template <class Write>
    bool send_text_with(std::size_t expected, Write write);
    void close();
    void close_to_drain();
    void pause();
    void resume();
    bool is_open() const noexcept { return open_.load(std::memory_order_relaxed); }
    transport_kind transport() const noexcept { return carrier_.load(std::memory_order_relaxed); }
    /// A post has begun to come.
    void post_begins() noexcept { ++posting_; }
    /// It is whole, or does not come. @param good whether its client did not go
    void post_ends(bool good);
    std::string const& id() const noexcept { return id_; }
    revision protocol() const noexcept { return protocol_; }
    std::string const& script_call() const noexcept { return script_call_; }
    message_style style() const noexcept { return {protocol_, base64_}; }
    engineio::options const& settings() const noexcept { return *options_; }
    engineio::handshake const& opening() const noexcept { return handshake_; }
    server_counters& counters() const noexcept { return owner_->counters(); }
    home const& place() const noexcept override { return home_; }

    // on the home -------------------------------------------------------------------------

    void on_message(std::function<void(std::string_view, bool)> f);
    void on_close(std::function<void(close_reason)> f);
    void on_drain(std::function<void()> f);
    void on_upgrade(std::function<void()> f);
    std::any& data() noexcept { return data_; }
    std::size_t buffered() const noexcept;
    bool writable() const noexcept;

    /// The session has begun: tells the application.
    void tell_opened();

    /// A poll has come. @param w its visit
    void poll(std::shared_ptr<http::detail::waiting_visit> w, parked_poll p);
    /// A payload has come. @param binary whether it is bytes
    void receive(std::string body, bool binary);
    /// Answers what receive() was called for: now, or when messages are taken again.
    void answer_post(std::shared_ptr<http::detail::waiting_visit> const& w, response r);
    /// Whether a post is on its way, or has not been answered yet.
    bool posted() const noexcept { return posting_ != 0 || (held_ && held_->holds_post()); }
    /// A request has come that no payload is: the session ends.
    void fail(close_reason why) { apply(machine_.fail(why)); }
    /// The session begins on this WebSocket, which tells when it is open.
    void begin_on(std::shared_ptr<socket_link> l) { socket_ = std::move(l); }

    void on_socket_open(std::shared_ptr<socket_link> const& l) override;
    void on_socket_message(socket_link const& l, std::string_view data, bool binary) override;
    void on_socket_end(socket_link const& l, websocket::close_code why) override;
    void on_socket_drain(socket_link const& l) override;
    void on_socket_room(socket_link const& l) override;
    void on_dropped() noexcept override { counters().drop(); }
    void on_deadline() override;
    void on_loop_end() noexcept override;

    std::shared_ptr<live_session> self() {
        return std::static_pointer_cast<live_session>(shared_from_this());
    }

private:
    using clock = session::clock;

    /// What few applications ask for.
    struct rare_handlers {
        httphooks::detail::shared_function<void()> drain{};
        std::function<void()> upgrade{};
    };

    template <class Function>
    void guarded(Function f) noexcept;
    bool send_here(packet_view p);
    bool send_here(prepared_message const& m);
    bool sent(session::sent outcome);
    bool sent(bool good);
    void flush_later();
    void apply(session_actions todo);
    bool is_full() const noexcept;
    held_input& held();
    void take(packet_view p);
    void call_message(std::string_view data, bool binary);
    void pump(bool again = true);
    void tell_drained();
    void tell_upgraded();
    void tell_closed(close_reason why);
    rare_handlers& rare();
    void forget() noexcept;
    void clear() noexcept;

    std::shared_ptr<session_owner> owner_;
    std::shared_ptr<options const> options_;
    home home_;
    engineio::handshake handshake_;
    std::string id_;
    server_counters::backlog backlog_;
    session machine_;
    std::unique_ptr<parked_poll> poll_{};
    std::shared_ptr<socket_link> socket_{};
    std::shared_ptr<socket_link> probe_{};
    std::function<void(std::string_view, bool)> on_message_{};
    std::function<void(close_reason)> on_close_{};
    std::unique_ptr<rare_handlers> rare_{};
    std::any data_{};
    /// What came and is not handed on yet.
    std::shared_ptr<held_input> held_{};
    /// How the WebSocket ended, when what it brought is not handed on yet.
    std::optional<close_reason> lost_{};
    unsigned pauses_ = 0;
    std::uint32_t poll_number_ = 0;
    bool pumping_ = false;
    revision protocol_;
    bool base64_;
    std::string script_call_;
    std::atomic<transport_kind> carrier_;
    std::atomic<bool> open_{true};
    std::atomic<bool> forgotten_{false};
    std::atomic<unsigned> posting_{0};
    bool flush_posted_ = false;
    bool told_ = false;
};

// ---------------------------------------------------------------------------------------------
// What a client sends to it is in live_session_input.hpp.

inline live_session::live_session(std::shared_ptr<session_owner> owner,
                                  std::shared_ptr<options const> o, home place, beginning b)
    : owner_(std::move(owner)),
      options_(std::move(o)),
      home_(std::move(place)),
      handshake_(std::move(b.handshake)),
      id_(std::move(b.id)),
      backlog_(&owner_->counters()),
      machine_(*options_, id_, b.transport, b.protocol, clock::now()),
      protocol_(b.protocol),
      base64_(b.base64),
      script_call_(std::move(b.script_call)),
      carrier_(b.transport) {
    home_.timers().enter(*this);
}

inline live_session::~live_session() {
    home_.timers().leave(*this);
    forget();
}

// what the application does -------------------------------------------------------------------

inline bool live_session::send(packet_view p) {
    if (!is_open()) return false;
    if (home_.here()) return send_here(p);
    home_.post([s = self(), copy = packet(p)] { s->send_here(copy.view()); });
    return true;
}

inline bool live_session::send(prepared_message const& m) {
    if (!is_open()) return false;
    if (home_.here()) return send_here(m);
    home_.post([s = self(), m] { s->send_here(m); });
    return true;
}

template <class Write>
bool live_session::send_text_with(std::size_t expected, Write write) {
    if (!is_open()) return false;
    if (socket_ && socket_->is_direct() && home_.here() && machine_.is_open())
        return sent(socket_->send_text_with(expected, write));
    std::string text = httphooks::detail::take_string();
    write(text);
    bool const good = send({packet_type::message, false, text});
    httphooks::detail::give_string(std::move(text));
    return good;
}

inline bool live_session::send_here(packet_view p) {
    if (!machine_.is_open()) return false;
    if (machine_.transport() == transport_kind::websocket) return sent(socket_ && socket_->send(p));
    return sent(machine_.send(p));
}

inline bool live_session::send_here(prepared_message const& m) {
    if (!machine_.is_open()) return false;
    if (machine_.transport() == transport_kind::websocket) return sent(socket_ && socket_->send(m));
    return sent(machine_.send(m.packets()));
}

inline bool live_session::sent(session::sent outcome) {
    if (outcome == session::sent::overflow || outcome == session::sent::dropped) counters().drop();
    if (outcome == session::sent::overflow) {
        apply(machine_.fail(close_reason::transport_close));
        return false;
    }
    if (outcome != session::sent::taken) return false;
    backlog_.set(machine_.buffered());
    flush_later();
    return true;
}

inline bool live_session::sent(bool good) {
    if (!good && options_->overflow == overflow_policy::close && !lost_)
        apply(machine_.fail(close_reason::transport_close));
    return good;
}

/// Answers the poll when what runs now has said all that it has to say.
inline void live_session::flush_later() {
    if (std::exchange(flush_posted_, true)) return;
    home_.post([s = self()] {
        s->flush_posted_ = false;
        s->apply(s->machine_.flush());
    });
}

inline void live_session::close() {
    open_.store(false, std::memory_order_relaxed);
    home_.dispatch([s = self()] { s->apply(s->machine_.close(clock::now())); });
}

inline void live_session::close_to_drain() {
    open_.store(false, std::memory_order_relaxed);
    home_.dispatch([s = self()] { s->apply(s->machine_.close_to_drain(clock::now())); });
}

inline void live_session::pause() {
    home_.dispatch([s = self()] {
        if (s->pauses_++ != 0 || s->machine_.is_over()) return;
        s->machine_.hold(true, clock::now());
        if (s->socket_) s->socket_->set_paused(true);
    });
}

inline void live_session::resume() {
    home_.dispatch([s = self()] {
        if (s->pauses_ == 0 || --s->pauses_ != 0) return;
        // later: the caller may be the message handler
        s->home_.post([s] { s->pump(); });
    });
}

inline void live_session::on_message(std::function<void(std::string_view, bool)> f) {
    if (!told_) on_message_ = std::move(f);
}

inline void live_session::on_close(std::function<void(close_reason)> f) {
    if (!told_) on_close_ = std::move(f);
}

inline live_session::rare_handlers& live_session::rare() {
    if (!rare_) rare_ = std::make_unique<rare_handlers>();
    return *rare_;
}

inline void live_session::on_drain(std::function<void()> f) {
    if (!told_) rare().drain = std::move(f);
}

inline void live_session::on_upgrade(std::function<void()> f) {
    if (!told_) rare().upgrade = std::move(f);
}

inline std::size_t live_session::buffered() const noexcept {
    return machine_.buffered() + (socket_ ? socket_->buffered() : 0);
}

inline bool live_session::writable() const noexcept {
    return machine_.is_open() && machine_.writable() && buffered() == 0;
}

// what the application is told ----------------------------------------------------------------

template <class Function>
void live_session::guarded(Function f) noexcept {
    try {
        f();
    } catch (...) {
        owner_->failed(std::current_exception());
        try {
            close();
        } catch (...) {
            owner_->failed(std::current_exception());
        }
    }
}

inline void live_session::call_message(std::string_view data, bool binary) {
    if (!on_message_ || told_) return;
    // the handler may set another one, or close
    auto f = std::move(on_message_);
    on_message_ = nullptr;
    guarded([&] { f(data, binary); });
    if (!on_message_ && !told_) on_message_ = std::move(f);
}

inline void live_session::tell_opened() {
    guarded([this] { owner_->opened(self()); });
}

inline void live_session::tell_drained() {
    if (!rare_ || !rare_->drain || told_) return;
    auto const f = rare_->drain;  // it may set another one
    guarded([&] { f(); });
}

inline void live_session::tell_upgraded() {
    if (!rare_ || !rare_->upgrade || told_) return;
    auto const f = std::exchange(rare_->upgrade, nullptr);
    guarded([&] { f(); });
}

inline void live_session::tell_closed(close_reason why) {
    open_.store(false, std::memory_order_relaxed);
    if (std::exchange(told_, true)) return;
    if (why == close_reason::parse_error) counters().refuse("Parse error");
    // later: the caller may be one of the handlers
    home_.post([s = self(), why] {
        auto const f = std::exchange(s->on_close_, nullptr);
        if (f) s->guarded([&] { f(why); });
        s->clear();
    });
}

inline void live_session::forget() noexcept {
    if (!forgotten_.exchange(true)) owner_->forget(*this);
}

/// Lets go of what the application gave, which may refer to this session.
inline void live_session::clear() noexcept {
    auto const message = std::exchange(on_message_, nullptr);
    auto const closed = std::exchange(on_close_, nullptr);
    auto const others = std::exchange(rare_, nullptr);
    auto const data = std::exchange(data_, std::any());
}

// what the machine wants ----------------------------------------------------------------------

inline void live_session::apply(session_actions todo) {
    auto const keep = shared_from_this();
    backlog_.set(machine_.buffered());
    if (auto const p = todo.poll.empty() ? nullptr : std::exchange(poll_, nullptr))
        p->answer(todo.poll, options_->compression);
    if (todo.answer_probe && probe_)
        probe_->put(std::vector<packet>(1, packet{packet_type::pong, false, "probe"}));
    if (todo.adopt_probe) {
        socket_ = std::move(probe_);
        if (pauses_ != 0) socket_->set_paused(true);
        carrier_.store(transport_kind::websocket, std::memory_order_relaxed);
    }
    if (todo.close_probe && probe_) std::exchange(probe_, nullptr)->close();
    if (socket_) socket_->put(std::move(todo.websocket));
    if (todo.close_websocket && socket_) std::exchange(socket_, nullptr)->close();
    if (todo.over) {
        if (auto const held = std::exchange(held_, nullptr)) held->answer();
        home_.timers().set(*this, std::nullopt);
        forget();
        if (todo.closed) tell_closed(*todo.closed);
        return;
    }
    home_.timers().set(*this, machine_.deadline());
    if (todo.adopt_probe) {
        tell_upgraded();
        pump();
    }
    if (todo.drained) tell_drained();
}

inline void live_session::on_deadline() {
    home_.post([s = self()] { s->apply(s->machine_.expire(clock::now())); });
}

inline void live_session::on_loop_end() noexcept {
    open_.store(false);
    told_ = true;
    backlog_.set(0);
    poll_.reset();
    socket_.reset();
    probe_.reset();
    held_.reset();
    forget();
    clear();
}

}  // namespace httphooks::engineio::detail

#include <httphooks/engineio/detail/live_session_input.hpp>
