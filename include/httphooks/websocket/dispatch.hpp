// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Hooks over WebSocket: each text message is a request, each answer a message.
*/

#include <httphooks/detail/registry/message_dispatch.hpp>
#include <httphooks/detail/registry/message_loops.hpp>
#include <httphooks/envelope.hpp>
#include <httphooks/registry.hpp>
#include <httphooks/websocket/server.hpp>

#include <any>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

namespace httphooks::websocket {

/// How messages become requests.
struct dispatch_options {
    /// Requests of one connection that may be under way; beyond it reading pauses.
    std::size_t in_flight = 16;
    /// How deep the objects and arrays of a message may be nested.
    std::size_t depth = envelope::default_depth;
};

namespace detail {

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
                    *this, o.in_flight, o.depth) {}

    void receive(message const& m) {
        // bytes are no envelope
        if (!requests_.receive(m.binary ? std::string_view() : m.data)) connection_.pause();
    }
    void cancel() noexcept { requests_.cancel(); }

private:
    void on_answer(response const& reply, std::string_view id) noexcept override {
        connection_.send_with(false,
                              id.size() + 2 * reply.base().wire().size() + reply.body().size() + 48,
                              [&](std::string& out) { envelope::encode(out, reply, id); });
    }
    void on_room() noexcept override { connection_.resume(); }

    connection connection_;
    httphooks::detail::message_dispatch requests_;
};

}  // namespace detail

/** Has each message of a server's connections be a request to the hooks.

    A text message `{"method","url","headers","content"}` is answered by one
    `{"statusCode","headers","content"}`; see envelope::decode() and encode(). A member `id` is
    echoed: such answers come when they are ready, others in the order of their messages. What is
    not a request is answered with status 400, and the connection goes on. At most
    dispatch_options::in_flight requests of a connection are under way; then reading pauses. When
    the connection ends they are cancelled. The origin of a request has the peer, the handshake and
    origin::push().

    @param s its handlers for open, message and close are set here; before it is mounted
    @param hooks copied; changes of the registry are seen
*/
template <class State>
void dispatch(server s, basic_registry<State> const& hooks, dispatch_options o = {}) {
    using session = std::shared_ptr<detail::dispatch_session>;
    auto const loops = std::make_shared<httphooks::detail::message_loops<State>>(hooks);
    s.on_open([loops, o](connection& c, request const& handshake) {
        c.data() = std::make_shared<detail::dispatch_session>(
            c, loops->of(c.get_executor(), c.owns_context()), handshake, o);
    });
    s.on_message([](connection& c, message const& m) {
        if (auto const* const found = std::any_cast<session>(&c.data())) (*found)->receive(m);
    });
    s.on_close([](connection& c, close_reason const&) {
        if (auto const* const found = std::any_cast<session>(&c.data())) (*found)->cancel();
    });
}

}  // namespace httphooks::websocket
