// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What hooks over Socket.IO are given.
*/

#include <httphooks/envelope.hpp>

#include <cstddef>
#include <string>

namespace httphooks::socketio {

/// How events become requests.
struct dispatch_options {
    /// The name of the event.
    std::string event = "request";
    /// The event that origin::push() sends, with the message as its argument.
    std::string push_event = "message";
    /// The event that has a message of a streamed reply, as its argument; with stream_messages.
    std::string stream_event = "response";
    /// Requests of one socket that may be under way; beyond it nothing more is read of its
    /// connection.
    std::size_t in_flight = 16;
    /// How deep the objects and arrays of a request may be nested.
    std::size_t depth = envelope::default_depth;
    /// Whether streamed replies to requests with an id are sent in messages of their own.
    /// Otherwise, without an id, and without an acknowledgement, they are collected first, as
    /// stream() says.
    bool stream_messages = false;
};

}  // namespace httphooks::socketio
