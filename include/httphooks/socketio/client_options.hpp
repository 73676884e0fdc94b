// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a Socket.IO client can be told.
*/

#include <httphooks/engineio/client_options.hpp>
#include <httphooks/socketio/parser.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>
#include <limits>
#include <string>

namespace httphooks::socketio {

/** The options of a client; delays are those of socket.io-client 4.8. */
struct client_options {
    /// Where the server is mounted: begins with `/`, does not end with it.
    std::string path = "/socket.io";
    /// Those of the Engine.IO client below: transports, header fields, TLS, limits.
    engineio::client_options engine{};
    /// What namespaces are joined with, an object; null: nothing. See client_socket::set_auth().
    nlohmann::json auth{};
    /// How packets are written; that of the server.
    socketio::parser parser = socketio::parser::json;
    /// How long the server may take to let the client into a namespace; then the connection is
    /// given up.
    std::chrono::milliseconds connect_timeout{20'000};
    /// Whether a connection that was lost is opened again.
    bool reconnection = true;
    /// How often that is tried; then client::on_reconnect_failed() is told. Without a limit, and
    /// without client::close(), the executor's context has work for ever.
    std::size_t reconnection_attempts = std::numeric_limits<std::size_t>::max();
    /// How long that is tried, from the loss on: no attempt begins later. 0: for ever.
    std::chrono::milliseconds reconnection_timeout{0};
    /// Before the first attempt; before each further one it is doubled.
    std::chrono::milliseconds reconnection_delay{1'000};
    /// The longest of these delays.
    std::chrono::milliseconds reconnection_delay_max{5'000};
    /// What part of itself a delay is made longer or shorter by, at most: from 0 to 1.
    double randomization_factor = 0.5;
    /// Whether an event that asks for an acknowledgement, and has no handler, does not fit its
    /// handlers, or has a handler that throws, is answered with `{"error": message}`; unless
    /// client_socket::on_error() answers.
    bool answer_errors = false;
    /// Bytes of the events of one namespace that are kept until it is connected, and of what waits
    /// because the server does not take more.
    std::size_t buffer_limit = 1024 * 1024;
    /// How deep the objects and arrays of a packet may be nested.
    std::size_t depth = 200;
    /// Attachments of one packet.
    std::size_t max_attachments = 10;
    /// Bytes of a packet and its attachments; and of the events that come before the server has
    /// said that the client is in the namespace.
    std::size_t max_packet = 16 * 1024 * 1024;
};

}  // namespace httphooks::socketio
