// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/live_connection.hpp>

#include <httphooks/detail/system/deadline_after.hpp>
#include <httphooks/engineio/connection.hpp>
#include <httphooks/engineio/detail/service.hpp>
#include <httphooks/http/detail/home.hpp>
#include <httphooks/socketio/detail/join_operation.hpp>
#include <httphooks/socketio/detail/live_nsp.hpp>
#include <httphooks/socketio/detail/live_socket.hpp>
#include <httphooks/socketio/disconnect_reason.hpp>
#include <httphooks/socketio/handshake.hpp>
#include <httphooks/socketio/parser.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::socketio::detail {

inline decoder_limits limits_of(options const& o) noexcept {
    decoder_limits l;
    l.depth = o.depth;
    l.attachments = o.max_attachments;
    l.bytes = o.max_packet;
    l.namespace_length = o.max_namespace_length;
    return l;
}

/// A member of what a client joins with, if it is a text.
inline std::string text_of(std::shared_ptr<nlohmann::json const> const& auth, char const* key) {
    if (!auth) return {};
    auto const at = auth->find(key);
    return at != auth->end() && at->is_string() ? at->get<std::string>() : std::string();
}

HTTPHOOKS_DECL live_connection::live_connection(std::shared_ptr<connection_owner> owner,
                                                engineio::connection c)
    : owner_(std::move(owner)),
      settings_(owner_->settings()),
      connection_(std::move(c)),
      decoder_(settings_.options.parser, limits_of(settings_.options)),
      connect_until_(httphooks::detail::deadline_after(settings_.options.connect_timeout,
                                                       place().timers().now())) {}

HTTPHOOKS_DECL void live_connection::begin() {
    place().timers().enter(*this);
    // the handler of the end keeps this object for both
    connection_.on_message(
        [this](std::string_view message, bool binary) { receive(message, binary); });
    connection_.on_close([s = self()](engineio::close_reason why) { s->ended(why); });
    deadline_changed();
    if (is_old()) join("/", nullptr);
}

inline live_socket* live_connection::find(std::string_view nsp) const {
    for (auto const& s : sockets_)
        if (s->nsp().name() == nsp) return s.get();
    return nullptr;
}

// packets -------------------------------------------------------------------------------------
inline void live_connection::receive(std::string_view message, bool binary) {
    incoming p;
    bool complete = false;
    if (decoder_.receive(message, binary, p, complete)) {
        return violated("Bad packet", disconnect_reason::parse_error);
    }
    if (!complete) return await_attachments();
    if (std::exchange(incomplete_, false)) {
        attachments_until_ = never;
        connection_.session()->retain(0);
    }
    if (p.type == packet_type::connect) return receive_connect(p.nsp, p.args);
    std::string_view const name = is_old() ? p.nsp.substr(0, p.nsp.find('?')) : p.nsp;
    live_socket* const s = find(name);
    if (!s || s->where() != live_socket::phase::connected) {
        if (p.type == packet_type::disconnect &&
            drop_attempt(name, disconnect_reason::client_namespace_disconnect))
            return;
        return violated("Packet to no socket");
    }
    switch (p.type) {
        case packet_type::event:
            return s->receive_event(p);
        case packet_type::ack:
            return s->receive_ack(p);
        case packet_type::disconnect:
            return s->close(disconnect_reason::client_namespace_disconnect);
        default:
            return violated("Packet of a server's");
    }
}

/// Attachments are to come.
inline void live_connection::await_attachments() {
    connection_.session()->retain(decoder_.kept());
    if (std::exchange(incomplete_, true)) return;
    attachments_until_ = httphooks::detail::deadline_after(settings_.options.connect_timeout,
                                                           place().timers().now());
    deadline_changed();
}

/// Whether the client's WebSocket may not have been read, as there was no room for its messages;
/// otherwise it sees to it by itself that they come soon.
inline bool live_connection::may_be_held_up() const {
    auto const& session = *connection_.session();
    return session.transport() == engineio::transport_kind::websocket && session.bodies() &&
           session.bodies()->crowded();
}

/// The client did what it may not.
inline void live_connection::violated(std::string_view why, disconnect_reason told) {
    count_refusal(why);
    close_sockets(told);
    connection_.close();
}

inline void live_connection::close_sockets(disconnect_reason why) {
    auto const all = sockets_;
    for (auto const& s : all) s->close(why);
}

// joining -------------------------------------------------------------------------------------
inline void live_connection::receive_connect(std::string_view nsp, arguments const& args) {
    auto auth = args.empty() ? nlohmann::json::object() : args.json(0);
    if (!auth.is_object()) return violated("Bad packet");
    if (is_old()) {
        std::size_t const mark = std::min(nsp.find('?'), nsp.size());
        auth = query_to_json(nsp.substr(std::min(mark + 1, nsp.size())));
        nsp = nsp.substr(0, mark);
    }
    if (live_socket* const s = find(nsp); s && s->where() == live_socket::phase::connected)
        return violated("Namespace joined twice");
    // clients that leave while they join say nothing; what was restored is for the second attempt
    drop_attempt(nsp, disconnect_reason::transport_close);
    join(std::string(nsp),
         auth.empty() ? nullptr : std::make_shared<nlohmann::json const>(std::move(auth)));
}

inline void live_connection::join(std::string name, std::shared_ptr<nlohmann::json const> auth) {
    std::erase_if(attempts_, [](auto const& a) { return a.expired(); });
    auto const unplaced = std::ranges::count_if(attempts_, [](auto const& weak) {
        auto const a = weak.lock();
        return a && !a->socket;
    });
    if (sockets_.size() + static_cast<std::size_t>(unplaced) >= settings_.options.max_namespaces)
        return refuse(name, {"Too many namespaces", {}}, false);
    auto const a = std::make_shared<attempt>(attempt{std::move(name), std::move(auth)});
    attempts_.push_back(a);
    // what the application may keep for ever keeps no connection
    owner_->look_up(a->nsp, a->auth,
                    [weak = std::weak_ptr(self()), a](std::shared_ptr<live_nsp> n) {
                        auto const s = weak.lock();
                        if (s)
                            s->place().dispatch([s, a, n = std::move(n)] { s->enter(a, n); });
                        else if (n)
                            n->exit();
                    });
}

/// Gives up an attempt that is under way. @return whether there was one
inline bool live_connection::drop_attempt(std::string_view nsp, disconnect_reason why) {
    for (auto const& weak : attempts_) {
        auto const a = weak.lock();
        if (!a || a->dropped || a->nsp != nsp) continue;
        if (a->socket && a->socket->where() != live_socket::phase::joining) continue;
        a->dropped = true;
        auto const s = std::exchange(a->socket, nullptr);
        if (s) s->close(why);
        return true;
    }
    return false;
}

inline void live_connection::enter(attempt_ptr const& a, std::shared_ptr<live_nsp> n) {
    if (a->dropped || ended_) return n ? n->exit() : void();
    if (!n) {
        a->dropped = true;
        return refuse(a->nsp, {error_code(error::invalid_namespace).message(), {}}, false);
    }
    std::string const pid = n->adapter().recovers() ? text_of(a->auth, "pid") : std::string();
    if (pid.empty()) return open(a, std::move(n), std::nullopt);
    std::string const offset = text_of(a->auth, "offset");
    auto go = [s = self(), a, n, pid, offset] { s->restore(a, n, pid, offset); };
    auto const old = n->holder(pid, offset);
    if (!old) return go();
    // what is on the old connection is lost for the client, which has not noticed its end
    old->place().post([s = self(), old, go] {
        static_cast<live_socket&>(*old).supersede();
        s->place().dispatch(go);
    });
}

inline void live_connection::restore(attempt_ptr const& a, std::shared_ptr<live_nsp> n,
                                     std::string const& pid, std::string const& offset) {
    n->adapter().restore_session(
        pid, offset, [s = self(), n, a](std::optional<session_state> found) {
            s->place().dispatch(
                [s, n, a, found = std::move(found)]() mutable { s->open(a, n, std::move(found)); });
        });
}

inline void live_connection::open(attempt_ptr const& a, std::shared_ptr<live_nsp> n,
                                  std::optional<session_state> restored) {
    if (ended_ || a->dropped) {
        // the client has gone meanwhile; it may come back again
        if (restored) {
            restored->missed.clear();
            n->adapter().persist_session(std::move(*restored));
        }
        return n->exit();
    }
    std::string const& name = a->nsp;
    std::string id = restored      ? restored->sid
                     : !is_old()   ? engineio::detail::random_id()
                     : name == "/" ? connection_.id()
                                   : name + '#' + connection_.id();
    auto const s = std::make_shared<live_socket>(n, self(), std::move(id), a->auth);
    a->socket = s;
    sockets_.push_back(s);
    n->adapter().admit(s);
    bool const recovered = restored.has_value();
    if (recovered)
        s->recover(std::move(*restored), text_of(a->auth, "offset"));
    else if (n->adapter().recovers())
        s->set_pid(engineio::detail::random_id());
    auto const handlers = n->handlers();
    auto const& recovery = settings_.options.recovery;
    if (handlers->middlewares.empty() || (recovered && recovery && recovery->skip_middlewares))
        return settle(s, std::nullopt);
    // it is an attempt, too, while somebody may call it
    run_middlewares(s, handlers, settings_,
                    [self = self(), s, a](std::optional<middleware_error> const& refused) {
                        self->settle(s, refused);
                    });
}

inline void live_connection::settle(socket_ptr const& s,
                                    std::optional<middleware_error> const& refused) {
    // of a connection that is closed the end is told soon
    if (s->where() != live_socket::phase::joining || !connection_.is_open()) return;
    if (refused) {
        refuse(s->nsp().name(), *refused, true);
        return s->close(disconnect_reason::server_namespace_disconnect);
    }
    connect_until_ = never;
    s->connect();
    if (!ended_) deadline_changed();
}

HTTPHOOKS_DECL void live_connection::refuse(std::string_view nsp, middleware_error const& why,
                                            bool by_middleware) {
    count_refusal(by_middleware ? "Refused by middleware" : std::string_view(why.message));
    packet_header h;
    h.type = packet_type::connect_error;
    h.nsp = nsp;
    packet_data data;
    if (is_old() && by_middleware) {
        append_argument(data, why.data ? *why.data : nlohmann::json(why.message));
    } else {
        data.text = "{\"message\":";
        append_argument(data, why.message);
        if (why.data) {
            data.text.append(",\"data\":");
            append_argument(data, *why.data);
        }
        data.text.push_back('}');
    }
    connection_.send(encode(settings_.options.parser, h, data));
}

// time and the end ----------------------------------------------------------------------------
HTTPHOOKS_DECL void live_connection::left(live_socket& s) {
    std::erase_if(sockets_, [&](auto const& other) { return other.get() == &s; });
}

HTTPHOOKS_DECL void live_connection::deadline_changed() {
    auto next = std::min(connect_until_, attachments_until_);
    for (auto const& s : sockets_) next = std::min(next, s->deadline().value_or(never));
    place().timers().set(*this, next == never ? std::nullopt : std::optional(next));
}

HTTPHOOKS_DECL void live_connection::on_deadline() {
    place().post([s = self()] {
        if (s->ended_) return;
        auto const now = s->place().timers().now();
        if (s->connect_until_ <= now) {
            s->connect_until_ = never;
            return s->violated("No namespace joined in time",
                               disconnect_reason::forced_server_close);
        }
        if (s->attachments_until_ <= now && s->may_be_held_up()) {
            s->attachments_until_ =
                httphooks::detail::deadline_after(s->settings_.options.connect_timeout, now);
        } else if (s->attachments_until_ <= now) {
            s->attachments_until_ = never;
            s->count_refusal("Attachments missing");
            return s->connection_.close();
        }
        auto const all = s->sockets_;
        for (auto const& each : all) each->expire(now);
        if (!s->ended_) s->deadline_changed();
    });
}

HTTPHOOKS_DECL void live_connection::disconnect_all() {
    auto const all = sockets_;
    for (auto const& s : all) {
        s->disconnect(false);
        s->close(disconnect_reason::server_namespace_disconnect);
    }
    // later: a poll is to be answered with the packets alone, which clients look at after a "close"
    place().post([s = self()] { s->connection_.close(); });
}

HTTPHOOKS_DECL void live_connection::supersede() {
    close_sockets(disconnect_reason::transport_close);
    connection_.close();
}

inline void live_connection::ended(engineio::close_reason why) {
    ended_ = true;
    place().timers().set(*this, std::nullopt);
    close_sockets(to_disconnect_reason(why));
    owner_->connection_gone();
}

HTTPHOOKS_DECL void live_connection::on_loop_end() noexcept {
    ended_ = true;
    auto const all = std::exchange(sockets_, {});
    for (auto const& s : all) s->abandon();
}

}  // namespace httphooks::socketio::detail
