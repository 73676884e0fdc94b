// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    XHR streaming: a POST whose answer carries frames until it is long enough.
*/

#include <httphooks/http/detail/visit.hpp>
#include <httphooks/sockjs/detail/reply.hpp>
#include <httphooks/sockjs/detail/service.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::sockjs::transport {

/** Serves `POST .../xhr_streaming`.
    @par Source
    SockJS 0.3.3, xhr_streaming; the prelude fills the buffers of old browsers */
void serve_xhr_streaming(std::shared_ptr<detail::service> const& s, http::detail::visit v,
                         std::string id);

// ---------------------------------------------------------------------------------------------

}  // namespace httphooks::sockjs::transport

namespace httphooks::sockjs::detail {

/// 2048 times `h`, and a line feed.
inline std::string streaming_prelude() {
    return std::string(2048, 'h') + '\n';
}

}  // namespace httphooks::sockjs::detail

namespace httphooks::sockjs::transport {

inline void serve_xhr_streaming(std::shared_ptr<detail::service> const& s, http::detail::visit v,
                                std::string id) {
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
