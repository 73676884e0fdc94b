// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/engineio/detail/reply.hpp>

#include <httphooks/detail/json/json_text.hpp>
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

HTTPHOOKS_DECL void add_common_fields(service& s, response& to, addressee const& a) noexcept {
    s.guarded([&] {
        if (s.cors()) s.cors()->apply(a.message, to.base());
        if (!a.added) return;
        for (auto const& f : *a.added) to.insert(f.name(), f.name_string(), f.value());
    });
}

HTTPHOOKS_DECL void add_own_fields(service& s, response& to, request const& r,
                                   bool initial) noexcept {
    s.guarded([&] {
        if (s.on_headers) s.on_headers(to.base(), r, initial);
    });
}

HTTPHOOKS_DECL bool has_xss_filter(request const& r) {
    auto const agent = r[field::user_agent];
    std::string_view const text(agent.data(), agent.size());
    return text.find(";MSIE") != text.npos || text.find("; MSIE") != text.npos ||
           text.find("Trident/") != text.npos;
}

HTTPHOOKS_DECL response begin_reply(service& s, addressee const& a, bool initial) {
    response reply = make_response(status::ok);
    reply.set(field::cache_control, "no-store");
    if (has_xss_filter(a.message)) reply.set("X-XSS-Protection", "0");
    add_common_fields(s, reply, a);
    add_own_fields(s, reply, a.message, initial);
    return reply;
}

HTTPHOOKS_DECL void add_cookie(response& to, options const& o, std::string_view id) {
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

HTTPHOOKS_DECL std::string refusal_text(refused const& why) {
    std::string text = "{\"code\":" + std::to_string(static_cast<int>(why.code));
    text.append(",\"message\":\"");
    httphooks::detail::append_json_text(text, why.told());
    return text.append("\"}");
}

HTTPHOOKS_DECL response bad_request_reply() {
    return make_response(status::bad_request, refusal_text({}), "application/json");
}

HTTPHOOKS_DECL response refusal_reply(service& s, addressee const& a, refused const& why,
                                      bool upgrade) {
    response reply;
    if (upgrade)
        reply = make_response(why.origin ? status::forbidden : status::bad_request,
                              std::string(why.told()), "text/html");
    else
        reply =
            make_response(why.code == refusal::forbidden ? status::forbidden : status::bad_request,
                          refusal_text(why), "application/json");
    add_common_fields(s, reply, a);
    return reply;
}

HTTPHOOKS_DECL void tell(service& s, request const& r, refused const& why) noexcept {
    s.guarded([&] {
        if (s.on_connection_error) s.on_connection_error({r, why.code, why.told(), why.context});
    });
}

HTTPHOOKS_DECL void tell_refused(service& s, request const& r, refused const& why) noexcept {
    s.counters().refuse(to_string(why.code));
    tell(s, r, why);
}

HTTPHOOKS_DECL void refuse(service& s, visit v, refused const& why, bool upgrade) {
    tell_refused(s, v.message, why);
    response const r = refusal_reply(s, v, why, upgrade);
    if (upgrade) v.client.close_after_reply();
    http::detail::reply(std::move(v), r);
}

HTTPHOOKS_DECL response no_room(service& s, addressee const& a) {
    tell(s, a.message, {refusal::forbidden, "NO_ROOM", "Service Unavailable"});
    response reply = make_response(status::service_unavailable, "Service Unavailable", "text/html");
    add_common_fields(s, reply, a);
    return reply;
}

}  // namespace httphooks::engineio::detail
