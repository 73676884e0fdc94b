// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    An exception that is a status: what a hook throws to answer with it.
*/

#include <httphooks/config.hpp>
#include <httphooks/message.hpp>

#include <exception>
#include <stdexcept>
#include <string>

namespace httphooks {

/** Thrown by a hook, from however deep below it, it is the reply: its status, and as
    `application/json` the text, `{"error":"text"}`.

    Of a responder it is the response; in a pre- or post-responder it ends the chain. The client
    reads the text: write it for him. With a status below 500 the error handler is not told; from
    500 on it is. In a listener, which has no reply, it is an exception as any other.

    @par Example
    examples/errors.cpp
*/
class http_error : public std::runtime_error {
public:
    /** @param code 400 to 599
        @param text for the client; empty: the status' reason phrase
        @throws std::invalid_argument for any other status */
    explicit http_error(httphooks::status code, std::string const& text = {});

    /// The status that the reply has.
    httphooks::status status() const noexcept { return status_; }

private:
    httphooks::status status_;
};

namespace detail {

/// The reply that it is.
response reply_of(http_error const& e);

/// Whether an exception, or null, is an http_error with a status below 500.
bool is_clients_error(std::exception_ptr const& exception) noexcept;

}  // namespace detail

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/http_error.ipp>
#endif
