// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    XHR polling: a POST that is answered by the next frame; and the POST that carries messages.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/http/detail/visit.hpp>
#include <httphooks/sockjs/detail/service.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace httphooks::sockjs::transport {

/** Serves `POST .../xhr`.
    @par Source
    SockJS 0.3.3, xhr */
void serve_xhr(std::shared_ptr<detail::service> const& s, http::detail::visit v, std::string id);

/** Serves `POST .../xhr_send`.
    @par Source
    SockJS 0.3.3, xhr_send; elements that are no strings are refused, not converted */
void serve_xhr_send(std::shared_ptr<detail::service> const& s, http::detail::visit v,
                    std::string_view id);

}  // namespace httphooks::sockjs::transport

namespace httphooks::sockjs::detail {

/// Whether a body of this type can be a message array; browsers send many.
bool is_message_type(std::string_view content_type);

/// The answer to messages that are not as they must be.
response bad_messages(error_code why);

/** Hands messages that were found good to their session, and answers when they are taken.
    @param answer when they are */
void hand_over(std::shared_ptr<polling_session> const& s, http::detail::visit v, std::string body,
               response answer, response busy);

}  // namespace httphooks::sockjs::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/transport/impl/xhr.ipp>
#endif
