// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What the sessions of all transports have in common: handlers, inbound messages, their end.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/shared_function.hpp>
#include <httphooks/http/detail/home.hpp>
#include <httphooks/http/detail/session_owner.hpp>
#include <httphooks/sockjs/detail/message_source.hpp>
#include <httphooks/sockjs/error.hpp>
#include <httphooks/sockjs/frame.hpp>
#include <httphooks/sockjs/handshake.hpp>
#include <httphooks/sockjs/prepared_message.hpp>

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

namespace httphooks::sockjs::detail {

class session_base;

/// The service, as its sessions see it.
using session_owner = http::detail::session_owner<session_base>;

/** A session. Its state changes on its home only; calls from elsewhere are posted there. */
class session_base : public http::detail::timed,
                     public boost::intrusive::list_base_hook<
                         boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    session_base(std::shared_ptr<session_owner> owner, http::detail::home place, handshake shake,
                 std::string_view transport);
    HTTPHOOKS_DECL ~session_base() override;

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
    /// Whether callers may send: neither has it ended, nor has anybody asked to close it.
    bool is_open() const noexcept { return open_.load(std::memory_order_relaxed); }

    sockjs::handshake const& opening() const noexcept { return handshake_; }
    std::string_view transport() const noexcept { return transport_; }
    http::detail::home const& place() const noexcept { return home_; }

    // on the home -------------------------------------------------------------------------

    void on_message(std::function<void(std::string_view, bool)> f);
    void on_close(std::function<void(close_code, std::string_view)> f);
    void on_drain(std::function<void()> f);
    /// Held messages are of no use when the client has gone: its end is told at once.
    void drop_held_at_end() noexcept { drops_held_ = true; }
    std::any& data() noexcept { return data_; }
    /// As send(), of what was taken before: nobody closes the connection ahead of it.
    bool send_taken(prepared_message const& message) { return send_here(message); }
    /// Bytes that wait for the client.
    virtual std::size_t buffered() const noexcept = 0;
    /// How many may wait behind what waits already; 0 where less than 1,024 messages may.
    virtual std::size_t room() const noexcept = 0;
    /// Has the application told, as by on_drain(), when they have been written; it may be told
    /// within a call of send() too.
    HTTPHOOKS_DECL virtual void expect_drain();

    HTTPHOOKS_DECL void on_loop_end() noexcept override;

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
    /// Whether drop_held_at_end() was called.
    bool drops_held() const noexcept { return drops_held_; }
    /// What the messages that are held take.
    std::size_t inbound_bytes() const noexcept { return inbound_bytes_; }
    server_counters& counters() const noexcept { return owner_->counters(); }

    /// The connection is open: tells the application.
    void tell_opened();
    /// The connection is closed: tells the application, once, later.
    void tell_closed(close_code code, std::string_view reason);
    /// The client has ended it: as tell_closed(), but behind the messages that came before, unless
    /// drop_held_at_end() was called.
    void tell_ended(close_code code, std::string_view reason);
    /// Whether the application knows that it is closed.
    bool told() const noexcept { return told_; }
    /// Whether it has ended. Who closes it elsewhere ends it later, behind what was sent there.
    bool ended() const noexcept { return told_ || (inbound_ && inbound_->end); }
    /// All that waited is written: tells the application.
    void tell_drained();
    /// The session is over.
    void forget() noexcept;

    virtual bool send_here(std::string_view message) = 0;
    virtual bool send_binary_here(std::string_view bytes) { return send_here(bytes); }
    virtual bool send_here(prepared_message const& message) = 0;
    HTTPHOOKS_DECL virtual bool send_here(message_source const& message);
    virtual bool close_here(close_code code, std::string_view reason) = 0;
    virtual void abandon_here(close_code code, std::string_view reason) = 0;
    /// The application wants messages again, or no more.
    virtual void reading(bool wanted) = 0;

private:
    struct held_message {
        std::string text;
        bool binary;

        /// What it takes; without a byte of text, too.
        std::size_t bytes() const noexcept { return sizeof(held_message) + text.size(); }
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
    bool drops_held_ = false;
    bool pumping_ = false;
    bool told_opened_ = false;
    bool told_ = false;
    bool cleared_ = false;
    std::atomic<bool> forgotten_{false};
};

}  // namespace httphooks::sockjs::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/detail/impl/session_base.ipp>
#endif
