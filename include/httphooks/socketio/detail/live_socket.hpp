// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A socket: one client in one namespace.
*/

#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/detail/system/shared_function.hpp>
#include <httphooks/engineio/connection.hpp>
#include <httphooks/socketio/ack.hpp>
#include <httphooks/socketio/adapter.hpp>
#include <httphooks/socketio/detail/ack_table.hpp>
#include <httphooks/socketio/detail/error_answer.hpp>
#include <httphooks/socketio/detail/handler_list.hpp>
#include <httphooks/socketio/detail/live_nsp.hpp>
#include <httphooks/socketio/detail/typed_handler.hpp>
#include <httphooks/socketio/disconnect_reason.hpp>
#include <httphooks/socketio/handshake.hpp>
#include <httphooks/socketio/middleware.hpp>
#include <httphooks/socketio/packet.hpp>
#include <httphooks/socketio/socket_error.hpp>

#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

using http::detail::home;

/// The connection that sockets are on, as they see it.
class socket_carrier {
public:
    virtual engineio::connection& engine() noexcept = 0;
    virtual home const& place() const noexcept = 0;
    /// A socket is closed. On place(), as the following.
    virtual void left(live_socket& s) = 0;
    /// A socket waits for something that has a deadline.
    virtual void deadline_changed() = 0;
    /// Disconnects all sockets, and closes.
    virtual void disconnect_all() = 0;
    /// The client has come back on another connection: this one is over.
    virtual void supersede() = 0;

protected:
    ~socket_carrier() = default;
};

/// A value that is made when it is needed.
template <class T>
class lazy {
public:
    T& get() {
        if (!value_) value_ = std::make_unique<T>();
        return *value_;
    }
    T* operator->() const noexcept { return value_.get(); }
    explicit operator bool() const noexcept { return value_ != nullptr; }

private:
    std::unique_ptr<T> value_{};
};

using packet_middleware = shared_function<void(std::string_view, arguments const&, next)>;

/// An event on its way through the middlewares of a socket, which it does not keep: they may keep
/// it.
struct packet_journey {
    std::weak_ptr<live_socket> socket{};
    std::string event{};
    arguments args{};
    acknowledgement ack{};
    /// The middleware that is next, and where the way ends: later ones see later events.
    std::size_t at = 0;
    std::size_t end = 0;
};

/** A socket. What it does for its client it does on its home; calls from elsewhere are posted
    there. */
class live_socket final : public local_socket, public ack_target, public handler_host {
public:
    enum class phase : std::uint8_t { joining, connected, closed };

    live_socket(std::shared_ptr<live_nsp> n, std::shared_ptr<socket_carrier> c, std::string id,
                std::shared_ptr<nlohmann::json const> auth);

    // from any thread ---------------------------------------------------------------------

    std::shared_ptr<live_socket> self() {
        return std::static_pointer_cast<live_socket>(shared_from_this());
    }
    std::string const& id() const noexcept override { return id_; }
    home const& place() const noexcept override { return carrier_->place(); }
    live_nsp& nsp() const noexcept { return *nsp_; }
    std::shared_ptr<live_nsp> const& nsp_handle() const noexcept { return nsp_; }
    engineio::connection const& engine() const noexcept { return carrier_->engine(); }
    socketio::handshake handshake() const { return {engine().handshake(), auth_}; }
    bool is_connected() const noexcept { return connected_.load(std::memory_order_relaxed); }
    bool recovered() const noexcept { return recovered_; }

    bool join(std::span<std::string const> rooms) {
        return nsp_->adapter().add_all(shared_from_this(), rooms);
    }
    void leave(std::string_view room) { nsp_->adapter().del(shared_from_this(), room); }
    std::vector<std::string> rooms() const { return nsp_->adapter().socket_rooms(*this); }
    void emit(packet_data&& p, broadcast_flags const& f, ack_handler ack = {});
    void disconnect(bool close);
    void disconnect_later(bool close) override;
    void acknowledge(std::uint64_t id, packet_data&& answer) override;

    // on the home -------------------------------------------------------------------------

    nlohmann::json& data() { return data_.is_null() ? data_ = nlohmann::json::object() : data_; }
    socket_description describe() override;
    void deliver(encoded_delivery const& d) override;

    handler_list<void(incoming_call const&)>& events() noexcept { return events_; }
    lazy<handler_list<void(std::string_view, arguments const&)>> any{};
    lazy<handler_list<void(std::string_view, arguments const&)>> any_outgoing{};
    lazy<handler_list<void(disconnect_reason)>> on_disconnecting{};
    lazy<handler_list<void(disconnect_reason)>> on_disconnect{};
    lazy<handler_list<void(socket_error const&)>> on_error{};
    void use(packet_middleware f) { middlewares_.push_back(std::move(f)); }

    asio::any_io_executor executor() const override { return place().executor(); }
    void on_bad_argument(incoming_call const& call, bad_argument const& what) override;
    void on_exception(std::exception_ptr what, std::string_view event,
                      acknowledgement const& ack) override;
    std::shared_ptr<handler_host> handle() override { return self(); }

    phase where() const noexcept { return phase_; }
    /// Takes over what an earlier socket of the client was.
    /// @param offset what the client knows of it
    void recover(session_state s, std::string offset);
    void set_pid(std::string pid, std::string spent = {});
    /// The client has come back elsewhere.
    void supersede() { carrier_->supersede(); }
    std::string const& pid() const noexcept { return pid_; }
    /// The client is in: tells it, then the application.
    void connect();
    void receive_event(incoming& p);
    void receive_ack(incoming const& p);
    /// Ends the socket; the client is not told.
    void close(disconnect_reason why);
    /// Ends the socket without a word: the event loop is over.
    void abandon() noexcept;

    std::optional<ack_table::time_point> deadline() const { return acks_.deadline(); }
    void expire(ack_table::time_point now);

private:
    packet_header header(packet_type t) const noexcept {
        packet_header h;
        h.type = t;
        h.nsp = nsp_->name();
        return h;
    }
    void emit_here(packet_data& p, broadcast_flags const& f, ack_handler ack);
    void send(packet_header h, packet_data const& p, bool compress = true);
    void wait_for_ack(std::uint64_t id, ack_handler f,
                      std::optional<std::chrono::milliseconds> timeout);
    void tell_outgoing(packet_data const& p);
    void run_middlewares(incoming& p, acknowledgement ack);
    void go_on(std::shared_ptr<packet_journey> const& j);
    void dispatch(std::string_view event, arguments const& args, acknowledgement const& ack);
    void tell_error(socket_error const& what);
    void answer(acknowledgement const& ack, socket_error const& what) const;
    void keep_session(bool was_connected);
    void clear_handlers() noexcept;
    template <class Function>
    void guarded(Function f) noexcept;
    /// The same for what handles an event.
    template <class Function>
    void handling(std::string_view event, acknowledgement const& ack, Function f) noexcept;

    std::shared_ptr<live_nsp> nsp_;
    std::shared_ptr<socket_carrier> carrier_;
    std::string id_;
    std::string pid_{};
    std::shared_ptr<nlohmann::json const> auth_;
    nlohmann::json data_{};  // null until it is asked for
    handler_list<void(incoming_call const&)> events_{};
    std::vector<packet_middleware> middlewares_{};
    /// What it goes on from, until it is connected.
    std::unique_ptr<session_state> restored_{};
    ack_table acks_{};
    phase phase_ = phase::joining;
    std::atomic<bool> connected_{false};
    bool recovered_ = false;
};

// ---------------------------------------------------------------------------------------------

inline live_socket::live_socket(std::shared_ptr<live_nsp> n, std::shared_ptr<socket_carrier> c,
                                std::string id, std::shared_ptr<nlohmann::json const> auth)
    : nsp_(std::move(n)), carrier_(std::move(c)), id_(std::move(id)), auth_(std::move(auth)) {}

/// Calls the application; when it throws, the client is given up.
template <class Function>
void live_socket::guarded(Function f) noexcept {
    if (!nsp_->settings().guarded(f)) carrier_->engine().close();
}

// sending -------------------------------------------------------------------------------------

inline void live_socket::send(packet_header h, packet_data const& p, bool compress) {
    engineio::connection& to = carrier_->engine();
    auto const how = nsp_->settings().options.parser;
    if (!compress) {
        to.send(uncompressed(encode(how, h, p)));
        return;
    }
    if (how == parser::json && !p.attachments.empty()) {
        to.send(encode(parser::json, h, p));
        return;
    }
    h.payload = p.text;
    if (how == parser::json) {
        to.send_with(h.nsp.size() + p.text.size() + 24,
                     [&h](std::string& out) { append_packet(out, h); });
        return;
    }
    std::string message = httphooks::detail::take_string();
    append_msgpack(message, h, p.attachments);
    to.send_binary(message);
    httphooks::detail::give_string(std::move(message));
}

inline void live_socket::tell_outgoing(packet_data const& p) {
    if (!any_outgoing || any_outgoing->empty()) return;
    auto const array = std::make_shared<nlohmann::json const>(payload_to_json(p));
    if (array->empty()) return;
    nlohmann::json const& name = array->front();
    std::string const text = name.is_string() ? name.get<std::string>() : name.dump();
    guarded([&] { any_outgoing->call({}, std::string_view(text), arguments(array, 1)); });
}

inline void live_socket::wait_for_ack(std::uint64_t id, ack_handler f,
                                      std::optional<std::chrono::milliseconds> timeout) {
    if (acks_.size() >= nsp_->settings().options.max_acks) {
        guarded([&] { f(error::ack_timed_out, {}); });
        return;
    }
    if (acks_.add(id, std::move(f), timeout)) carrier_->deadline_changed();
}

inline void live_socket::emit(packet_data&& p, broadcast_flags const& f, ack_handler ack) {
    if (place().here()) return emit_here(p, f, std::move(ack));
    place().post([s = self(), copy = std::move(p), f, ack = std::move(ack)]() mutable {
        s->emit_here(copy, f, std::move(ack));
    });
}

inline void live_socket::emit_here(packet_data& p, broadcast_flags const& f, ack_handler ack) {
    if (phase_ == phase::closed) {
        if (ack) guarded([&] { ack(error::disconnected, {}); });
        return;
    }
    if (!ack && nsp_->adapter().recovers())
        return nsp_->adapter().send(shared_from_this(), std::move(p), f);
    tell_outgoing(p);
    packet_header h = header(packet_type::event);
    if (ack) {
        h.id = nsp_->next_ack();
        wait_for_ack(*h.id, std::move(ack), f.timeout);
    }
    if (f.volatile_ && !carrier_->engine().writable()) return;
    send(h, p, f.compress);
}

inline void live_socket::deliver(encoded_delivery const& d) {
    if (phase_ == phase::closed) return;
    tell_outgoing(*d.what.data);
    if (d.what.flags.volatile_ && !carrier_->engine().writable()) return;
    if (d.what.id)
        wait_for_ack(
            *d.what.id,
            [f = d.what.on_ack](error_code ec, arguments const& args) {
                if (!ec) f(args.json(0));
            },
            d.what.flags.timeout);
    carrier_->engine().send(d.frames);
}

inline void live_socket::acknowledge(std::uint64_t id, packet_data&& answer) {
    auto const answer_here = [](live_socket& s, std::uint64_t to, packet_data const& p) {
        if (s.phase_ == phase::closed) return;
        packet_header h = s.header(packet_type::ack);
        h.id = to;
        s.send(h, p);
    };
    if (place().here()) return answer_here(*this, id, answer);
    place().post(
        [s = self(), id, answer_here, copy = std::move(answer)] { answer_here(*s, id, copy); });
}

// receiving -----------------------------------------------------------------------------------

inline void live_socket::receive_event(incoming& p) {
    if (!p.has_name) return;
    auto const kept = self();
    acknowledgement ack;
    if (p.id) ack = acknowledgement(std::weak_ptr<ack_target>(kept), *p.id);
    handling(p.event, ack, [&] {
        if (any) any->call({}, p.event, p.args);
        if (middlewares_.empty())
            dispatch(p.event, p.args, ack);
        else
            run_middlewares(p, ack);
    });
}

template <class Function>
void live_socket::handling(std::string_view event, acknowledgement const& ack,
                           Function f) noexcept {
    try {
        f();
    } catch (...) {
        on_exception(std::current_exception(), event, ack);
    }
}

inline void live_socket::dispatch(std::string_view event, arguments const& args,
                                  acknowledgement const& ack) {
    if (phase_ != phase::connected) return;
    incoming_call const call{event, args, ack, *this};
    if (events_.call(event, call) == call.unfit) answer(ack, not_handled(call));
}

inline void live_socket::run_middlewares(incoming& p, acknowledgement ack) {
    auto const j = std::make_shared<packet_journey>();
    j->socket = self();
    j->event = p.event;
    j->args = p.args.keep();
    j->ack = std::move(ack);
    j->end = middlewares_.size();
    go_on(j);
}

inline void live_socket::go_on(std::shared_ptr<packet_journey> const& j) {
    if (phase_ != phase::connected) return;
    if (j->at == j->end) return dispatch(j->event, j->args, j->ack);
    auto const told = [j](std::optional<middleware_error> why) {
        auto const s = j->socket.lock();
        if (!s) return;
        s->place().dispatch([s, j, why = std::move(why)] {
            s->handling(j->event, j->ack, [&] {
                if (!why) return s->go_on(j);
                socket_error const what{why->message, why->data, j->event, {}, {}, j->ack};
                s->tell_error(what);
                s->answer(j->ack, what);
            });
        });
    };
    auto const f = middlewares_[j->at++];  // it may end the socket
    f(j->event, j->args, next(told));
}

inline void live_socket::receive_ack(incoming const& p) {
    if (!p.id) return;
    if (auto const f = acks_.take(*p.id)) f({}, p.args);
}

inline void live_socket::tell_error(socket_error const& what) {
    if (on_error) on_error->call({}, what);
}

/// Answers an event that was not handled, if the application wants that.
inline void live_socket::answer(acknowledgement const& ack, socket_error const& what) const {
    if (nsp_->settings().options.answer_errors) answer_error(ack, what);
}

inline void live_socket::on_bad_argument(incoming_call const& call, bad_argument const& what) {
    tell_error(unfit_event(what, call.ack));
}

inline void live_socket::on_exception(std::exception_ptr what, std::string_view event,
                                      acknowledgement const& ack) {
    nsp_->settings().failed(std::move(what));
    auto const failure = handler_failure(event, ack);
    nsp_->settings().guarded([&] { tell_error(failure); });
    answer(ack, failure);
    carrier_->engine().close();
}

inline void live_socket::expire(ack_table::time_point now) {
    for (auto const& f : acks_.expire(now)) guarded([&] { f(error::ack_timed_out, {}); });
}

// beginning and end ---------------------------------------------------------------------------

inline void live_socket::set_pid(std::string pid, std::string spent) {
    pid_ = std::move(pid);
    nsp_->know(pid_, weak_from_this(), std::move(spent));
}

inline void live_socket::recover(session_state s, std::string offset) {
    recovered_ = true;
    set_pid(s.pid, std::move(offset));
    data_ = std::exchange(s.data, nullptr);
    join(s.rooms);
    auto const missed = std::exchange(s.missed, {});
    restored_ = std::make_unique<session_state>(std::move(s));
    if (missed.empty()) return;
    // all that was missed is one thing to the limits of what may wait for the client
    std::vector<engineio::packet> messages;
    packet_header h = header(packet_type::event);
    for (packet_data const& p : missed) {
        h.payload = p.text;
        append_messages(messages, nsp_->settings().options.parser, h, p.attachments);
    }
    carrier_->engine().send(engineio::prepared_message(std::move(messages)));
}

inline void live_socket::connect() {
    // what was broadcast while middlewares ran comes with the rest that was missed, in front of the
    // packet "connect", which tells the client that it is all there; node loses it
    auto const before = std::exchange(restored_, nullptr);
    if (!nsp_->adapter().enlist(shared_from_this(), before.get()))
        return carrier_->engine().close();
    phase_ = phase::connected;
    connected_.store(true, std::memory_order_relaxed);
    nsp_->remember(place());
    packet_data hello;
    if (engine().protocol() == engineio::revision::v4) {
        hello.text = "{\"sid\":\"" + id_;
        if (!pid_.empty()) hello.text.append("\",\"pid\":\"").append(pid_);
        hello.text.append("\"}");
    }
    send(header(packet_type::connect), hello);
    auto const handlers = nsp_->handlers();
    auto const kept = self();
    for (auto const& f : handlers->connection)
        if (phase_ == phase::connected) guarded([&] { f(kept); });
}

inline void live_socket::disconnect_later(bool close) {
    place().post([s = self(), close] { s->disconnect(close); });
}

inline void live_socket::disconnect(bool close) {
    if (!place().here()) return disconnect_later(close);
    if (phase_ != phase::connected) return;
    if (close) return carrier_->disconnect_all();
    send(header(packet_type::disconnect), {});
    this->close(disconnect_reason::server_namespace_disconnect);
}

inline void live_socket::close(disconnect_reason why) {
    if (phase_ == phase::closed) return;
    auto const kept = self();
    bool const was_connected = phase_ == phase::connected;
    if (was_connected && on_disconnecting) guarded([&] { on_disconnecting->call({}, why); });
    if (phase_ == phase::closed) return;
    if (!pid_.empty() && is_recoverable(why)) keep_session(was_connected);
    if (!pid_.empty()) nsp_->forget(pid_);
    phase_ = phase::closed;
    connected_.store(false, std::memory_order_relaxed);
    nsp_->adapter().del_all(kept);
    carrier_->left(*this);
    for (auto const& f : acks_.take_all()) guarded([&] { f(error::disconnected, {}); });
    if (was_connected && on_disconnect) guarded([&] { on_disconnect->call({}, why); });
    clear_handlers();
    nsp_->exit();
}

/// Keeps the session for when the client comes back.
inline void live_socket::keep_session(bool was_connected) {
    if (was_connected)
        return nsp_->adapter().persist_session({id_, pid_, rooms(), data(), {}, {}, {}});
    if (!restored_) return;
    restored_->data = std::move(data_);
    nsp_->adapter().persist_session(std::move(*restored_));
}

inline void live_socket::abandon() noexcept {
    if (phase_ == phase::closed) return;
    phase_ = phase::closed;
    connected_ = false;
    nsp_->settings().guarded([&] {
        if (!pid_.empty()) nsp_->forget(pid_);
        nsp_->adapter().del_all(shared_from_this());
        nsp_->exit();
    });
    clear_handlers();
    static_cast<void>(acks_.take_all());
}

inline void live_socket::clear_handlers() noexcept {
    events_.clear();
    for (auto* const l : {&any, &any_outgoing})
        if (*l) l->get().clear();
    if (on_disconnecting) on_disconnecting->clear();
    if (on_disconnect) on_disconnect->clear();
    if (on_error) on_error->clear();
    auto const gone = std::exchange(middlewares_, {});
}

inline socket_description live_socket::describe() {
    return {id_, handshake().to_json(), rooms(), data()};
}

}  // namespace httphooks::socketio::detail
