// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sockjs/dispatch.hpp>

#include <httphooks/detail/registry/message_dispatch.hpp>
#include <httphooks/detail/registry/message_loops.hpp>
#include <httphooks/origin.hpp>
#include <httphooks/sockjs/connection.hpp>
#include <httphooks/sockjs/detail/envelope_source.hpp>
#include <httphooks/sockjs/detail/session_base.hpp>
#include <httphooks/sockjs/detail/stream_message_source.hpp>

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

namespace httphooks::sockjs::detail {

/// Sends to a connection on behalf of a hook.
class connection_target final : public push_target {
public:
    explicit connection_target(std::weak_ptr<session_base> s) : session_(std::move(s)) {}

    bool push(std::string_view message) override {
        auto const s = session_.lock();
        return s && s->send(message);
    }

private:
    std::weak_ptr<session_base> session_;
};

/// One connection's requests.
class dispatch_session final : private httphooks::detail::message_dispatch::listener {
public:
    dispatch_session(connection c, std::shared_ptr<httphooks::detail::message_loop> loop,
                     dispatch_options const& o)
        : connection_(std::move(c)),
          requests_(std::move(loop),
                    origin(httphooks::transport::sockjs, connection_.peer(),
                           connection_.handshake().tls, connection_.handshake().message,
                           std::make_shared<connection_target>(connection_.session())),
                    *this, o.in_flight, o.depth, o.stream_messages) {}

    void receive(std::string_view message, bool binary) {
        // bytes are no envelope
        if (!requests_.receive(binary ? std::string_view() : message)) connection_.pause();
    }
    void drained() noexcept { requests_.on_drain(); }
    void cancel() noexcept { requests_.cancel(); }

private:
    void on_answer(response const& reply, std::string_view id) noexcept override {
        connection_.session()->send(envelope_source(reply, id));
    }
    void on_room() noexcept override { connection_.resume(); }
    bool on_stream_message(httphooks::detail::stream_message const& m) override {
        return connection_.session()->send(stream_message_source(m));
    }
    std::size_t waiting() const noexcept override { return connection_.buffered_amount(); }
    std::size_t limit() const noexcept override { return connection_.session()->room(); }
    void expect_drain() override { connection_.session()->expect_drain(); }

    connection connection_;
    httphooks::detail::message_dispatch requests_;
};

HTTPHOOKS_DECL void dispatch(server s, std::shared_ptr<httphooks::detail::message_loop_map> loops,
                             dispatch_options o) {
    s.on_connection([loops = std::move(loops), o](connection c) {
        auto const requests =
            std::make_shared<dispatch_session>(c, loops->of(c.get_executor(), c.owns_context()), o);
        // its requests may wait for the end of a stream, which waits for the client
        c.session()->drop_held_at_end();
        c.on_message([requests](std::string_view m, bool binary) { requests->receive(m, binary); });
        if (o.stream_messages) c.on_drain([requests] { requests->drained(); });
        c.on_close([requests](close_code, std::string_view) { requests->cancel(); });
    });
}

}  // namespace httphooks::sockjs::detail
