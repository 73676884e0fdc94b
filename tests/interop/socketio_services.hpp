// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The Socket.IO applications of the conformance server.
*/

#include <httphooks.hpp>
#include <httphooks/socketio.hpp>
#include <httphooks/socketio/dispatch.hpp>

#include <nlohmann/json.hpp>

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "cluster_services.hpp"
#include "command_line.hpp"
#include "engineio_services.hpp"

namespace conformance {

namespace socketio = httphooks::socketio;

/// What the command line says of Socket.IO.
inline socketio::options socketio_options(command_line const& c) {
    socketio::options o;
    o.engine = engine_options(c, o.path);
    o.connect_timeout = c.connect_timeout;
    o.parser = c.parser == "msgpack" ? socketio::parser::msgpack : socketio::parser::json;
    o.cleanup_empty_child_namespaces = true;
    if (c.recovery) o.recovery.emplace();
    o.adapter = cluster_adapter(c);
    if (c.app == "cluster") {
        // other servers send bursts, and clients that poll take them when they come
        o.engine.queue_bytes = 64 * 1024 * 1024;
        o.engine.queue_packets = 100'000;
    }
    return o;
}

/// Sends back what comes.
inline void basic_application(socketio::server& io) {
    for (char const* const name : {"/", "/custom"})
        io.of(name).on_connection([](socketio::socket s) { s.emit("auth", s.handshake().auth()); });
    io.on_connection([](socketio::socket s) {
        s.on("message", [s](socketio::arguments const& a) { s.emit("message-back", a); });
        s.on("message-with-ack",
             [](socketio::arguments const& a, socketio::acknowledgement ack) { ack(a); });
    });
}

/// What one socket of the main namespace does: messages.
inline void talk(socketio::socket s) {
    using socketio::acknowledgement;
    using socketio::arguments;
    s.on("echo", [s](arguments const& a, acknowledgement ack) {
        if (ack)
            ack(a);
        else
            s.emit("echo", a);
    });
    // an argument: for how many milliseconds
    s.on("ackme", [s](arguments const& how) {
        int patience = 300;
        how.read(patience, 0);
        s.timeout(std::chrono::milliseconds(patience))
            .emit("q", 1, [s](hh::error_code ec, arguments const& a) {
                if (ec)
                    s.emit("acked", ec.message(), nullptr);
                else
                    s.emit("acked", nullptr, a.json(0));
            });
    });
    s.on("double-ack", [](acknowledgement ack) {
        ack(1);
        ack(2);
    });
    s.on("vol", [s] {
        s.emit("n", 1);
        s.volatile_().emit("v", 2);
        s.volatile_().emit("v", 3);
        s.emit("n", 4);
    });
    s.on("bin", [s] {
        auto const inner = nlohmann::json::array({nlohmann::json::binary({})});
        s.emit("bin", socketio::bytes{"\x01\x02\x03"}, nlohmann::json{{"a", inner}});
    });
    s.on("num", [s] { s.emit(7, "x"); });
    s.on("big", [s](std::size_t n) { s.emit("big", std::string(n, 'x')); });
}

/// What one socket of the main namespace does with others.
inline void mingle(socketio::server const& io, socketio::socket s) {
    s.on("bye", [s] { s.disconnect(); });
    s.on("bye-hard", [s] { s.disconnect(true); });
    s.on("bcast", [&io] { io.emit("b", 1); });
    s.on("others", [s] { s.broadcast().emit("b", 2); });
    s.on("join", [s](std::string const& room) {
        s.join(room);
        return s.rooms().size();
    });
    s.on("to", [&io](std::string const& room) { io.to(room).emit("r", room); });
}

/// Everything that clients ask for in the tests.
inline void full_application(socketio::server& io) {
    io.on_connection([&io](socketio::socket s) {
        talk(s);
        mingle(io, s);
    });

    auto guarded = io.of("/mw");
    guarded.use([](socketio::socket s, socketio::next next) {
        if (s.handshake().auth().contains("ok")) return next();
        next({"nope", nlohmann::json{{"code", 7}}});
    });
    guarded.on_connection([](socketio::socket s) {
        auto const q = s.handshake().query("q");
        s.emit("hi", s.handshake().auth(), q ? nlohmann::json(*q) : nlohmann::json());
    });

    auto slow = io.of("/slow");
    slow.use([](socketio::socket s, socketio::next next) {
        auto const timer = std::make_shared<boost::asio::steady_timer>(
            s.get_executor(), std::chrono::milliseconds(200));
        timer->async_wait([timer, next](hh::error_code) { next(); });
    });
    slow.on_connection([](socketio::socket s) { s.on("e", [s] { s.emit("e"); }); });

    io.of(std::regex("/dyn-[0-9]+")).on_connection([](socketio::socket s) {
        s.emit("dyn", s.nsp());
    });
}

/// Has a server be the application that the command line names. @param io outlives its sockets
inline void serve_application(socketio::server& io, hh::registry const& hooks,
                              command_line const& c) {
    io.engine().allow_request(allow_request);
    if (c.app == "cluster") return cluster_application(io);
    socketio::dispatch(io.of("/"), hooks, {.stream_messages = c.stream_messages});
    if (c.app == "full")
        full_application(io);
    else
        basic_application(io);
}

}  // namespace conformance
