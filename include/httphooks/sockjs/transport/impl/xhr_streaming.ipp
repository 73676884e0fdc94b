// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sockjs/transport/xhr_streaming.hpp>

#include <httphooks/http/detail/visit.hpp>
#include <httphooks/sockjs/detail/reply.hpp>
#include <httphooks/sockjs/detail/service.hpp>

#include <memory>
#include <string>
#include <utility>

namespace httphooks::sockjs::detail {

/// 2048 times `h`, and a line feed.
inline std::string streaming_prelude() {
    return std::string(2048, 'h') + '\n';
}

}  // namespace httphooks::sockjs::detail

namespace httphooks::sockjs::transport {

HTTPHOOKS_DECL void serve_xhr_streaming(std::shared_ptr<detail::service> const& s,
                                        http::detail::visit v, std::string id) {
    using namespace httphooks::sockjs::detail;
    response header = make_response(status::ok, {}, javascript);
    add_no_cache(header);
    add_cors(header, s->options(), v.message);
    add_cookie(header, s->options(), v.message);
    add_unbuffered(header);
    auto r = std::make_shared<receiver>(
        std::move(v), std::move(header),
        receiver_shape{framing::line, s->options().response_limit, {}}, streaming_prelude());
    s->enter(std::move(id), std::move(r), "xhr-streaming");
}

}  // namespace httphooks::sockjs::transport
