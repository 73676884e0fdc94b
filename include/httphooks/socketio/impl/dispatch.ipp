// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/dispatch.hpp>

#include <httphooks/detail/registry/message_dispatch.hpp>
#include <httphooks/socketio/detail/live_socket.hpp>
#include <httphooks/socketio/detail/request_dispatch.hpp>
#include <httphooks/socketio/disconnect_reason.hpp>
#include <httphooks/socketio/error.hpp>
#include <httphooks/socketio/event.hpp>
#include <httphooks/socketio/socket.hpp>

#include <memory>
#include <string_view>
#include <utility>

namespace httphooks::socketio {

namespace detail {

/// Sends to a socket on behalf of a hook.
class socket_push_target final : public push_target {
public:
    socket_push_target(std::weak_ptr<live_socket> s, std::shared_ptr<dispatch_options const> o)
        : socket_(std::move(s)), options_(std::move(o)) {}

    bool push(std::string_view message) override {
        auto s = socket_.lock();
        if (!s || !s->is_connected()) return false;
        socket(std::move(s)).emit(options_->push_event, message);
        return true;
    }

private:
    std::weak_ptr<live_socket> socket_;
    std::shared_ptr<dispatch_options const> options_;
};

inline origin origin_of(socket const& s, std::shared_ptr<dispatch_options const> o) {
    engineio::connection const c = s.conn();
    return origin(httphooks::transport::socketio, c.peer(), c.handshake().tls,
                  c.handshake().message,
                  std::make_shared<socket_push_target>(s.state(), std::move(o)));
}

HTTPHOOKS_DECL dispatch_options checked(dispatch_options o) {
    if (is_reserved_event(o.stream_event))
        throw system_error(make_error_code(error::reserved_event), o.stream_event);
    return o;
}

HTTPHOOKS_DECL bool owns_context(socket const& s) {
    return s.state()->place().owns_context();
}

HTTPHOOKS_DECL socket handle_of(live_socket& s) {
    return socket(s.self());
}

HTTPHOOKS_DECL std::shared_ptr<request_dispatch> begin_requests(
    socket const& s, std::shared_ptr<httphooks::detail::message_loop> loop,
    std::shared_ptr<dispatch_options const> o) {
    auto requests = std::make_shared<request_dispatch>(std::move(loop), origin_of(s, o), s.state(),
                                                       s.conn(), o);
    s.on_disconnect([requests](disconnect_reason) { requests->cancel(); });
    return requests;
}

}  // namespace detail

}  // namespace httphooks::socketio
