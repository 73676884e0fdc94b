// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    An event of an EventSource, and its text.
*/

#include <httphooks/config.hpp>
#include <httphooks/message.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace httphooks {

/// An event for a browser's EventSource.
struct server_event {
    /// Its text, of as many lines as there are in it; UTF-8.
    std::string data{};
    /// Its name; empty: "message".
    std::string name{};
    /// What the client sends as Last-Event-ID when it connects again; empty: as before.
    std::string id{};
    /// How long the client waits before it connects again; nothing: as before.
    std::optional<std::chrono::milliseconds> retry{};
};

/** The event's text.

    @throws std::invalid_argument: the name or the id has a line break or a null byte
    @par Source
    HTML, 9.2.6 (interpreting an event stream)
*/
std::string to_string(server_event const& e);

/// What the client has sent as Last-Event-ID; empty: it connects for the first time, or was given
/// no id.
std::string_view last_event_id(request const& r);

namespace detail {

/// A 200 of `text/event-stream`, that nobody keeps: no cache, and no proxy that buffers.
response event_stream_header();

/// A comment, which clients ignore: the connection is seen to be alive.
inline constexpr std::string_view event_heartbeat = ":\n\n";

}  // namespace detail

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/server_event.ipp>
#endif
