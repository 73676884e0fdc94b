// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/broadcast.hpp>

#include <httphooks/socketio/adapter.hpp>
#include <httphooks/socketio/detail/copyable_handler.hpp>
#include <httphooks/socketio/detail/live_nsp.hpp>

#include <chrono>

namespace httphooks::socketio {

HTTPHOOKS_DECL broadcast_operator broadcast_operator::local() const {
    return with([](broadcast_options& o) { o.flags.local = true; });
}

HTTPHOOKS_DECL broadcast_operator broadcast_operator::volatile_() const {
    return with([](broadcast_options& o) { o.flags.volatile_ = true; });
}

HTTPHOOKS_DECL broadcast_operator broadcast_operator::compress(bool b) const {
    return with([b](broadcast_options& o) { o.flags.compress = b; });
}

HTTPHOOKS_DECL broadcast_operator broadcast_operator::timeout(std::chrono::milliseconds t) const {
    return with([t](broadcast_options& o) { o.flags.timeout = t; });
}

HTTPHOOKS_DECL void broadcast_operator::disconnect_sockets(bool close) const {
    nsp_->each([&](detail::live_nsp& n) { n.adapter().disconnect_sockets(options_, close); });
}

}  // namespace httphooks::socketio
