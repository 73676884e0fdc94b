// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sockjs/transport/eventsource.hpp>

#include <httphooks/http/detail/visit.hpp>
#include <httphooks/sockjs/detail/reply.hpp>
#include <httphooks/sockjs/detail/service.hpp>

#include <memory>
#include <string>
#include <utility>

namespace httphooks::sockjs::transport {

HTTPHOOKS_DECL void serve_eventsource(std::shared_ptr<detail::service> const& s,
                                      http::detail::visit v, std::string id) {
    using namespace httphooks::sockjs::detail;
    response header = make_response(status::ok, {}, "text/event-stream");
    add_no_cache(header);
    add_cors(header, s->options(), v.message, true);
    add_cookie(header, s->options(), v.message);
    add_unbuffered(header);
    auto r = std::make_shared<receiver>(
        std::move(v), std::move(header),
        receiver_shape{framing::event, s->options().response_limit, {}}, "\r\n");
    s->enter(std::move(id), std::move(r), "eventsource");
}

}  // namespace httphooks::sockjs::transport
