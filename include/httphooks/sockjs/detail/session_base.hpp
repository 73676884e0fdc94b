// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What the sessions of all transports have in common: handlers, inbound messages, their end.
*/

#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/detail/system/shared_function.hpp>
#include <httphooks/http/detail/home.hpp>
#include <httphooks/http/detail/session_owner.hpp>
#include <httphooks/message.hpp>
#include <httphooks/sockjs/error.hpp>
#include <httphooks/sockjs/frame.hpp>
#include <httphooks/sockjs/prepared_message.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/intrusive/list.hpp>

#include <any>
#include <atomic>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::sockjs {

/** The request that opened a session, and where it came from. */
struct handshake {
    /// The request: its target with the query, its fields, cookies too.
    std::shared_ptr<request const> message;
    /// The client's address, or that of a proxy.
    asio::ip::tcp::endpoint peer{};
    /// Whether the client came by TLS; behind a trusted proxy what the proxy says.
    bool tls = false;
};

namespace detail {

class session_base;

/// A message that is written straight to where it goes.
class message_source {
public:
    message_source(message_source const&) = delete;
    message_source& operator=(message_source const&) = delete;

    /// Appends the message, which is UTF-8.
    virtual void append(std::string& to) const = 0;
    /// Appends it as append_quoted() does, between two plain texts.
    virtual void append_quoted(std::string& to, std::string_view before,
                               std::string_view after) const = 0;
    /// About how many bytes it has.
    virtual std::size_t expected_size() const noexcept = 0;

protected:
    message_source() = default;
    ~message_source() = default;
};

/// The service, as its sessions see it.
using session_owner = http::detail::session_owner<session_base>;

/** A session. Its state changes on its home only; calls from elsewhere are posted there. */
class session_base : public http::detail::timed,
                     public boost::intrusive::list_base_hook<
                         boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    session_base(std::shared_ptr<session_owner> owner, http::detail::home place, handshake shake,
                 std::string_view transport);
    ~session_base() override;

    // from any thread ---------------------------------------------------------------------

    bool send(std::string_view message);
    bool send_binary(std::string_view bytes);
    bool send(prepared_message const& message);
    bool send(message_source const& message);
    bool close(close_code code, std::string_view reason);
    /// Ends the session, with a word to the client if that needs no waiting.
    void abandon(close_code code, std::string_view reason);
    void pause();
    void resume();
    bool is_open() const noexcept { return open_.load(std::memory_order_relaxed); }

    sockjs::handshake const& opening() const noexcept { return handshake_; }
    std::string_view transport() const noexcept { return transport_; }
    http::detail::home const& place() const noexcept { return home_; }

    // on the home -------------------------------------------------------------------------

    void on_message(std::function<void(std::string_view, bool)> f);
    void on_close(std::function<void(close_code, std::string_view)> f);
    void on_drain(std::function<void()> f);
    std::any& data() noexcept { return data_; }
    /// Bytes that wait for the client.
    virtual std::size_t buffered() const noexcept = 0;

    void on_loop_end() noexcept override;

    std::shared_ptr<session_base> self() {
        return std::static_pointer_cast<session_base>(shared_from_this());
    }

protected:
    /// Messages in a row, as check_messages() or check_message_frame() found them good.
    void deliver_all(std::string_view json);
    /// One of these messages.
    void deliver_slice(httphooks::detail::json_slice const& json);
    /// One message. @param binary it came in a binary frame
    void deliver(std::string_view message, bool binary = false);
    /// Whether messages are held: the application wants none yet, or does not know the client yet.
    bool paused() const noexcept { return paused_ || !told_opened_; }
    std::size_t inbound_bytes() const noexcept { return inbound_bytes_; }
    server_counters& counters() const noexcept { return owner_->counters(); }

    /// The connection is open: tells the application.
    void tell_opened();
    /// The connection is closed: tells the application, once, later.
    void tell_closed(close_code code, std::string_view reason);
    /// The client has ended it: as tell_closed(), but behind the messages that came before.
    void tell_ended(close_code code, std::string_view reason);
    /// Whether the application knows that it is closed.
    bool told() const noexcept { return told_; }
    /// All that waited is written: tells the application.
    void tell_drained();
    /// The session is over.
    void forget() noexcept;

    virtual bool send_here(std::string_view message) = 0;
    virtual bool send_binary_here(std::string_view bytes) { return send_here(bytes); }
    virtual bool send_here(prepared_message const& message) = 0;
    virtual bool send_here(message_source const& message);
    virtual bool close_here(close_code code, std::string_view reason) = 0;
    virtual void abandon_here(close_code code, std::string_view reason) = 0;
    /// The application wants messages again, or no more.
    virtual void reading(bool wanted) = 0;

private:
    struct held_message {
        std::string text;
        bool binary;
    };
    struct ending {
        close_code code;
        std::string reason;
    };
    struct inbound {
        std::deque<held_message> messages{};
        /// How the client has ended the connection, when it has.
        std::optional<ending> end{};
    };

    template <class Function>
    void guarded(Function f) noexcept;
    void call_message(std::string_view message, bool binary);
    void pump();
    bool close_now(close_code code, std::string_view reason);
    void clear() noexcept;

    std::shared_ptr<session_owner> owner_;
    http::detail::home home_;
    sockjs::handshake handshake_;
    std::string_view transport_;
    std::function<void(std::string_view, bool)> on_message_{};
    std::function<void(close_code, std::string_view)> on_close_{};
    httphooks::detail::shared_function<void()> on_drain_{};
    std::any data_{};
    std::unique_ptr<inbound> inbound_{};
    std::size_t inbound_bytes_ = 0;
    std::atomic<bool> open_{true};
    bool paused_ = false;
    bool pumping_ = false;
    bool told_opened_ = false;
    bool told_ = false;
    bool cleared_ = false;
    std::atomic<bool> forgotten_{false};
};

// ---------------------------------------------------------------------------------------------

inline session_base::session_base(std::shared_ptr<session_owner> owner, http::detail::home place,
                                  sockjs::handshake shake, std::string_view transport)
    : owner_(std::move(owner)),
      home_(std::move(place)),
      handshake_(std::move(shake)),
      transport_(transport) {
    home_.timers().enter(*this);
}

inline session_base::~session_base() {
    home_.timers().leave(*this);
    forget();
}

inline bool session_base::send(std::string_view message) {
    if (!is_open()) return false;
    if (home_.here()) return send_here(message);
    home_.post([s = self(), m = std::string(message)] { s->send_here(std::string_view(m)); });
    return true;
}

inline bool session_base::send_binary(std::string_view bytes) {
    if (!is_open()) return false;
    if (home_.here()) return send_binary_here(bytes);
    home_.post([s = self(), b = std::string(bytes)] { s->send_binary_here(b); });
    return true;
}

inline bool session_base::send(prepared_message const& message) {
    if (!is_open()) return false;
    if (home_.here()) return send_here(message);
    home_.post([s = self(), message] { s->send_here(message); });
    return true;
}

inline bool session_base::send(message_source const& message) {
    if (!is_open()) return false;
    return home_.here() ? send_here(message) : session_base::send_here(message);
}

/// As any text.
inline bool session_base::send_here(message_source const& message) {
    std::string text = httphooks::detail::take_string();
    message.append(text);
    bool const good = send(std::string_view(text));
    httphooks::detail::give_string(std::move(text));
    return good;
}

inline bool session_base::close(close_code code, std::string_view reason) {
    if (home_.here()) return close_now(code, reason);
    bool const was_open = open_.exchange(false);
    home_.post([s = self(), code, r = std::string(reason)] { s->close_now(code, r); });
    return was_open;
}

inline bool session_base::close_now(close_code code, std::string_view reason) {
    if (!inbound_ || !inbound_->end) return close_here(code, reason);
    // what the client sent before it went is not wanted any more
    ending const end = *inbound_->end;
    tell_closed(end.code, end.reason);
    return false;
}

inline void session_base::abandon(close_code code, std::string_view reason) {
    home_.dispatch([s = self(), code, r = std::string(reason)] { s->abandon_here(code, r); });
}

inline void session_base::pause() {
    home_.dispatch([s = self()] {
        if (std::exchange(s->paused_, true) || s->told_) return;
        s->reading(false);
    });
}

inline void session_base::resume() {
    home_.dispatch([s = self()] {
        if (!std::exchange(s->paused_, false) || s->told_) return;
        // later: the caller may be the message handler
        s->home_.post([s] { s->pump(); });
    });
}

inline void session_base::on_message(std::function<void(std::string_view, bool)> f) {
    if (!cleared_) on_message_ = std::move(f);
}

inline void session_base::on_close(std::function<void(close_code, std::string_view)> f) {
    if (!cleared_) on_close_ = std::move(f);
}

inline void session_base::on_drain(std::function<void()> f) {
    if (!cleared_) on_drain_ = std::move(f);
}

template <class Function>
void session_base::guarded(Function f) noexcept {
    try {
        f();
    } catch (...) {
        owner_->failed(std::current_exception());
        try {
            close_now(close_code::internal_error, "Internal server error");
        } catch (...) {
            owner_->failed(std::current_exception());
        }
    }
}

inline void session_base::call_message(std::string_view message, bool binary) {
    if (!on_message_) return;
    // the handler may set another one, or close
    auto f = std::move(on_message_);
    on_message_ = nullptr;
    guarded([&] { f(message, binary); });
    if (!on_message_ && !cleared_) on_message_ = std::move(f);
}

inline void session_base::deliver(std::string_view message, bool binary) {
    if (told_ || !is_open()) return;
    if (paused() || (inbound_ && !inbound_->messages.empty())) {
        if (!inbound_) inbound_ = std::make_unique<inbound>();
        inbound_->messages.push_back({std::string(message), binary});
        inbound_bytes_ += message.size();
        return;
    }
    call_message(message, binary);
}

inline void session_base::deliver_all(std::string_view json) {
    std::string scratch = httphooks::detail::take_string();
    std::string_view message;
    for (message_reader reader(json); reader.next(message, scratch);) deliver(message);
    httphooks::detail::give_string(std::move(scratch));
}

inline void session_base::deliver_slice(httphooks::detail::json_slice const& json) {
    if (!json.escaped) return deliver(json.text);
    std::string text = httphooks::detail::take_string();
    detail::append_unescaped(text, json);
    deliver(text);
    httphooks::detail::give_string(std::move(text));
}

inline void session_base::pump() {
    if (pumping_) return;
    pumping_ = true;
    while (inbound_ && !inbound_->messages.empty() && !paused() && !told_) {
        held_message const m = std::move(inbound_->messages.front());
        inbound_->messages.pop_front();
        inbound_bytes_ -= m.text.size();
        call_message(m.text, m.binary);
    }
    pumping_ = false;
    if (paused() || told_) return;
    auto const done = std::exchange(inbound_, nullptr);
    if (done && done->end) return tell_closed(done->end->code, done->end->reason);
    reading(true);
}

inline void session_base::tell_opened() {
    told_opened_ = true;
    guarded([this] { owner_->opened(self()); });
    if (inbound_) home_.post([s = self()] { s->pump(); });
}

inline void session_base::tell_drained() {
    if (!on_drain_ || told_) return;
    auto const f = on_drain_;  // it may set another one
    guarded([&] { f(); });
}

inline void session_base::tell_closed(close_code code, std::string_view reason) {
    open_.store(false, std::memory_order_relaxed);
    if (std::exchange(told_, true)) return;
    inbound_.reset();
    inbound_bytes_ = 0;
    // later: the caller may be one of the handlers
    home_.post([s = self(), code, r = std::string(reason)] {
        auto const f = std::move(s->on_close_);
        if (f) s->guarded([&] { f(code, r); });
        s->clear();
    });
}

inline void session_base::tell_ended(close_code code, std::string_view reason) {
    if (!inbound_ || inbound_->messages.empty()) return tell_closed(code, reason);
    open_.store(false, std::memory_order_relaxed);
    if (!inbound_->end) inbound_->end = ending{code, std::string(reason)};
}

inline void session_base::forget() noexcept {
    if (!forgotten_.exchange(true)) owner_->forget(*this);
}

/// Lets go of what the application gave, which may refer to this session.
inline void session_base::clear() noexcept {
    cleared_ = true;
    auto const message = std::exchange(on_message_, nullptr);
    auto const closed = std::exchange(on_close_, nullptr);
    auto const drained = std::exchange(on_drain_, {});
    auto const data = std::exchange(data_, std::any());
}

inline void session_base::on_loop_end() noexcept {
    open_.store(false);
    told_ = true;
    forget();
    clear();
}

}  // namespace detail
}  // namespace httphooks::sockjs
