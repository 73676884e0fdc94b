// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/client_socket.hpp>

#include <httphooks/socketio/detail/typed_handler.hpp>
#include <httphooks/socketio/error.hpp>

#include <boost/asio/post.hpp>

#include <utility>

namespace httphooks::socketio {

HTTPHOOKS_DECL void client_emitter::send(detail::payload&& p, detail::ack_handler ack) const {
    if (auto const s = socket_.lock()) return s->emit(std::move(p), flags_, std::move(ack));
    if (ack) asio::post(executor_, [ack = std::move(ack)] { ack(error::disconnected, {}); });
}

}  // namespace httphooks::socketio
