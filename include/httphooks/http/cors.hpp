// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Lets web pages of other origins use the hooks: cross-origin resource sharing as a pre-responder.
*/

#include <httphooks/context.hpp>
#include <httphooks/http/cors_policy.hpp>
#include <httphooks/message.hpp>

#include <utility>

namespace httphooks::http {

/** A pre-responder that lets pages of other origins in: for example
    `hooks.pre_responder(any_verb, "/api/:what", cors({.origins = {"https://app.example"}}))`.

    A preflight (OPTIONS with Origin and Access-Control-Request-Method) is answered with 204 and
    goes no further. To other requests the header fields are added, whatever their reply becomes.
    The origin is repeated, never `*`, when credentials are allowed. `Vary: Origin` is always there.

    @par Thread safety
    Several threads may call it at once.
    @par Source
    See cors_policy.
*/
class cors {
public:
    /** @throws what cors_policy does */
    explicit cors(cors_options options = {}) : policy_(std::move(options)) {}

    /// Adds the fields for one request; ends its chain if it is a preflight, or refused.
    template <class State>
    void operator()(basic_context<hook_type::pre_responder, State>& c) const {
        switch (policy_.apply(c.request(), c.reply_headers())) {
            case cors_policy::decision::pass:
                return c.pass();
            case cors_policy::decision::preflight:
                return c.end(make_response(status::no_content));
            case cors_policy::decision::refuse:
                return c.end(error_response(status::forbidden));
        }
    }

private:
    cors_policy policy_;
};

}  // namespace httphooks::http
