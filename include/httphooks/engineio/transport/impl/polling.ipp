// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/engineio/transport/polling.hpp>

#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/engineio/detail/query.hpp>
#include <httphooks/engineio/detail/reply.hpp>
#include <httphooks/engineio/detail/service.hpp>
#include <httphooks/http/detail/visit.hpp>

#include <memory>
#include <string>
#include <utility>

namespace httphooks::engineio::detail {

HTTPHOOKS_DECL std::optional<revision> revision_of(options const& o, query const& q) {
    if (q.eio.is("4")) return revision::v4;
    if (q.eio.is("3") && o.allow_eio3) return revision::v3;
    return std::nullopt;
}

/// How a client takes its polls' replies compressed.
inline content_coding coding_of(options const& o, request const& asked) {
    if (!o.compression.compress) return content_coding::identity;
    std::string accepted;
    for (auto const& f : asked)
        if (f.name() == field::accept_encoding)
            accepted.append(accepted.empty() ? "" : ",").append(f.value());
    return preferred_coding(accepted);
}

HTTPHOOKS_DECL live_session::beginning beginning_of(query const& q, handshake shake, revision r,
                                                    transport_kind t) {
    live_session::beginning b{{}, std::move(shake), r, t};
    if (t == transport_kind::polling && q.script) b.script_call = "___eio[" + *q.script + "]";
    b.base64 = q.base64;
    return b;
}

/// How a poll of a session is answered.
inline poll_style style_of(live_session const& s, content_coding coding) {
    return {s.protocol(), !s.style().base64, s.script_call(), coding};
}

/// A handshake that polls, while the application thinks about it.
struct polling_handshake {
    std::shared_ptr<service> owner;
    query asked;
    handshake shake;
    std::shared_ptr<fields const> added;
    std::shared_ptr<httphooks::detail::body_budget> bodies;

    addressee whom() const noexcept { return addressee(*shake.message, added.get()); }
    /// Answers. On the connection's executor.
    void decide(std::shared_ptr<waiting_visit> const& w, verdict const& v) const;
    void refuse(waiting_visit& w, refused const& why) const {
        tell_refused(*owner, *shake.message, why);
        w.answer(refusal_reply(*owner, whom(), why, false));
    }
};

HTTPHOOKS_DECL void polling_handshake::decide(std::shared_ptr<waiting_visit> const& w,
                                              verdict const& v) const {
    if (!v.allowed) return refuse(*w, {refusal::forbidden, {}, v.message});
    auto const r = revision_of(owner->options(), asked);
    if (!r) return refuse(*w, {refusal::unsupported_protocol, asked.eio.value.value_or(""), {}});
    status why{};
    auto begin = beginning_of(asked, shake, *r, transport_kind::polling);
    begin.bodies = bodies;
    auto const session = owner->open(w->place(), std::move(begin), why);
    if (why == status::bad_request)
        return refuse(*w, {refusal::bad_request, "ID_GENERATION_ERROR", {}});
    if (!session) return w->answer(no_room(*owner, whom()));
    parked_poll p{w, begin_reply(*owner, whom(), true),
                  style_of(*session, coding_of(owner->options(), *shake.message))};
    add_cookie(p.reply, owner->options(), session->id());
    session->poll(w, std::move(p));
    session->tell_opened();
}

inline void serve_poll(std::shared_ptr<service> const& s, visit v,
                       std::shared_ptr<live_session> const& session) {
    parked_poll p{
        {}, begin_reply(*s, v, false), style_of(*session, coding_of(s->options(), v.message))};
    auto const w = std::make_shared<waiting_visit>(std::move(v));
    p.client = w;
    at_home(*session, w,
            [session, p = std::move(p)](std::shared_ptr<waiting_visit> const& waiting) mutable {
                session->poll(waiting, std::move(p));
            });
}

inline void serve_post(std::shared_ptr<service> const& s, visit v,
                       std::shared_ptr<live_session> const& session) {
    auto const type = v.message[field::content_type];
    bool const bytes = httphooks::detail::ascii_istarts_with({type.data(), type.size()},
                                                             "application/octet-stream");
    std::string body = std::move(v.message.body());
    auto claim = std::move(v.client.core()->claim);
    response answer = begin_reply(*s, v, false);
    answer.set(field::content_type, "text/html");
    bool const bad = bytes && session->protocol() == revision::v4;
    if (bad)
        answer.result(status::bad_request);
    else
        answer.body() = "ok";
    if (!session->script_call().empty())
        body = unescape_newlines(form_value(body, "d").value_or(""));
    at_home(*session, std::make_shared<waiting_visit>(std::move(v)),
            [session, text = std::move(body), kept = std::move(claim), r = std::move(answer), bytes,
             bad](std::shared_ptr<waiting_visit> const& w) mutable {
                if (bad || session->posted()) {
                    r.result(status::bad_request);
                    r.body().clear();
                    session->fail(close_reason::transport_error);
                    return w->answer(std::move(r));
                }
                session->receive(std::move(text), bytes, std::move(kept));
                session->answer_post(w, std::move(r));
            });
}

}  // namespace httphooks::engineio::detail

namespace httphooks::engineio::transport {

HTTPHOOKS_DECL void open_polling(std::shared_ptr<detail::service> const& s, detail::visit v,
                                 detail::query const& q) {
    auto const shake = std::make_shared<detail::polling_handshake const>(detail::polling_handshake{
        s, q,
        handshake{std::make_shared<request const>(v.message), v.client.peer(), v.client.tls()},
        v.added, v.client.core()->bodies});
    auto const w = std::make_shared<detail::waiting_visit>(std::move(v));
    s->ask(shake->shake, [shake, weak = std::weak_ptr(w)](verdict const& says) {
        auto const waiting = weak.lock();
        if (!waiting) return;
        if (waiting->place().here()) return shake->decide(waiting, says);
        waiting->place().post([shake, weak, says] {
            if (auto const still = weak.lock()) shake->decide(still, says);
        });
    });
    w->hold();
}

HTTPHOOKS_DECL void serve_polling(std::shared_ptr<detail::service> const& s, detail::visit v,
                                  std::shared_ptr<detail::live_session> const& session) {
    switch (v.message.method()) {
        case verb::get:
            return detail::serve_poll(s, std::move(v), session);
        case verb::post:
            return detail::serve_post(s, std::move(v), session);
        default: {
            response reply = make_response(status::method_not_allowed);
            reply.set(field::allow, s->cors() ? "GET, POST, OPTIONS" : "GET, POST");
            detail::add_common_fields(*s, reply, v);
            return http::detail::reply(std::move(v), reply);
        }
    }
}

}  // namespace httphooks::engineio::transport
