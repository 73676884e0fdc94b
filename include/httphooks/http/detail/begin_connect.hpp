// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    How clients of protocols above HTTP begin to connect.
*/

#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/error.hpp>
#include <httphooks/http/absolute_url.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace httphooks::http::detail {

/** Splits the URL of a service; ws and wss mean http and https.
    @param tls whether the client can do TLS
    @return error::invalid_target: the text is no such URL; operation_not_supported: it needs TLS */
inline result<absolute_url> read_service_url(std::string url, bool tls) {
    if (httphooks::detail::ascii_istarts_with(url, "ws")) url.replace(0, 2, "http");
    auto to = absolute_url::parse(url);
    if (to && to->tls && !tls) return error_code(asio::error::operation_not_supported);
    return to;
}

/// Completes an attempt that cannot be made, with a connection that is none.
template <class Connection, class Handler>
void refuse_to_connect(asio::any_io_executor const& fallback, error_code ec, Handler handler) {
    asio::post(fallback, asio::append(std::move(handler), ec, Connection()));
}

/// Completes an attempt. The handler is given up before it is called: it may keep who calls this.
template <class Connection>
void complete_connect(asio::any_io_executor const& fallback,
                      asio::any_completion_handler<void(error_code, Connection)>& handler,
                      error_code ec, Connection c) {
    std::remove_reference_t<decltype(handler)> done;
    done.swap(handler);
    auto const executor = asio::get_associated_executor(done, fallback);
    asio::dispatch(executor, asio::append(std::move(done), ec, std::move(c)));
}

/** Begins an attempt, unless it cannot be made.
    @param make `make(absolute_url, handler)` gives a std::shared_ptr of the attempt; start() begins
        it, and cancel() is called when the handler's cancellation slot says so */
template <class Connection, class Handler, class Make>
void begin_connect(asio::any_io_executor const& fallback, result<absolute_url> to, Handler handler,
                   Make make) {
    if (!to) return refuse_to_connect<Connection>(fallback, to.error(), std::move(handler));
    auto slot = asio::get_associated_cancellation_slot(handler);
    auto const attempt = make(std::move(*to), std::move(handler));
    if (slot.is_connected())
        slot.assign([weak = std::weak_ptr(attempt)](asio::cancellation_type) {
            if (auto const self = weak.lock()) self->cancel();
        });
    attempt->start();
}

}  // namespace httphooks::http::detail
