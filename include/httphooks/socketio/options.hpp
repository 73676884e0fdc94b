// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a Socket.IO server can be told.
*/

#include <httphooks/engineio/options.hpp>
#include <httphooks/socketio/adapter_factory.hpp>
#include <httphooks/socketio/packet.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace httphooks::socketio {

/** Connection state recovery: a client that comes back gets its rooms, its data, and what it has
    missed.
    @par Source
    socket.io 4.8, connectionStateRecovery. Unlike there a session can be restored once, and what is
    kept is bounded */
struct recovery_options {
    /// How long a client may be away.
    std::chrono::milliseconds max_disconnection{120'000};
    /// Whether middlewares of the namespace are passed over when the session is restored.
    bool skip_middlewares = true;
    /// Packets that are kept of a namespace; older ones are forgotten.
    std::size_t max_packets = 10'000;
    /// Bytes of their arguments.
    std::size_t max_bytes = 16 * 1024 * 1024;
    /// Clients that are away, of a namespace; those that left first are forgotten.
    std::size_t max_sessions = 10'000;
};

/** The options of a Socket.IO server; delays and limits are those of socket.io 4.8 where it has
    them. */
struct options {
    /// Where the server is mounted: begins with `/`, does not end with it. See also
    /// engineio::options::add_trailing_slash.
    std::string path = "/socket.io";
    /// Those of the Engine.IO server below; its path is not given.
    engineio::options engine{};
    /// How long a client may take to join a namespace, and for the attachments of a packet;
    /// then its connection is closed.
    std::chrono::milliseconds connect_timeout{45'000};
    /// How packets are written.
    socketio::parser parser = socketio::parser::json;
    /// How deep the objects and arrays of a packet may be nested.
    std::size_t depth = 200;
    /// Attachments of one packet.
    std::size_t max_attachments = 10;
    /// Bytes of a packet and its attachments.
    std::size_t max_packet = 16 * 1024 * 1024;
    /// Namespaces that one client may be in.
    std::size_t max_namespaces = 100;
    /// Bytes of a namespace's name, as clients send it.
    std::size_t max_namespace_length = 256;
    /// Rooms that one socket may be in, beside that of its id.
    std::size_t max_rooms = 10'000;
    /// Acknowledgements that one socket may owe; an event more is sent, and its callback is called
    /// with error::ack_timed_out at once.
    std::size_t max_acks = 10'000;
    /// Whether a child of a dynamic namespace goes when its last socket has left, with what was set
    /// for it alone; handles of it do nothing then. The next one has what the pattern has, and what
    /// server::on_new_namespace() gives it.
    bool cleanup_empty_child_namespaces = false;
    /// Whether an event that asks for an acknowledgement, and has no handler, does not fit its
    /// handlers, was refused by socket::use(), or has a handler that throws, is answered with
    /// `{"error": message}`, and `data` if a middleware gives it; unless socket::on_error()
    /// answers.
    bool answer_errors = false;
    /// Connection state recovery; nothing: there is none.
    std::optional<recovery_options> recovery{};
    /// The folder with the client's script files, socket.io.min.js and such; empty: none is served.
    std::string client_files{};
    /// Makes the adapter of each namespace; empty: memory_adapter.
    adapter_factory adapter{};
};

}  // namespace httphooks::socketio
