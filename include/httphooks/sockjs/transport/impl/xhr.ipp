// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sockjs/transport/xhr.hpp>

#include <httphooks/http/detail/visit.hpp>
#include <httphooks/sockjs/detail/reply.hpp>
#include <httphooks/sockjs/detail/service.hpp>
#include <httphooks/sockjs/frame.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::sockjs::detail {

HTTPHOOKS_DECL bool is_message_type(std::string_view content_type) {
    std::string_view const type =
        httphooks::detail::trim_ows(content_type.substr(0, content_type.find(';')));
    for (std::string_view const known :
         {"text/plain", "t", "application/json", "application/xml", "text/xml", ""})
        if (httphooks::detail::ascii_iequals(type, known)) return true;
    return false;
}

HTTPHOOKS_DECL response bad_messages(error_code why) {
    return make_response(status::internal_server_error, why.message(), plain_text);
}

HTTPHOOKS_DECL void hand_over(std::shared_ptr<polling_session> const& s, http::detail::visit v,
                              std::string body, response answer, response busy) {
    auto const waiting = std::make_shared<http::detail::waiting_visit>(std::move(v));
    auto const taken = [weak = std::weak_ptr(waiting), yes = std::move(answer),
                        no = std::move(busy)](bool good) {
        if (auto const w = weak.lock()) w->answer(good ? yes : no);
    };
    if (s->place().here()) {
        s->receive(body, taken);
        waiting->hold();
    } else {
        waiting->hold();
        s->place().post([s, b = std::move(body), taken] { s->receive(b, taken); });
    }
}

}  // namespace httphooks::sockjs::detail

namespace httphooks::sockjs::transport {

HTTPHOOKS_DECL void serve_xhr(std::shared_ptr<detail::service> const& s, http::detail::visit v,
                              std::string id) {
    response header = make_response(status::ok, {}, detail::javascript);
    detail::add_no_cache(header);
    detail::add_cors(header, s->options(), v.message);
    detail::add_cookie(header, s->options(), v.message);
    auto r = std::make_shared<detail::receiver>(std::move(v), std::move(header),
                                                receiver_shape{framing::line, 0, {}});
    s->enter(std::move(id), std::move(r), "xhr-polling");
}

HTTPHOOKS_DECL void serve_xhr_send(std::shared_ptr<detail::service> const& s, http::detail::visit v,
                                   std::string_view id) {
    options const& o = s->options();
    auto const dress = [&](response& r) {
        detail::add_no_cache(r);
        detail::add_cors(r, o, v.message);
        detail::add_cookie(r, o, v.message);
    };
    error_code ec = check_messages(v.message.body());
    if (!detail::is_message_type(detail::value_of(v.message, field::content_type)))
        ec = error::payload_expected;
    if (ec) {
        s->counters().refuse("Broken messages");
        response bad = detail::bad_messages(ec);
        dress(bad);
        return http::detail::reply(std::move(v), bad);
    }
    auto const session = s->find(id, v.client.peer().address());
    if (!session) {
        s->counters().refuse("Unknown session");
        response unknown = detail::not_found();
        dress(unknown);
        return http::detail::reply(std::move(v), unknown);
    }
    response good = make_response(status::no_content);
    good.set(field::content_type, detail::plain_text);
    dress(good);
    response busy = detail::refusal(o, v.message, status::service_unavailable, true);
    std::string body = std::move(v.message.body());
    detail::hand_over(session, std::move(v), std::move(body), std::move(good), std::move(busy));
}

}  // namespace httphooks::sockjs::transport
