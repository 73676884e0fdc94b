// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/live_socket.hpp>

#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/engineio/connection.hpp>
#include <httphooks/socketio/ack.hpp>
#include <httphooks/socketio/adapter.hpp>
#include <httphooks/socketio/detail/ack_table.hpp>
#include <httphooks/socketio/detail/error_answer.hpp>
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
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

HTTPHOOKS_DECL live_socket::live_socket(std::shared_ptr<live_nsp> n,
                                        std::shared_ptr<socket_carrier> c, std::string id,
                                        std::shared_ptr<nlohmann::json const> auth)
    : nsp_(std::move(n)), carrier_(std::move(c)), id_(std::move(id)), auth_(std::move(auth)) {}

// sending -------------------------------------------------------------------------------------
inline bool live_socket::send(packet_header h, packet_data const& p, bool compress) {
    engineio::connection& to = carrier_->engine();
    auto const how = nsp_->settings().options.parser;
    if (!compress) return to.send(uncompressed(encode(how, h, p)));
    if (how == parser::json && !p.attachments.empty()) return to.send(encode(parser::json, h, p));
    h.payload = p.text;
    if (how == parser::json)
        return to.send_with(h.nsp.size() + p.text.size() + 24,
                            [&h](std::string& out) { append_packet(out, h); });
    std::string message = httphooks::detail::take_string();
    append_msgpack(message, h, p.attachments);
    bool const sent = to.send_binary(message);
    httphooks::detail::give_string(std::move(message));
    return sent;
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
    if (acks_.add(id, std::move(f), timeout, place().timers().now())) carrier_->deadline_changed();
}

HTTPHOOKS_DECL void live_socket::emit(packet_data&& p, broadcast_flags const& f, ack_handler ack) {
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

/// What takes the acknowledgement of a delivery.
inline ack_handler ack_of(delivery const& d) {
    if (d.on_arguments)
        return [f = d.on_arguments](error_code ec, arguments const& args) {
            if (!ec) (*f)(args);
        };
    return [f = d.on_ack](error_code ec, arguments const& args) {
        if (!ec) f(args.json(0));
    };
}

HTTPHOOKS_DECL bool live_socket::emit_now(packet_data const& p) {
    if (phase_ == phase::closed) return false;
    tell_outgoing(p);
    return send(header(packet_type::event), p);
}

HTTPHOOKS_DECL void live_socket::deliver(encoded_delivery const& d) {
    if (phase_ == phase::closed) return;
    tell_outgoing(*d.what.data);
    if (d.what.flags.volatile_ && !carrier_->engine().writable()) return;
    if (d.what.id) wait_for_ack(*d.what.id, ack_of(d.what), d.what.flags.timeout);
    carrier_->engine().send(d.frames);
}

HTTPHOOKS_DECL void live_socket::acknowledge(std::uint64_t id, packet_data&& answer) {
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
HTTPHOOKS_DECL void live_socket::receive_event(incoming& p) {
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

HTTPHOOKS_DECL void live_socket::receive_ack(incoming const& p) {
    if (!p.id) return;
    if (auto const f = acks_.take(*p.id)) f({}, p.args);
}

inline void live_socket::tell_error(socket_error const& what) {
    if (on_error) on_error->call({}, what);
}

/// Answers an event that was not handled, if the application wants that.
HTTPHOOKS_DECL void live_socket::answer(acknowledgement const& ack,
                                        socket_error const& what) const {
    if (nsp_->settings().options.answer_errors) answer_error(ack, what);
}

HTTPHOOKS_DECL void live_socket::on_bad_argument(incoming_call const& call,
                                                 bad_argument const& what) {
    tell_error(unfit_event(what, call.ack));
}

HTTPHOOKS_DECL void live_socket::on_exception(std::exception_ptr what, std::string_view event,
                                              acknowledgement const& ack) {
    nsp_->settings().failed(std::move(what));
    auto const failure = handler_failure(event, ack);
    nsp_->settings().guarded([&] { tell_error(failure); });
    answer(ack, failure);
    carrier_->engine().close();
}

HTTPHOOKS_DECL void live_socket::expire(ack_table::time_point now) {
    for (auto const& f : acks_.expire(now)) guarded([&] { f(error::ack_timed_out, {}); });
}

// beginning and end ---------------------------------------------------------------------------
HTTPHOOKS_DECL void live_socket::set_pid(std::string pid, std::string spent) {
    pid_ = std::move(pid);
    nsp_->know(pid_, weak_from_this(), std::move(spent));
}

HTTPHOOKS_DECL void live_socket::recover(session_state s, std::string offset) {
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

HTTPHOOKS_DECL void live_socket::connect() {
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

HTTPHOOKS_DECL void live_socket::disconnect_later(bool close) {
    place().post([s = self(), close] { s->disconnect(close); });
}

HTTPHOOKS_DECL void live_socket::disconnect(bool close) {
    if (!place().here()) return disconnect_later(close);
    if (phase_ != phase::connected && phase_ != phase::closing) return;
    if (close) return carrier_->disconnect_all();
    if (phase_ == phase::closing) return;
    send(header(packet_type::disconnect), {});
    this->close(disconnect_reason::server_namespace_disconnect);
}

HTTPHOOKS_DECL void live_socket::close(disconnect_reason why) {
    if (phase_ == phase::closing || phase_ == phase::closed) return;
    auto const kept = self();
    bool const was_connected = std::exchange(phase_, phase::closing) == phase::connected;
    if (was_connected && on_disconnecting) guarded([&] { on_disconnecting->call({}, why); });
    if (!pid_.empty() && is_recoverable(why)) keep_session(was_connected);
    phase_ = phase::closed;
    connected_.store(false, std::memory_order_relaxed);
    nsp_->adapter().del_all(kept);
    // until it was taken out, clients that come back ask for it
    if (!pid_.empty()) nsp_->forget(pid_, weak_from_this());
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

HTTPHOOKS_DECL void live_socket::abandon() noexcept {
    if (phase_ == phase::closed) return;
    phase_ = phase::closed;
    connected_ = false;
    nsp_->settings().guarded([&] {
        nsp_->adapter().del_all(shared_from_this());
        if (!pid_.empty()) nsp_->forget(pid_, weak_from_this());
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

/// How the client came, as JSON: it does not change, and is written once if anybody asks for it.
inline late_json live_socket::described_handshake() {
    if (!handshake_text_) {
        packet_data all;
        handshake().append_to(all);
        if (!all.attachments.empty()) return payload_to_json(all);
        all.text.shrink_to_fit();
        handshake_text_.get() = std::make_shared<std::string const>(std::move(all.text));
    }
    return late_json::from_text(handshake_text_.get());
}

HTTPHOOKS_DECL socket_description live_socket::describe() {
    return {id_, described_handshake(), rooms(),
            data_.is_null() ? late_json::from_text("{}") : late_json(data_)};
}

}  // namespace httphooks::socketio::detail
