// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What the application does with each request of an Engine.IO server before that looks at it.
*/

#include <httphooks/config.hpp>
#include <httphooks/message.hpp>

#include <functional>
#include <memory>

namespace httphooks::engineio {

namespace detail {

class decision;

}  // namespace detail

/** What a middleware calls once, then or later, from any thread. When the last copy is gone and
    nobody has called it, the request is refused. */
class next {
public:
    /// The next middleware follows; behind the last one the request is served.
    void operator()() const;
    /// Ends the request with a response, of a WebSocket too.
    void operator()(response r) const;
    /// Refuses the request: 400, code 3.
    void fail() const;

    /// For servers.
    explicit next(std::shared_ptr<detail::decision> d) noexcept;

private:
    std::shared_ptr<detail::decision> decision_;
};

/** A middleware: gets the request and the fields of its reply, both good until it calls `next`. */
using middleware = std::function<void(request const&, fields& reply, next)>;

}  // namespace httphooks::engineio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/engineio/impl/middleware.ipp>
#endif
