// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Asks other servers: requests out, responses in, over connections that are kept.
*/

#include <httphooks/error.hpp>
#include <httphooks/http/absolute_url.hpp>
#include <httphooks/http/client_options.hpp>
#include <httphooks/http/detail/client_operation.hpp>
#include <httphooks/message.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <string_view>
#include <utility>

namespace httphooks::http {

/** A client of HTTP/1.1.

    Connections are kept for the next request to the same origin, but only when it is certain where
    the response has ended. A request that may be repeated is sent once more, on a new connection,
    when a kept one turns out to be dead. Redirections are not followed, responses are given as they
    come, framing fields included. A kept connection does not keep an execution context running.

    Copies are handles to one client. They go before the context of the executor does; debug builds
    assert it.

    @par Thread safety
    All members may be called from all threads.
    @par Source
    RFC 9112 6 (framing), 9.3.1 (repeating requests)
*/
class client {
public:
    using executor_type = asio::any_io_executor;

    /** @param executor where the client works; may have several threads
        @param options see client_options
    */
    explicit client(executor_type const& executor, client_options options = {})
        : core_(std::make_shared<detail::client_core>(executor, std::move(options))) {}

    /// The executor that the client was created with.
    executor_type get_executor() const noexcept { return core_->executor; }

    /** Sends a request, and gives its response.

        @param url whom to ask for what; the request's target is not looked at
        @param req any request of Beast's; its framing fields are replaced, Host is added when it is
            missing
        @param token for `void(error_code, response)`
        @par Completes with
        error::invalid_target: the text is no http or https URL. asio::error::timed_out: a time-out
        has passed. asio::error::operation_not_supported: https without client_options::tls, or
        CONNECT. beast::http::error::header_limit, body_limit: the response is too large; others of
        that category: it is malformed. beast::http::error::end_of_stream: the server closed the
        connection without a response. Else what resolving, connecting, TLS, and reading report.
        @par Cancellation
        Terminal, partial and total: the connection is closed; completes with operation_aborted.
    */
    template <
        class Body, class Fields,
        asio::completion_token_for<void(error_code, response)> Token = asio::use_awaitable_t<>>
    auto async_request(std::string_view url, beast::http::message<true, Body, Fields> req,
                       Token&& token = Token()) {
        return initiate(absolute_url::parse(url), convert(std::move(req)),
                        std::forward<Token>(token));
    }

    /// The same with a URL that is split already.
    template <
        class Body, class Fields,
        asio::completion_token_for<void(error_code, response)> Token = asio::use_awaitable_t<>>
    auto async_request(absolute_url url, beast::http::message<true, Body, Fields> req,
                       Token&& token = Token()) {
        return initiate(std::move(url), convert(std::move(req)), std::forward<Token>(token));
    }

    /// Ends all requests with operation_aborted, and closes the kept connections.
    void close() {
        asio::post(core_->pool.get_executor(), [core = core_] { core->pool.close(); });
    }

private:
    template <class Handler>
    class operation;

    template <class Token>
    auto initiate(result<absolute_url> url, request req, Token&& token) {
        return asio::async_initiate<Token, void(error_code, response)>(
            [](auto handler, std::shared_ptr<detail::client_core> core, result<absolute_url> to,
               request r) {
                using handler_type = decltype(handler);
                auto const& strand = core->pool.get_executor();
                auto const slot = asio::get_associated_cancellation_slot(handler);
                auto op = std::make_shared<operation<handler_type>>(std::move(handler), core,
                                                                    std::move(to), std::move(r));
                op->connect_slot(slot);
                asio::post(strand, [op] { op->start(); });
            },
            token, core_, std::move(url), std::move(req));
    }

    std::shared_ptr<detail::client_core> core_;
};

// ---------------------------------------------------------------------------------------------

/// A request with its handler.
template <class Handler>
class client::operation final : public detail::client_operation {
    using handler_executor = asio::associated_executor_t<Handler, executor_type>;

public:
    operation(Handler handler, std::shared_ptr<detail::client_core> const& core,
              result<absolute_url> url, request req)
        : client_operation(core, std::move(url), std::move(req)),
          work_(asio::get_associated_executor(handler, core->executor)),
          strand_(core->pool.get_executor()),
          handler_(std::move(handler)) {}

    template <class Slot>
    void connect_slot(Slot slot) {
        if (!slot.is_connected()) return;
        slot.assign([weak = this->weak_from_this(), strand = strand_](asio::cancellation_type) {
            asio::post(strand, [weak] {
                if (auto const self = weak.lock()) self->abort(asio::error::operation_aborted);
            });
        });
    }

private:
    void complete(error_code ec, response message) override {
        asio::dispatch(work_.get_executor(), [self = this->shared_from_this(), this, ec,
                                              r = std::move(message)]() mutable {
            asio::get_associated_cancellation_slot(handler_).clear();
            work_.reset();
            Handler handler = std::move(handler_);
            self.reset();
            std::move(handler)(ec, std::move(r));
        });
    }

    asio::executor_work_guard<handler_executor> work_;
    detail::client_pool::executor_type strand_;
    Handler handler_;
};

}  // namespace httphooks::http
