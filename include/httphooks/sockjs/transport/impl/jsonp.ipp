// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sockjs/transport/jsonp.hpp>

#include <httphooks/http/detail/visit.hpp>
#include <httphooks/sockjs/detail/callback_name.hpp>
#include <httphooks/sockjs/detail/reply.hpp>
#include <httphooks/sockjs/detail/service.hpp>
#include <httphooks/sockjs/frame.hpp>
#include <httphooks/sockjs/transport/xhr.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::sockjs::transport {

HTTPHOOKS_DECL void serve_jsonp(std::shared_ptr<detail::service> const& s, http::detail::visit v,
                                std::string id) {
    using namespace httphooks::sockjs::detail;
    std::optional<response> wrong;
    std::string callback = callback_of(v.message, 32, wrong);
    if (wrong) return http::detail::reply(std::move(v), *wrong);
    response header = make_response(status::ok, {}, javascript);
    header.set("X-Content-Type-Options", "nosniff");
    add_no_cache(header);
    add_cookie(header, s->options(), v.message);
    auto r = std::make_shared<receiver>(std::move(v), std::move(header),
                                        receiver_shape{framing::callback, 0, std::move(callback)});
    s->enter(std::move(id), std::move(r), "jsonp-polling");
}

HTTPHOOKS_DECL void serve_jsonp_send(std::shared_ptr<detail::service> const& s,
                                     http::detail::visit v, std::string_view id) {
    using namespace httphooks::sockjs::detail;
    options const& o = s->options();
    std::string_view const type = value_of(v.message, field::content_type);
    std::string body;
    if (httphooks::detail::ascii_istarts_with(type, "application/x-www-form-urlencoded"))
        body = form_value(v.message.body(), "d").value_or(std::string());
    else if (is_message_type(type))
        body = std::move(v.message.body());
    auto const dress = [&](response r) {
        add_no_cache(r);
        add_cookie(r, o, v.message);
        return r;
    };
    if (auto const ec = check_messages(body)) {
        s->counters().refuse("Broken messages");
        response const bad = dress(bad_messages(ec));
        return http::detail::reply(std::move(v), bad);
    }
    auto const session = s->find(id, v.client.peer().address());
    if (!session) {
        s->counters().refuse("Unknown session");
        response const unknown = dress(not_found());
        return http::detail::reply(std::move(v), unknown);
    }
    response good = dress(make_response(status::ok, "ok", plain_text));
    response busy = refusal(o, v.message, status::service_unavailable, false);
    hand_over(session, std::move(v), std::move(body), std::move(good), std::move(busy));
}

}  // namespace httphooks::sockjs::transport
