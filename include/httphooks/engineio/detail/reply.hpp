// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The replies of an Engine.IO server: their fields, and the refusals.
*/

#include <httphooks/detail/json_text.hpp>
#include <httphooks/engineio/detail/service.hpp>
#include <httphooks/engineio/error.hpp>
#include <httphooks/engineio/options.hpp>
#include <httphooks/http/detail/visit.hpp>
#include <httphooks/message.hpp>
#include <httphooks/url.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace httphooks::engineio::detail {

using http::detail::visit;

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

/// Adds the fields that depend on the origin, to replies of every kind.
inline void add_origin_fields(service& s, response& to, request const& r) noexcept {
    s.guarded([&] {
        if (s.cors()) s.cors()->apply(r, to.base());
    });
}

/// Has the application add fields to a reply.
inline void add_own_fields(service& s, response& to, request const& r, bool initial) noexcept {
    s.guarded([&] {
        if (s.on_headers) s.on_headers(to.base(), r, initial);
    });
}

/// Whether the client is a browser that looks into pages for scripts that were sent along.
inline bool has_xss_filter(request const& r) {
    auto const agent = r[field::user_agent];
    std::string_view const text(agent.data(), agent.size());
    return text.find(";MSIE") != text.npos || text.find("; MSIE") != text.npos ||
           text.find("Trident/") != text.npos;
}

/** Begins a reply of the polling transport.
    @param initial the handshake's */
inline response begin_reply(service& s, request const& r, bool initial) {
    response reply = make_response(status::ok);
    reply.set(field::cache_control, "no-store");
    if (has_xss_filter(r)) reply.set("X-XSS-Protection", "0");
    add_origin_fields(s, reply, r);
    add_own_fields(s, reply, r, initial);
    return reply;
}

/// Sets the cookie that names a session.
inline void add_cookie(response& to, options const& o, std::string_view id) {
    if (!o.cookie) return;
    cookie_options const& c = *o.cookie;
    std::string text = c.name + '=' + percent_encode(id);
    if (c.max_age) text += "; Max-Age=" + std::to_string(c.max_age->count());
    if (!c.domain.empty()) text += "; Domain=" + c.domain;
    if (!c.path.empty()) text += "; Path=" + c.path;
    if (c.http_only) text += "; HttpOnly";
    if (c.secure) text += "; Secure";
    if (!c.same_site.empty()) text += "; SameSite=" + c.same_site;
    to.set(field::set_cookie, text);
}

/** The reply to a request that is refused.
    @param upgrade it asked for a WebSocket
    @par Source
    engine.io 6.6, abortRequest and abortUpgrade */
inline response refusal_reply(service& s, request const& r, refused const& why, bool upgrade) {
    response reply;
    if (upgrade) {
        reply = make_response(why.origin ? status::forbidden : status::bad_request,
                              std::string(why.told()), "text/html");
    } else {
        std::string text = "{\"code\":" + std::to_string(static_cast<int>(why.code));
        text.append(",\"message\":\"");
        httphooks::detail::append_json_text(text, why.told());
        text.append("\"}");
        reply =
            make_response(why.code == refusal::forbidden ? status::forbidden : status::bad_request,
                          std::move(text), "application/json");
    }
    add_origin_fields(s, reply, r);
    return reply;
}

/// Tells the application that a request is refused.
inline void tell_refused(service& s, request const& r, refused const& why) noexcept {
    s.guarded([&] {
        if (s.on_connection_error) s.on_connection_error({r, why.code, why.told(), why.context});
    });
}

/// Refuses a request.
inline void refuse(service& s, visit v, refused const& why, bool upgrade) {
    tell_refused(s, v.message, why);
    response const r = refusal_reply(s, v.message, why, upgrade);
    if (upgrade) v.client.close_after_reply();
    http::detail::reply(std::move(v), r);
}

/// The reply when there is no room for a session.
inline response no_room(service& s, request const& r) {
    response reply = make_response(status::service_unavailable, "Service Unavailable", "text/html");
    add_origin_fields(s, reply, r);
    return reply;
}

}  // namespace httphooks::engineio::detail
