// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    JSONP polling: a script that is the next frame; and the form that carries messages.
*/

#include <httphooks/config.hpp>
#include <httphooks/http/detail/visit.hpp>
#include <httphooks/sockjs/detail/service.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace httphooks::sockjs::transport {

/** Serves `GET .../jsonp?c=callback`.
    @par Source
    SockJS 0.3.3, jsonp; sockjs-node for the empty comment in front and nosniff, which keep it from
    being read as something else */
void serve_jsonp(std::shared_ptr<detail::service> const& s, http::detail::visit v, std::string id);

/** Serves `POST .../jsonp_send`.
    @par Source
    SockJS 0.3.3, jsonp_send; of a field that comes twice the first counts */
void serve_jsonp_send(std::shared_ptr<detail::service> const& s, http::detail::visit v,
                      std::string_view id);

}  // namespace httphooks::sockjs::transport

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/transport/impl/jsonp.ipp>
#endif
