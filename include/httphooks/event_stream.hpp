// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Server-sent events, written by a function: what a browser's EventSource reads.
*/

#include <httphooks/config.hpp>
#include <httphooks/message.hpp>
#include <httphooks/server_event.hpp>
#include <httphooks/stream.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace httphooks {

/** Sends events to one client. As stream_writer: copies stand for the same stream.

    @par Thread safety
    All members may be called from all threads.
*/
class event_writer {
public:
    /// For who makes event streams.
    event_writer(stream_writer out, std::string last_event_id)
        : out_(std::move(out)), last_event_id_(std::move(last_event_id)) {}

    /// The id of the last event that the client has got; empty: it has none.
    std::string const& last_event_id() const noexcept { return last_event_id_; }

    /** Sends an event; completes as stream_writer::async_write does.

        @throws std::invalid_argument as to_string(server_event) does
    */
    template <asio::completion_token_for<void(error_code)> Token = asio::use_awaitable_t<>>
    auto async_send(server_event const& e, Token&& token = {}) const {
        return out_.async_write(to_string(e), std::forward<Token>(token));
    }

    /// Sends an event that has nothing but a text.
    template <asio::completion_token_for<void(error_code)> Token = asio::use_awaitable_t<>>
    auto async_send(std::string_view data, Token&& token = {}) const {
        server_event e;
        e.data = data;
        return async_send(e, std::forward<Token>(token));
    }

    /// The stream itself: to end it, or to wait for its end.
    stream_writer const& stream() const noexcept { return out_; }
    /// As stream_writer::closed().
    bool closed() const noexcept { return out_.closed(); }

private:
    stream_writer out_;
    std::string last_event_id_;
};

/// What an event stream is given.
struct event_stream_options {
    /// After how long without an event a comment is sent, so that proxies keep the connection and a
    /// client that has vanished is noticed; 0: never.
    std::chrono::milliseconds heartbeat = std::chrono::seconds(15);
};

/// A function that sends events: a coroutine that ends when it has, or one that keeps the writer.
template <class F>
concept event_producer = std::invocable<F&, event_writer&> &&
    (std::is_void_v<std::invoke_result_t<F&, event_writer&>> ||
     std::same_as<std::invoke_result_t<F&, event_writer&>, asio::awaitable<void>>);

/** A response whose content is events that a function sends; see stream().

    The client connects again when the stream has ended, and says which event was the last:
    a client that is not to do so is answered with a 204.

    @param r the request, for its Last-Event-ID
    @par Example
    examples/server_sent_events.cpp
*/
template <event_producer F>
response event_stream(request const& r, F producer, event_stream_options const& options = {});

// ---------------------------------------------------------------------------------------------

namespace detail {

/// Has comments sent while nothing else is.
void keep_alive(stream_writer const& out, std::chrono::milliseconds interval);

}  // namespace detail

template <event_producer F>
response event_stream(request const& r, F producer, event_stream_options const& options) {
    auto write = [f = std::move(producer), last = std::string(last_event_id(r)),
                  every = options.heartbeat](stream_writer& out) mutable {
        detail::keep_alive(out, every);
        if constexpr (std::is_void_v<std::invoke_result_t<F&, event_writer&>>) {
            event_writer events(out, std::move(last));
            f(events);
        } else {
            return [](F& function, event_writer events) -> asio::awaitable<void> {
                auto operation = function(events);
                co_await std::move(operation);
            }(f, event_writer(out, std::move(last)));
        }
    };
    response made = detail::event_stream_header();
    made.body().stream(httphooks::stream({}, std::move(write)).body().stream());
    return made;
}

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/event_stream.ipp>
#endif
