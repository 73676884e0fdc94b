// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/dispatch.hpp>

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

HTTPHOOKS_DECL origin origin_of(socket const& s, std::shared_ptr<dispatch_options const> o) {
    engineio::connection const c = s.conn();
    return origin(httphooks::transport::socketio, c.peer(), c.handshake().tls,
                  c.handshake().message,
                  std::make_shared<socket_push_target>(s.state(), std::move(o)));
}

}  // namespace detail

}  // namespace httphooks::socketio
