// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The replies of an Engine.IO server: their fields, and the refusals.
*/

#include <httphooks/config.hpp>
#include <httphooks/engineio/detail/service.hpp>
#include <httphooks/engineio/error.hpp>
#include <httphooks/engineio/options.hpp>
#include <httphooks/http/detail/visit.hpp>
#include <httphooks/message.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace httphooks::engineio::detail {

/// A request and its connection, and what middlewares add to the reply.
struct visit : http::detail::visit {
    std::shared_ptr<fields const> added{};
};

/// Who is replied to.
struct addressee {
    addressee(visit const& v) noexcept : message(v.message), added(v.added.get()) {}
    explicit addressee(request const& r, fields const* more = nullptr) noexcept
        : message(r), added(more) {}

    request const& message;
    fields const* added;
};

/// Why a request is refused.
struct refused {
    refusal code = refusal::bad_request;
    /// What was wrong, for the application.
    std::string context{};
    /// What the client is told instead of the code's text.
    std::string text{};
    /// Whether it is the origin that may not connect.
    bool origin = false;

    std::string_view told() const noexcept {
        return text.empty() ? to_string(code) : std::string_view(text);
    }
};

/// Adds the fields that replies of every kind have: those that depend on the origin, and those of
/// middlewares.
void add_common_fields(service& s, response& to, addressee const& a) noexcept;

/// Has the application add fields to a reply.
void add_own_fields(service& s, response& to, request const& r, bool initial) noexcept;

/// Whether the client is a browser that looks into pages for scripts that were sent along.
bool has_xss_filter(request const& r);

/** Begins a reply of the polling transport.
    @param initial the handshake's */
response begin_reply(service& s, addressee const& a, bool initial);

/// Sets the cookie that names a session.
void add_cookie(response& to, options const& o, std::string_view id);

/// The body that tells a client that polls why it is refused.
std::string refusal_text(refused const& why);

/// The reply to what is no HTTP, an origin with control characters for instance.
response bad_request_reply();

/** The reply to a request that is refused.
    @param upgrade it asked for a WebSocket
    @par Source
    engine.io 6.6, abortRequest and abortUpgrade */
response refusal_reply(service& s, addressee const& a, refused const& why, bool upgrade);

/// Tells the application that a request is refused.
void tell(service& s, request const& r, refused const& why) noexcept;

/// Counts a request that is refused, and tells the application.
void tell_refused(service& s, request const& r, refused const& why) noexcept;

/// Refuses a request.
void refuse(service& s, visit v, refused const& why, bool upgrade);

/// The reply when there is no room for a session; service::open() has counted it.
response no_room(service& s, addressee const& a);

}  // namespace httphooks::engineio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/engineio/detail/impl/reply.ipp>
#endif
