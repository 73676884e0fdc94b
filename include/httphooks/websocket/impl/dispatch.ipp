// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/websocket/dispatch.hpp>

#include <httphooks/detail/json/stream_message.hpp>
#include <httphooks/detail/registry/message_dispatch.hpp>
#include <httphooks/detail/registry/message_loops.hpp>
#include <httphooks/envelope.hpp>
#include <httphooks/origin.hpp>
#include <httphooks/websocket/connection.hpp>

#include <any>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::websocket::detail {

/// Sends to a connection on behalf of a hook.
class connection_target final : public push_target {
public:
    explicit connection_target(connection c) : connection_(std::move(c)) {}

    bool push(std::string_view message) override { return connection_.send(message); }

private:
    connection connection_;
};

/// One connection's requests.
class dispatch_session final : private httphooks::detail::message_dispatch::listener {
public:
    dispatch_session(connection const& c, std::shared_ptr<httphooks::detail::message_loop> loop,
                     request const& handshake, dispatch_options const& o)
        : connection_(c),
          requests_(std::move(loop),
                    origin(transport::websocket, c.peer(), c.tls(),
                           std::make_shared<request const>(handshake),
                           std::make_shared<connection_target>(c)),
                    *this, o.in_flight, o.depth, o.stream_messages) {}

    void receive(message const& m) {
        // bytes are no envelope
        if (!requests_.receive(m.binary ? std::string_view() : m.data))
            connection_.pause_until_gone();
    }
    void drained() noexcept { requests_.on_drain(); }
    void cancel() noexcept { requests_.cancel(); }

private:
    void on_answer(response const& reply, std::string_view id) noexcept override {
        connection_.send_with(false,
                              id.size() + 2 * reply.base().wire().size() + reply.body().size() + 48,
                              [&](std::string& out) { envelope::encode(out, reply, id); });
    }
    void on_room() noexcept override { connection_.resume(); }
    bool on_stream_message(httphooks::detail::stream_message const& m) override {
        return connection_.send_with(
            false, httphooks::detail::stream_message_size(m),
            [&m](std::string& out) { httphooks::detail::append_stream_message(out, m); });
    }
    std::size_t waiting() const noexcept override { return connection_.buffered_amount(); }
    std::size_t limit() const noexcept override { return connection_.output_limit(); }
    void expect_drain() override { connection_.expect_drain(); }

    connection connection_;
    httphooks::detail::message_dispatch requests_;
};

HTTPHOOKS_DECL void dispatch(server s, std::shared_ptr<httphooks::detail::message_loop_map> loops,
                             dispatch_options o) {
    using session = std::shared_ptr<dispatch_session>;
    s.on_open([loops = std::move(loops), o](connection& c, request const& handshake) {
        c.data() = std::make_shared<dispatch_session>(
            c, loops->of(c.get_executor(), c.owns_context()), handshake, o);
    });
    s.on_message([](connection& c, message const& m) {
        if (auto const* const found = std::any_cast<session>(&c.data())) (*found)->receive(m);
    });
    if (o.stream_messages)
        s.on_drain([](connection& c) {
            if (auto const* const found = std::any_cast<session>(&c.data())) (*found)->drained();
        });
    s.on_close([](connection& c, close_reason const&) {
        if (auto const* const found = std::any_cast<session>(&c.data())) (*found)->cancel();
    });
}

}  // namespace httphooks::websocket::detail
