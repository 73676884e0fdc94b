// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What sockets of servers and of clients do with the arguments of an event that is sent.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/socketio/ack.hpp>
#include <httphooks/socketio/detail/copyable_handler.hpp>
#include <httphooks/socketio/detail/last_argument.hpp>
#include <httphooks/socketio/detail/payload.hpp>
#include <httphooks/socketio/detail/typed_handler.hpp>
#include <httphooks/socketio/event.hpp>

#include <nlohmann/json_fwd.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>

#include <type_traits>
#include <utility>

namespace httphooks::socketio::detail {

/** Makes the payload of an event.
    @param ack set if the last of the arguments is a function that takes the acknowledgement */
template <class... Args>
void make_event(payload& data, ack_handler& ack, event_name event, Args&&... args) {
    if constexpr (ack_function<last_of_t<Args...>>) {
        with_last(
            [&](auto&& f, auto const&... rest) {
                make_event_payload(data, event, rest...);
                ack = make_ack_handler<std::decay_t<decltype(f)>>(std::forward<decltype(f)>(f));
            },
            std::forward<Args>(args)...);
    } else {
        make_event_payload(data, event, args...);
    }
}

/** Sends an event, and completes with the first argument of the acknowledgement.
    @param executor where it completes, unless the handler has an executor
    @param send `send(payload&&, ack_handler)`; it is kept
    @param args of the event; the last is the completion token for
        `void(error_code, nlohmann::json)` */
template <class Send, class... Args>
auto async_emit_event(asio::any_io_executor const& executor, Send const& send, event_name event,
                      Args&&... args) {
    return with_last(
        [&](auto&& token, auto const&... rest) {
            payload data;
            make_event_payload(data, event, rest...);
            return asio::async_initiate<decltype(token), void(error_code, nlohmann::json)>(
                [](auto handler, asio::any_io_executor const& ex, Send s, payload d) {
                    auto f = copyable_handler<error_code, nlohmann::json>(std::move(handler), ex);
                    s(std::move(d), [f = std::move(f)](error_code ec, auto const& answer) {
                        f(ec, answer.json(0));
                    });
                },
                token, executor, send, std::move(data));
        },
        std::forward<Args>(args)...);
}

}  // namespace httphooks::socketio::detail
