// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Asks other servers: requests out, responses in, over connections that are kept.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/http/absolute_url.hpp>
#include <httphooks/http/client_options.hpp>
#include <httphooks/http/response_stream.hpp>
#include <httphooks/http/streaming_options.hpp>
#include <httphooks/message.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <string_view>
#include <utility>

namespace httphooks {

class stream_body;

namespace http {

namespace detail {

struct client_core;

/// Sends a request; the handler is called once, on its executor.
void begin_request(std::shared_ptr<client_core> const& core, result<absolute_url> url, request req,
                   asio::any_completion_handler<void(error_code, response)> handler);

/// Sends a request; the handler is called once, when the response has begun.
void begin_stream(std::shared_ptr<client_core> const& core, result<absolute_url> url, request req,
                  std::shared_ptr<stream_body> content, streaming_options const& options,
                  asio::any_completion_handler<void(error_code, response_stream)> handler);

}  // namespace detail

/** A client of HTTP/1.1.

    Connections are kept for the next request to the same origin, but only when it is certain where
    the response has ended. A request that may be repeated is sent once more, on a new connection,
    when a kept one turns out to be dead. Redirections are followed as client_options::max_redirects
    says; by default not. Responses are given as they come, framing fields included. A kept
    connection does not keep an execution context running.

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
    explicit client(executor_type const& executor, client_options options = {});

    /// The executor that the client was created with.
    executor_type get_executor() const noexcept;

    /** Sends a request, and gives its response.

        @param url whom to ask for what; the request's target is not looked at
        @param req any request of Beast's; its framing fields are replaced, Host is added when it is
            missing
        @param token for `void(error_code, response)`
        @par Completes with
        error::invalid_target: the text is no http or https URL. asio::error::timed_out: a time-out
        has passed. asio::error::operation_not_supported: https without client_options::tls, or
        CONNECT. error::redirect_limit: there are more redirections than may be followed;
        error::invalid_target also: one of them leads to no http or https URL.
       beast::http::error::header_limit, body_limit: the response is too large; others of that
       category: it is malformed. beast::http::error::end_of_stream: the server closed the
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

    /** Asks for what a URL stands for, with GET.
        @param token for `void(error_code, response)`
        @par Completes with
        the same as async_request() */
    template <
        asio::completion_token_for<void(error_code, response)> Token = asio::use_awaitable_t<>>
    auto get(std::string_view url, Token&& token = Token()) {
        return initiate(absolute_url::parse(url), request(verb::get, "/", 11),
                        std::forward<Token>(token));
    }

    /** Sends a request, and gives its response when that has begun: the body is read from it then.

        A request holds its connection until the response was read to its end: see
        client_options::connections_per_origin.

        @param url whom to ask for what
        @param req as that of async_request()
        @param options see streaming_options; client_options::timeout and body_limit do not count
        @param token for `void(error_code, response_stream)`
        @par Completes with
        the same as async_request(), but a body that is too long or malformed ends the reading of
        the response. asio::error::timed_out: streaming_options::progress_timeout has passed.
        @par Cancellation
        Terminal, partial and total: the connection is closed; completes with operation_aborted.
        @par Example
        examples/streaming_client.cpp
    */
    template <class Body, class Fields,
              asio::completion_token_for<void(error_code, response_stream)> Token =
                  asio::use_awaitable_t<>>
    auto async_stream(std::string_view url, beast::http::message<true, Body, Fields> req,
                      streaming_options options = {}, Token&& token = Token()) {
        return initiate_stream(absolute_url::parse(url), convert(std::move(req)), nullptr, options,
                               std::forward<Token>(token));
    }

    /// The same with a URL that is split already.
    template <class Body, class Fields,
              asio::completion_token_for<void(error_code, response_stream)> Token =
                  asio::use_awaitable_t<>>
    auto async_stream(absolute_url url, beast::http::message<true, Body, Fields> req,
                      streaming_options options = {}, Token&& token = Token()) {
        return initiate_stream(std::move(url), convert(std::move(req)), nullptr, options,
                               std::forward<Token>(token));
    }

    /** The same with content that is written while it is sent.

        The response may come before the content was sent: one of 300 and more stops the content,
        any other does when it is whole. Content that was begun cannot be sent twice: the request is
        not repeated on a new connection, and a redirection that wants the content again (307, 308,
        and 301 and 302 of methods other than POST) is given as it came.

        @param url whom to ask for what
        @param req as that of async_request(), but for its body
        @param content see streamed_body(); for one request
        @param options see streaming_options
        @param token for `void(error_code, response_stream)`
        @par Completes with
        the same. asio::error::already_started: the content is, or was, that of another request.
        Else what the content failed with, see streamed_body().
    */
    template <class Body, class Fields,
              asio::completion_token_for<void(error_code, response_stream)> Token =
                  asio::use_awaitable_t<>>
    auto async_stream(std::string_view url, beast::http::message<true, Body, Fields> req,
                      std::shared_ptr<stream_body> content, streaming_options options = {},
                      Token&& token = Token()) {
        return initiate_stream(absolute_url::parse(url), convert(std::move(req)),
                               std::move(content), options, std::forward<Token>(token));
    }

    /// The same with a URL that is split already.
    template <class Body, class Fields,
              asio::completion_token_for<void(error_code, response_stream)> Token =
                  asio::use_awaitable_t<>>
    auto async_stream(absolute_url url, beast::http::message<true, Body, Fields> req,
                      std::shared_ptr<stream_body> content, streaming_options options = {},
                      Token&& token = Token()) {
        return initiate_stream(std::move(url), convert(std::move(req)), std::move(content), options,
                               std::forward<Token>(token));
    }

    /// Ends all requests with operation_aborted, and closes the kept connections.
    void close();

private:
    template <class Token>
    auto initiate(result<absolute_url> url, request req, Token&& token) {
        return asio::async_initiate<Token, void(error_code, response)>(
            [](auto handler, std::shared_ptr<detail::client_core> const& core,
               result<absolute_url> to, request r) {
                detail::begin_request(core, std::move(to), std::move(r), std::move(handler));
            },
            token, core_, std::move(url), std::move(req));
    }

    template <class Token>
    auto initiate_stream(result<absolute_url> url, request req,
                         std::shared_ptr<stream_body> content, streaming_options const& options,
                         Token&& token) {
        return asio::async_initiate<Token, void(error_code, response_stream)>(
            [](auto handler, std::shared_ptr<detail::client_core> const& core,
               result<absolute_url> to, request r, std::shared_ptr<stream_body> c,
               streaming_options const& o) {
                detail::begin_stream(core, std::move(to), std::move(r), std::move(c), o,
                                     std::move(handler));
            },
            token, core_, std::move(url), std::move(req), std::move(content), options);
    }

    std::shared_ptr<detail::client_core> core_;
};

}  // namespace http
}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/impl/client.ipp>
#endif
