// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A guard for what concerns nobody but who sits at the machine: metrics, tables, switches.
*/

#include <httphooks/context.hpp>
#include <httphooks/detail/system/loopback_client.hpp>
#include <httphooks/hook_type.hpp>
#include <httphooks/message.hpp>

namespace httphooks {

/** A pre-responder that lets clients on this machine pass; for others there is nothing: 404.

    A request that a proxy passed on, or whose Host is no name of this machine's loopback interface,
    counts as another's. Over sockets the request that opened the socket counts.

    @par Thread safety
    Several threads may call it at once.
    @par Example
    examples/demo/site.hpp
*/
struct loopback_only {
    /// Passes, or answers 404.
    template <class State>
    void operator()(basic_context<hook_type::pre_responder, State>& c) const {
        if (detail::is_loopback_client(c.request(), c.origin())) return c.pass();
        c.set_response(status::not_found, "Not Found", "text/html");
    }
};

}  // namespace httphooks
