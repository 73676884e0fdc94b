// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sockjs/transport/raw_websocket.hpp>

#include <httphooks/http/detail/visit.hpp>
#include <httphooks/sockjs/detail/service.hpp>
#include <httphooks/sockjs/transport/websocket.hpp>

#include <memory>
#include <utility>

namespace httphooks::sockjs::transport {

HTTPHOOKS_DECL void serve_raw_websocket(std::shared_ptr<detail::service> const& s,
                                        http::detail::visit v) {
    detail::serve_upgrade(s, std::move(v), true);
}

}  // namespace httphooks::sockjs::transport
