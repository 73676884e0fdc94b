// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/client_socket_state.hpp>

#include <httphooks/detail/system/deadline_after.hpp>
#include <httphooks/engineio/packet.hpp>
#include <httphooks/socketio/ack.hpp>
#include <httphooks/socketio/client_disconnect_reason.hpp>
#include <httphooks/socketio/connect_error.hpp>
#include <httphooks/socketio/detail/ack_table.hpp>
#include <httphooks/socketio/detail/client_carrier.hpp>
#include <httphooks/socketio/detail/error_answer.hpp>
#include <httphooks/socketio/detail/event_buffer.hpp>
#include <httphooks/socketio/detail/typed_handler.hpp>
#include <httphooks/socketio/packet.hpp>
#include <httphooks/socketio/parser.hpp>
#include <httphooks/socketio/socket_error.hpp>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

HTTPHOOKS_DECL void client_answers::acknowledge(std::uint64_t id, payload&& answer) {
    if (auto const s = to_.lock()) s->acknowledge(shared_from_this(), id, std::move(answer));
}

HTTPHOOKS_DECL std::string client_socket_state::id() const {
    std::lock_guard const lock(id_mutex_);
    return id_;
}

// sending -------------------------------------------------------------------------------------
inline std::vector<engineio::packet> client_socket_state::messages(packet_type t,
                                                                   std::optional<std::uint64_t> id,
                                                                   payload const& p) const {
    packet_header h;
    h.type = t;
    h.nsp = nsp_;
    h.id = id;
    parser const kind = carrier_.options().parser;
    if (kind == parser::json && !p.attachments.empty()) return encode(kind, h, p).packets();
    std::vector<engineio::packet> one(1);
    h.payload = p.text;
    one.front().binary = kind == parser::msgpack;
    if (kind == parser::msgpack)
        append_msgpack(one.front().data, h, p.attachments);
    else
        append_packet(one.front().data, h);
    return one;
}

HTTPHOOKS_DECL void client_socket_state::emit(payload&& p, client_emit_flags const& f,
                                              ack_handler ack) {
    asio::dispatch(executor(), [s = self(), p = std::move(p), f, ack = std::move(ack)]() mutable {
        s->emit_here(p, f, std::move(ack));
    });
}

inline void client_socket_state::emit_here(payload const& p, client_emit_flags const& f,
                                           ack_handler ack) {
    bool const now = phase_ == phase::connected;
    if (f.volatile_ && !(now && carrier_.writable())) {
        if (ack) reject(p, std::move(ack), asio::error::would_block);
        return;
    }
    std::optional<std::uint64_t> id;
    if (ack) id = next_ack_++;
    auto all = messages(packet_type::event, id, p);
    if (now) {
        if (!carrier_.send(std::move(all), false))
            return reject(p, std::move(ack), asio::error::no_buffer_space);
        if (ack) wait_for_ack(*id, std::move(ack), f.timeout);
        return;
    }
    bool const ends = ack && f.timeout;
    auto const until =
        ends ? httphooks::detail::deadline_after(*f.timeout) : ack_table::time_point::max();
    if (!kept_.add(std::move(all), until))
        return reject(p, std::move(ack), asio::error::no_buffer_space);
    if (ack) wait_for_ack(*id, std::move(ack), f.timeout);
}

/// Tells that an event is not sent, but not from within emit().
inline void client_socket_state::reject(payload const& p, ack_handler ack, error_code ec) {
    std::string name;
    if (!ack) {
        auto const array = payload_to_json(p);
        name = array.at(0).is_string() ? array.at(0).get<std::string>() : array.at(0).dump();
    }
    asio::post(executor(), [s = self(), ack = std::move(ack), name = std::move(name), ec] {
        s->guarded([&] {
            if (ack) return ack(ec, {});
            s->on_error.call({}, socket_error{ec.message(), std::nullopt, name, {}, ec});
        });
    });
}

HTTPHOOKS_DECL void client_socket_state::acknowledge(std::shared_ptr<client_answers> from,
                                                     std::uint64_t id, payload&& answer) {
    asio::dispatch(executor(),
                   [s = self(), from = std::move(from), id, answer = std::move(answer)] {
                       if (s->answers_ != from) return;
                       if (!s->carrier_.send(s->messages(packet_type::ack, id, answer), false))
                           s->carrier_.lose(client_disconnect_reason::transport_error);
                   });
}

inline void client_socket_state::wait_for_ack(std::uint64_t id, ack_handler f,
                                              std::optional<std::chrono::milliseconds> timeout) {
    if (acks_.add(id, std::move(f), timeout)) arm_ack_timer();
}

inline void client_socket_state::arm_ack_timer() {
    auto const next = acks_.deadline();
    if (!next) return static_cast<void>(ack_timer_.cancel());
    ack_timer_.expires_at(*next);
    ack_timer_.async_wait([weak = std::weak_ptr(self())](error_code ec) {
        if (ec) return;
        if (auto const s = weak.lock()) s->expire();
    });
}

inline void client_socket_state::expire() {
    auto const now = ack_table::clock::now();
    kept_.expire(now);
    auto const late = acks_.expire(now);
    arm_ack_timer();
    for (auto const& f : late) guarded([&] { f(error::ack_timed_out, {}); });
}

inline void client_socket_state::flush() {
    kept_.take_all([this](event_buffer::messages m) { carrier_.send(std::move(m), true); });
}

// beginning and end ---------------------------------------------------------------------------
HTTPHOOKS_DECL void client_socket_state::connect() {
    asio::dispatch(executor(), [s = self()] {
        s->wanted_ = true;
        s->carrier_.wanted(*s);
    });
}

HTTPHOOKS_DECL void client_socket_state::join() {
    if (phase_ != phase::idle || !wanted_) return;
    phase_ = phase::joining;
    if (!std::exchange(asked_, true)) ask();
    join_timer_.expires_after(carrier_.options().connect_timeout);
    join_timer_.async_wait([weak = std::weak_ptr(self())](error_code ec) {
        auto const s = weak.lock();
        if (ec || !s || s->phase_ != phase::joining) return;
        s->carrier_.lose(client_disconnect_reason::transport_error, asio::error::timed_out);
    });
}

inline void client_socket_state::ask() {
    nlohmann::json with = auth_;
    if (!pid_.empty()) {
        with["pid"] = pid_;
        if (!offset_.empty()) with["offset"] = offset_;
    }
    payload hello;
    if (!with.is_null()) append_document(hello, with);
    hello.attachments.clear();
    carrier_.send(messages(packet_type::connect, {}, hello), true);
}

inline bool client_socket_state::enter_idle() {
    join_timer_.cancel();
    answers_ = nullptr;
    early_.clear();
    early_size_ = 0;
    connected_.store(false, std::memory_order_release);
    {
        std::lock_guard const lock(id_mutex_);
        id_.clear();
    }
    return std::exchange(phase_, phase::idle) == phase::connected;
}

HTTPHOOKS_DECL void client_socket_state::connected(incoming const& p) {
    nlohmann::json const hello = p.args.json(0);
    auto const text = [&hello](char const* name) {
        auto const at = hello.find(name);
        return at != hello.end() && at->is_string() ? at->get<std::string>() : std::string();
    };
    std::string sid = hello.is_object() ? text("sid") : std::string();
    if (sid.empty())
        return refused(
            {"the server does not speak revision 5 of Socket.IO", nullptr, error::bad_payload});
    join_timer_.cancel();
    {
        std::lock_guard const lock(id_mutex_);
        id_ = std::move(sid);
    }
    std::string pid = text("pid");
    recovered_.store(!pid.empty() && pid == pid_, std::memory_order_relaxed);
    if (!recovered()) offset_.clear();
    pid_ = std::move(pid);
    phase_ = phase::connected;
    connected_.store(true, std::memory_order_release);
    answers_ = std::make_shared<client_answers>(self());
    auto const mine = answers_;
    flush();
    carrier_.settled(*this, {});
    if (answers_ == mine) guarded([&] { on_connect.call({}); });
    for (auto const& e : std::exchange(early_, {})) {
        if (answers_ != mine) return;
        dispatch(e.name, e.args, e.id);
    }
}

HTTPHOOKS_DECL void client_socket_state::refused(incoming const& p) {
    connect_error why{{}, nullptr, error::refused};
    nlohmann::json const told = p.args.json(0);
    if (told.is_string()) why.message = told.get<std::string>();
    if (told.is_object()) {
        if (auto const m = told.find("message"); m != told.end() && m->is_string())
            why.message = m->get<std::string>();
        if (auto const d = told.find("data"); d != told.end()) why.data = *d;
    }
    error_code const no_namespace = error::invalid_namespace;
    if (why.message == no_namespace.message()) why.code = no_namespace;
    refused(why);
}

HTTPHOOKS_DECL void client_socket_state::refused(connect_error const& why) {
    wanted_ = false;
    enter_idle();
    fail(why);
    carrier_.unwanted();
}

HTTPHOOKS_DECL void client_socket_state::fail(connect_error const& why) {
    carrier_.settled(*this, why.code);
    guarded([&] { on_connect_error.call({}, why); });
}

HTTPHOOKS_DECL void client_socket_state::disconnect() {
    asio::dispatch(executor(), [s = self()] {
        if (!s->wanted_) return;
        s->say_goodbye();
        s->leave(client_disconnect_reason::io_client_disconnect);
        s->carrier_.unwanted();
    });
}

HTTPHOOKS_DECL void client_socket_state::say_goodbye() {
    if (phase_ == phase::connected) carrier_.send(messages(packet_type::disconnect, {}, {}), true);
}

HTTPHOOKS_DECL void client_socket_state::leave(client_disconnect_reason why) {
    wanted_ = false;
    carrier_.settled(*this, error::disconnected);
    // one who left on purpose does not come back to what was
    pid_.clear();
    offset_.clear();
    lost(why);
}

HTTPHOOKS_DECL void client_socket_state::end() {
    kept_.clear();
    leave(client_disconnect_reason::io_client_disconnect);
    // those of events that were kept
    for (auto const& f : acks_.take_all()) guarded([&] { f(error::disconnected, {}); });
    arm_ack_timer();
}

HTTPHOOKS_DECL void client_socket_state::lost(client_disconnect_reason why, error_code ec) {
    if (phase_ == phase::joining) {
        enter_idle();
        bool const ended = ec == error::disconnected;
        return fail({ended ? std::string(to_string(why)) : ec.message(), nullptr, ec});
    }
    if (!enter_idle()) return;
    auto const unanswered = acks_.take_all();
    arm_ack_timer();
    guarded([&] { on_disconnect.call({}, why); });
    for (auto const& f : unanswered) guarded([&] { f(error::disconnected, {}); });
}

// receiving -----------------------------------------------------------------------------------
HTTPHOOKS_DECL bool client_socket_state::receive(incoming& p, std::size_t size) {
    switch (p.type) {
        case packet_type::connect:
            if (!std::exchange(asked_, false)) return false;
            if (phase_ == phase::joining)
                connected(p);
            else
                carrier_.send(messages(packet_type::disconnect, {}, {}), true);
            return true;
        case packet_type::connect_error:
            if (!std::exchange(asked_, false)) return false;
            if (phase_ == phase::joining) refused(p);
            return true;
        case packet_type::disconnect:
            if (phase_ == phase::idle) return true;
            leave(client_disconnect_reason::io_server_disconnect);
            carrier_.unwanted();
            return true;
        case packet_type::event:
            if (!p.has_name) return true;
            if (phase_ == phase::joining)
                keep_early(p, size);
            else if (phase_ == phase::connected)
                dispatch(p.event, p.args, p.id);
            return true;
        case packet_type::ack:
            if (phase_ != phase::connected || !p.id) return true;
            if (auto const f = acks_.take(*p.id)) guarded([&] { f({}, p.args); });
            return true;
        default:
            return false;
    }
}

/// What a middleware sent, or what was missed, comes before the namespace is connected.
inline void client_socket_state::keep_early(incoming const& p, std::size_t size) {
    early_size_ += sizeof(early_event) + size;
    if (early_size_ > carrier_.options().max_packet)
        return carrier_.lose(client_disconnect_reason::parse_error);
    early_.push_back({std::string(p.event), p.args.keep(), p.id});
}

inline void client_socket_state::dispatch(std::string_view name, arguments const& args,
                                          std::optional<std::uint64_t> id) {
    auto const mine = answers_;
    acknowledgement ack;
    if (id) ack = acknowledgement(std::weak_ptr<ack_target>(mine), *id);
    // what came last is what the server goes on from; events that ask for an answer do not count
    if (!pid_.empty() && !id && !args.empty())
        if (auto last = args.get<std::string>(args.size() - 1)) offset_ = std::move(*last);
    auto const kept = self();
    try {
        any.call({}, name, args);
        if (answers_ != mine) return;
        incoming_call const call{name, args, ack, *this};
        if (events.call(name, call) == call.unfit && carrier_.options().answer_errors)
            answer_error(ack, not_handled(call));
    } catch (...) {
        on_exception(std::current_exception(), name, ack);
    }
}

HTTPHOOKS_DECL void client_socket_state::on_bad_argument(incoming_call const& call,
                                                         bad_argument const& what) {
    on_error.call({}, unfit_event(what, call.ack));
}

HTTPHOOKS_DECL void client_socket_state::on_exception(std::exception_ptr, std::string_view event,
                                                      acknowledgement const& ack) {
    auto const failure = handler_failure(event, ack);
    guarded([&] { on_error.call({}, failure); });
    if (carrier_.options().answer_errors) answer_error(ack, failure);
    carrier_.give_up();
}

}  // namespace httphooks::socketio::detail
