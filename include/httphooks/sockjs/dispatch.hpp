// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Hooks over SockJS: each message is a request, each answer a message.
*/

#include <httphooks/detail/json/envelope_writer.hpp>
#include <httphooks/detail/registry/message_dispatch.hpp>
#include <httphooks/detail/registry/message_loops.hpp>
#include <httphooks/envelope.hpp>
#include <httphooks/registry.hpp>
#include <httphooks/sockjs/connection.hpp>
#include <httphooks/sockjs/frame.hpp>
#include <httphooks/sockjs/server.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::sockjs {

/// How messages become requests.
struct dispatch_options {
    /// Requests of one connection that may be under way; beyond it reading pauses.
    std::size_t in_flight = 16;
    /// How deep the objects and arrays of a message may be nested.
    std::size_t depth = envelope::default_depth;
};

/** Has each message of a server's connections be a request to the hooks.

    A message `{"method","url","headers","content"}` is answered by one
    `{"statusCode","headers","content"}`; see envelope::decode() and encode(). A member `id` is
    echoed: such answers come when they are ready, others in the order of their messages. What is
    not a request is answered with status 400, and the connection goes on. At most
    dispatch_options::in_flight requests of a connection are under way; then reading pauses, and
    xhr_send is answered when there is room. When the connection ends they are cancelled. The origin
    of a request has the peer, the request that opened the connection, and origin::push().

    @param s its on_connection handler is set here; before it is mounted
    @param hooks copied; changes of the registry are seen
    @par Example
    examples/sockjs_hooks.cpp
*/
template <class State>
void dispatch(server s, basic_registry<State> const& hooks, dispatch_options o = {});

// ---------------------------------------------------------------------------------------------

namespace detail {

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

/// JSON as append_quoted() writes it, without the quotes around it.
struct quoted_json {
    static constexpr bool quoted = true;
    static void append(std::string& to, std::string_view json) { append_quoted_text(to, json); }
};

/// The envelope of a response as a message.
class envelope_source final : public message_source {
public:
    envelope_source(response const& r, std::string_view id) noexcept : response_(r), id_(id) {}

    void append(std::string& to) const override { envelope::encode(to, response_, id_); }
    void append_quoted(std::string& to, std::string_view before,
                       std::string_view after) const override {
        std::size_t const size = before.size() + after.size() + expected_size();
        httphooks::detail::json_writer<quoted_json> out(to, size);
        out.put_plain(before);
        out.put_plain("\"");
        httphooks::detail::put_envelope(out, response_, id_);
        out.put_plain("\"");
        out.put_plain(after);
    }
    std::size_t expected_size() const noexcept override {
        return httphooks::detail::envelope_size(response_, id_) + 4;
    }

private:
    response const& response_;
    std::string_view id_;
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
                    *this, o.in_flight, o.depth) {}

    void receive(std::string_view message, bool binary) {
        // bytes are no envelope
        if (!requests_.receive(binary ? std::string_view() : message)) connection_.pause();
    }
    void cancel() noexcept { requests_.cancel(); }

private:
    void on_answer(response const& reply, std::string_view id) noexcept override {
        connection_.session()->send(envelope_source(reply, id));
    }
    void on_room() noexcept override { connection_.resume(); }

    connection connection_;
    httphooks::detail::message_dispatch requests_;
};

}  // namespace detail

template <class State>
void dispatch(server s, basic_registry<State> const& hooks, dispatch_options o) {
    auto const loops = std::make_shared<httphooks::detail::message_loops<State>>(hooks);
    s.on_connection([loops, o](connection c) {
        auto const requests = std::make_shared<detail::dispatch_session>(
            c, loops->of(c.get_executor(), c.session()->place().owns_context()), o);
        c.on_message([requests](std::string_view m, bool binary) { requests->receive(m, binary); });
        c.on_close([requests](close_code, std::string_view) { requests->cancel(); });
    });
}

}  // namespace httphooks::sockjs
