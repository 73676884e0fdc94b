// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A session that lives: the state machine, who carries out what it wants, and the application's
    handlers.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/runs/body_budget.hpp>
#include <httphooks/detail/system/function_ref.hpp>
#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/detail/system/shared_function.hpp>
#include <httphooks/engineio/detail/drain_listener.hpp>
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
#include <vector>

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
        /// What bodies may take in the server; null: anything.
        std::shared_ptr<httphooks::detail::body_budget> bodies{};
    };

    live_session(std::shared_ptr<session_owner> owner, std::shared_ptr<options const> o, home place,
                 beginning b);
    HTTPHOOKS_DECL ~live_session() override;

    // from any thread ---------------------------------------------------------------------

    bool send(packet_view p);
    bool send(prepared_message const& m);
    bool send_text_with(std::size_t expected,
                        httphooks::detail::function_ref<void(std::string&)> write);
    void close();
    void close_to_drain();
    void pause();
    void resume();
    /// As pause(), for who has no use for what a client has sent that has gone: it is dropped then,
    /// and the end is told of at once.
    void pause_until_gone();
    /// Ends pause_until_gone().
    void resume_until_gone();
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
    /// What bodies may take in the server; null: anything.
    httphooks::detail::body_budget const* bodies() const noexcept { return bodies_.get(); }

    // on the home -------------------------------------------------------------------------

    void on_message(std::function<void(std::string_view, bool)> f);
    void on_close(std::function<void(close_reason)> f);
    void on_drain(std::function<void()> f);
    void on_upgrade(std::function<void()> f);
    /// Has somebody told once when what waits for the client has left, however little it is; not
    /// within this call.
    void await_drain(std::weak_ptr<drain_listener> l);
    std::any& data() noexcept { return data_; }
    std::size_t buffered() const noexcept;
    bool writable() const noexcept;

    /// As send(), of what was taken before: nobody closes the session ahead of it.
    bool send_taken(prepared_message const& m) { return send_here(m); }

    /// The session has begun: tells the application.
    void tell_opened();

    /// A poll has come. @param w its visit
    void poll(std::shared_ptr<http::detail::waiting_visit> w, parked_poll p);
    /// So many bytes of messages are kept by who gets them, and are no use without the next.
    void retain(std::size_t bytes);
    /** A payload has come.
        @param binary whether it is bytes
        @param claim what counts it among the bodies in memory; null: nothing */
    void receive(std::string body, bool binary,
                 std::shared_ptr<httphooks::detail::body_claim> claim);
    /// Answers what receive() was called for: now, or when messages are taken again.
    void answer_post(std::shared_ptr<http::detail::waiting_visit> const& w, response r);
    /// Whether a post is on its way, or has not been answered yet.
    bool posted() const noexcept { return posting_ != 0 || (held_ && held_->holds_post()); }
    /// A request has come that no payload is: the session ends.
    void fail(close_reason why) { apply(machine_.fail(why)); }
    /// The session begins on this WebSocket, which tells when it is open.
    void begin_on(std::shared_ptr<socket_link> l) { socket_ = std::move(l); }

    HTTPHOOKS_DECL void on_socket_open(std::shared_ptr<socket_link> const& l) override;
    HTTPHOOKS_DECL void on_socket_message(socket_link const& l, std::string_view data,
                                          bool binary) override;
    HTTPHOOKS_DECL void on_socket_end(socket_link const& l, websocket::close_code why) override;
    HTTPHOOKS_DECL void on_socket_drain(socket_link const& l) override;
    HTTPHOOKS_DECL void on_socket_room(socket_link const& l) override;
    void on_dropped() noexcept override { counters().drop(); }
    HTTPHOOKS_DECL void on_deadline() override;
    HTTPHOOKS_DECL void on_loop_end() noexcept override;

    std::shared_ptr<live_session> self() {
        return std::static_pointer_cast<live_session>(shared_from_this());
    }

private:
    /// What few applications ask for.
    struct rare_handlers {
        httphooks::detail::shared_function<void()> drain{};
        std::vector<std::weak_ptr<drain_listener>> await_drain{};
        std::function<void()> upgrade{};
    };

    template <class Function>
    void guarded(Function f) noexcept;
    template <class Function>
    void when_gone(std::shared_ptr<http::detail::waiting_visit> const& w, Function f);
    bool send_here(packet_view p);
    bool send_here(prepared_message const& m);
    bool sent(session::sent outcome);
    bool sent(bool good);
    inline void flush_later();
    void apply(session_actions todo);
    inline bool is_full() const noexcept;
    bool is_paused() const noexcept { return pauses_ != 0 || until_gone_ != 0; }
    inline void hold();
    inline void pause_socket();
    inline void end_pause(unsigned& pauses);
    inline held_input& held();
    inline void take(packet_view p);
    inline void call_message(std::string_view data, bool binary);
    inline void pump(bool again = true);
    inline void post_broken();
    inline void tell_drained();
    inline void tell_upgraded();
    inline void tell_closed(close_reason why);
    inline rare_handlers& rare();
    inline void forget() noexcept;
    inline void clear() noexcept;

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
    /// Pauses that last until the client has gone.
    unsigned until_gone_ = 0;
    std::uint32_t poll_number_ = 0;
    bool pumping_ = false;
    revision protocol_;
    bool base64_;
    std::string script_call_;
    std::shared_ptr<httphooks::detail::body_budget> bodies_;
    /// What counts that which is retained, while the client polls.
    std::shared_ptr<httphooks::detail::body_claim> retained_{};
    std::atomic<transport_kind> carrier_;
    std::atomic<bool> open_{true};
    std::atomic<bool> forgotten_{false};
    std::atomic<unsigned> posting_{0};
    bool flush_posted_ = false;
    bool told_ = false;
};

// ---------------------------------------------------------------------------------------------

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

}  // namespace httphooks::engineio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/engineio/detail/impl/live_session.ipp>
#include <httphooks/engineio/detail/impl/live_session_input.ipp>
#endif
