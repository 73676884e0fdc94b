// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Events for many clients at once: topics that browsers subscribe to with EventSource.
*/

#include <httphooks/config.hpp>
#include <httphooks/message.hpp>
#include <httphooks/server_event.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace httphooks {

namespace detail {
class event_topics;
}  // namespace detail

/// What becomes of a client that is further behind than events are kept.
enum class slow_reader : std::uint8_t {
    /// Its stream ends; it connects again, and gets what is kept then.
    disconnect,
    /// It misses what is not kept any more.
    skip
};

/// What an event_source_hub is given.
struct event_source_hub_options {
    /// How many events of a topic are kept, at least 1: for clients that connect again, and for
    /// those that read slowly.
    std::size_t history = 256;
    /// How many bytes of a topic are kept; the last event is kept however long it is.
    std::size_t history_bytes = 1024 * 1024;
    /// What becomes of a client that is further behind than that.
    slow_reader slow = slow_reader::disconnect;
    /// After how long without an event a comment is sent, so that proxies keep the connection and a
    /// client that has vanished is noticed; 0: never.
    std::chrono::milliseconds heartbeat = std::chrono::seconds(15);
};

/** Sends events to all clients that have subscribed to a topic.

    An event is made text once, and shared by all who are to get it: what a client that reads slowly
    has not got yet costs no memory of its own. Each event has an id, the hub's own where none is
    given. A client that connects again gets what came since the event that it had last, as far as
    it is kept; one whose last event is not known gets all that is kept; a new one what comes from
    then on.

    Copies are handles to one hub. A stream of events does not end by itself: call close() before a
    server is drained.

    @par Thread safety
    All members may be called from all threads.
    @par Example
    examples/server_sent_events.cpp
*/
class event_source_hub {
public:
    /// A hub without topics; they come with who publishes or subscribes.
    explicit event_source_hub(event_source_hub_options const& options = {});

    /** A response that has the client subscribe to a topic.

        Where a reply has to be whole it is none: see stream(). Over sockets each event may be a
        message.
        @param r the request, for its Last-Event-ID
    */
    response subscribe(request const& r, std::string_view topic = {}) const;

    /** Sends an event to all who have subscribed to the topic.

        @throws std::invalid_argument as to_string(server_event) does
    */
    void publish(std::string_view topic, server_event e) const;

    /// Sends an event that has nothing but a text.
    void publish(std::string_view topic, std::string_view data) const;

    /// How many clients have subscribed to the topic.
    std::size_t subscribers(std::string_view topic = {}) const;

    /// Ends all streams, behind the events that were published; who subscribes later gets a stream
    /// that ends at once.
    void close() const;

private:
    std::shared_ptr<detail::event_topics> topics_;
};

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/event_source_hub.ipp>
#endif
