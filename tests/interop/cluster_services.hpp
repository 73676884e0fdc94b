// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The Socket.IO application of the conformance server for several servers.
*/

#include <httphooks.hpp>
#include <httphooks/redis/options.hpp>
#include <httphooks/socketio.hpp>
#include <httphooks/socketio/postgres_adapter.hpp>
#include <httphooks/socketio/redis_adapter.hpp>
#include <httphooks/socketio/redis_streams_adapter.hpp>
#include <httphooks/socketio/sharded_redis_adapter.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "command_line.hpp"

namespace conformance {

namespace hh = httphooks;
namespace socketio = httphooks::socketio;

namespace cluster {

using names = std::vector<std::string>;
using socketio::acknowledgement;
using socketio::broadcast_operator;

/// Calls `f(name, arguments)` with an event that is an array.
template <class F>
void with_event(nlohmann::json const& event, F f) {
    if (!event.is_array() || event.empty()) return;
    auto const all = std::make_shared<nlohmann::json const>(event);
    socketio::arguments const rest(all, 1);
    nlohmann::json const& name = all->front();
    if (name.is_string())
        f(socketio::event_name(name.get_ref<std::string const&>()), rest);
    else if (name.is_number_integer())
        f(socketio::event_name(name.get<long long>()), rest);
}

inline void emit(broadcast_operator const& to, nlohmann::json const& event) {
    with_event(event, [&](socketio::event_name name, socketio::arguments const& rest) {
        to.emit(name, rest);
    });
}

inline broadcast_operator with_flags(broadcast_operator to, names const& flags) {
    for (std::string const& flag : flags) {
        if (flag == "volatile") to = to.volatile_();
        if (flag == "local") to = to.local();
        if (flag == "compress:false") to = to.compress(false);
    }
    return to;
}

/// `[error or null, what has come]`
inline nlohmann::json outcome(hh::error_code ec, nlohmann::json all) {
    std::sort(all.begin(), all.end(),
              [](auto const& a, auto const& b) { return a.dump() < b.dump(); });
    return nlohmann::json::array({ec ? nlohmann::json(ec.message()) : nullptr, std::move(all)});
}

inline nlohmann::json describe(socketio::remote_socket const& s) {
    names rooms = s.rooms();
    std::ranges::sort(rooms);
    nlohmann::json name;
    if (auto const query = s.handshake().find("query"); query != s.handshake().end())
        name = query->value("name", nlohmann::json());
    return {{"id", s.id()}, {"rooms", rooms}, {"data", s.data()}, {"name", std::move(name)}};
}

/// Acknowledges what is known of sockets, in the order of their ids; or the error.
template <class Describe>
void fetch(broadcast_operator const& from, acknowledgement ack, Describe describe) {
    from.async_fetch_sockets(
        [ack, describe](hh::error_code ec, std::vector<socketio::remote_socket> found) {
            if (ec) return ack(ec.message());
            std::ranges::sort(
                found, {}, [](auto const& s) -> auto& { return s.id(); });
            nlohmann::json all = nlohmann::json::array();
            for (auto const& s : found) all.push_back(describe(s));
            ack(all);
        });
}

/// What clients ask for.
inline void serve(socketio::nsp const& n, socketio::socket const& s) {
    s.on("bcast", [n](names const& rooms, names const& except, names const& flags,
                      nlohmann::json const& event) {
        emit(with_flags(n.to(rooms).except(except), flags), event);
        return nullptr;
    });
    s.on("from-me", [s](names const& rooms, nlohmann::json const& event) {
        emit(s.to(rooms), event);
        return nullptr;
    });
    s.on("ask",
         [n](names const& rooms, int timeout, nlohmann::json const& event, acknowledgement ack) {
             auto const to = n.to(rooms).timeout(std::chrono::milliseconds(timeout));
             with_event(event, [&](socketio::event_name name, socketio::arguments const& rest) {
                 to.emit(name, rest, [ack](hh::error_code ec, std::vector<nlohmann::json> all) {
                     ack(outcome(ec, std::move(all)));
                 });
             });
         });
    s.on("fetch", [n](names const& rooms, acknowledgement ack) {
        fetch(n.to(rooms), std::move(ack), describe);
    });
    s.on("ids", [n](names const& rooms, acknowledgement ack) {
        fetch(n.to(rooms), std::move(ack), [](auto const& found) { return found.id(); });
    });
    s.on("join", [n](names const& rooms, names const& more) {
        n.to(rooms).sockets_join(more);
        return nullptr;
    });
    s.on("leave", [n](names const& rooms, names const& less) {
        n.to(rooms).sockets_leave(less);
        return nullptr;
    });
    s.on("kick", [n](names const& rooms, bool close, acknowledgement ack) {
        ack(nullptr);
        n.to(rooms).disconnect_sockets(close);
    });
    s.on("tell", [n](nlohmann::json const& event) {
        with_event(event, [&](socketio::event_name name, socketio::arguments const& rest) {
            n.server_side_emit(name, rest);
        });
        return nullptr;
    });
    s.on("poll", [n](nlohmann::json const& event, acknowledgement ack) {
        with_event(event, [&](socketio::event_name name, socketio::arguments const& rest) {
            n.server_side_emit(name, rest,
                               [ack](hh::error_code ec, std::vector<nlohmann::json> all) {
                                   ack(outcome(ec, std::move(all)));
                               });
        });
    });
}

inline names split(std::string_view list) {
    names all;
    while (!list.empty()) {
        std::size_t const end = std::min(list.find(','), list.size());
        if (end != 0) all.emplace_back(list.substr(0, end));
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return all;
}

}  // namespace cluster

/// What carries messages to the other servers of the command line; empty: there are none.
inline socketio::adapter_factory cluster_adapter(command_line const& c) {
    hh::redis::options const redis{.url = c.redis};
    if (c.cluster == "redis")
        return socketio::redis_adapter(redis, {c.cluster_key, c.requests_timeout});
    if (c.cluster == "redis-sharded")
        return socketio::sharded_redis_adapter(
            redis, {.channel_prefix = c.cluster_key, .requests_timeout = c.requests_timeout});
    if (c.cluster == "redis-streams")
        return socketio::redis_streams_adapter(redis, {.stream_name = c.cluster_key,
                                                       .channel_prefix = c.cluster_key,
                                                       .use_sharded_pub_sub = c.stream_sharded,
                                                       .max_len = c.stream_max_len,
                                                       .requests_timeout = c.requests_timeout});
    if (c.cluster == "postgres")
        return socketio::postgres_adapter({.conninfo = c.postgres},
                                          {.channel_prefix = c.cluster_key,
                                           .requests_timeout = c.requests_timeout,
                                           .heartbeat_interval = c.cluster_heartbeat,
                                           .heartbeat_timeout = c.cluster_timeout});
    return {};
}

/// Does with clients and servers what these ask for.
inline void cluster_application(socketio::server& io) {
    io.on_error([](std::exception_ptr e) {
        try {
            std::rethrow_exception(e);
        } catch (std::exception const& what) {
            std::cerr << "conformance_server: " << what.what() << std::endl;
        }
    });
    for (char const* const name : {"/", "/other"}) {
        auto const n = io.of(name);
        n.on_connection([n](socketio::socket s) {
            if (!s.recovered()) {
                s.join(cluster::split(s.handshake().query("rooms").value_or("")));
                auto const query = s.handshake().query("name");
                s.data() = {{"name", query ? nlohmann::json(*query) : nlohmann::json()}};
            }
            cluster::serve(n, s);
            s.emit("ready", s.id());
        });
        n.on_server_side("note",
                         [n](socketio::arguments const& what) { n.local().emit("noted", what); });
        n.on_server_side("who", [](socketio::arguments const& what, auto const& answer) {
            answer(what.json(0));
        });
    }
}

}  // namespace conformance
