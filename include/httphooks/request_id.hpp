// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A name for each request, which its reply, the logs and other services have too.
*/

#include <httphooks/config.hpp>
#include <httphooks/message.hpp>
#include <httphooks/origin.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace httphooks {

/// How requests get their ids.
struct request_id_options {
    /// The field in which trusted requests bring their id, and replies have it.
    std::string header = "X-Request-Id";
    /// Whether the trace id of a trusted `traceparent` (W3C Trace Context) is the id of a request
    /// that does not have `header`.
    bool traceparent = true;
    /// Whose ids are taken; null: those of requests that a trusted proxy passed on, see
    /// origin::proxied(). A message of a socket is its client's, whoever passed it on.
    std::function<bool(request const&, origin const&)> trusted = nullptr;
    /// Makes an id where none is taken; null: 32 hexadecimal digits, 128 random bits. What is no id
    /// is replaced by these. Called on the threads that requests begin on.
    std::function<std::string()> make = nullptr;
};

/** Gives requests their ids: see registry_options::request_id.

    An id has 1 to 128 letters, digits and `-._~+/=:@`. One that a trusted request brings is taken;
    one that is longer or has anything else, or of which there are several, is not, and neither is
    what others bring: a new one is made. The id is at context::request_id(), exchange::request_id()
    and hook_error::request_id, and every reply has it in its field, whatever a hook wrote there:
    also 404, 405 and 500, and what the server refuses before hooks run. Each message of a socket
    has its own. A trusted proxy that passes on what its clients write passes on their ids: have it
    set the field.

    @par Thread safety
    All members may be called from all threads, if the functions of the options may.
    @par Source
    W3C Trace Context 3.2 (traceparent)
    @par Example
    examples/production_service.cpp
*/
class request_id {
public:
    /// @throws std::invalid_argument `header` is no name of a field, or a framing field's
    explicit request_id(request_id_options o = {});

    /// The field's name.
    std::string const& header() const noexcept { return options_.header; }

    /// Makes `id` the id of a request: taken, or made.
    void assign(std::string& id, request const& r, origin const& from) const;

    /// Has a reply say it.
    void write(fields& reply, std::string_view id) const;

private:
    inline std::string_view brought(request const& r) const noexcept;

    request_id_options options_;
    field field_;
};

/// Whether a text may be the id of a request.
bool is_request_id(std::string_view text) noexcept;

/// The trace id of a traceparent field; empty if it is none. @par Source W3C Trace Context 3.2.2
std::string_view trace_id(std::string_view traceparent) noexcept;

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/request_id.ipp>
#endif
