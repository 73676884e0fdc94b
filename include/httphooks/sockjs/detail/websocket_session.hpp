// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A session over a WebSocket, with frames of SockJS in it or without.
*/

#include <httphooks/config.hpp>
#include <httphooks/sockjs/connection.hpp>
#include <httphooks/sockjs/detail/session_base.hpp>
#include <httphooks/sockjs/options.hpp>
#include <httphooks/websocket/connection.hpp>

#include <any>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

namespace httphooks::sockjs::detail {

class websocket_session final : public session_base {
public:
    /// @param raw without frames of SockJS
    websocket_session(std::shared_ptr<session_owner> owner, std::shared_ptr<options const> o,
                      http::detail::home place, handshake shake, bool raw)
        : session_base(std::move(owner), std::move(place), std::move(shake),
                       raw ? "websocket-raw" : "websocket"),
          options_(std::move(o)),
          raw_(raw) {}

    /** What the WebSockets of a server share: each has its session as data.
        @param raw those without frames of SockJS */
    static std::shared_ptr<websocket::detail::channel_settings> settings(
        options const& o, bool raw, std::shared_ptr<server_counters> counters);

    HTTPHOOKS_DECL void on_deadline() override;
    HTTPHOOKS_DECL void on_loop_end() noexcept override;
    std::size_t buffered() const noexcept override {
        return socket_ ? socket_.buffered_amount() : 0;
    }
    std::size_t room() const noexcept override { return options_->queue_bytes; }
    void expect_drain() override { socket_.expect_drain(); }

private:
    static std::shared_ptr<websocket_session> of(websocket::connection const& c) {
        auto const* const held = std::any_cast<std::shared_ptr<websocket_session>>(&c.data());
        return held ? *held : nullptr;
    }

    inline void open(websocket::connection const& c);
    inline bool deliver_only(websocket::message const& m);
    inline void on_frame(websocket::message const& m);
    inline void on_end(websocket::close_reason const& why);
    inline void set_heartbeat();

    HTTPHOOKS_DECL bool send_here(std::string_view message) override;
    HTTPHOOKS_DECL bool send_binary_here(std::string_view bytes) override;
    HTTPHOOKS_DECL bool send_here(prepared_message const& message) override;
    HTTPHOOKS_DECL bool send_here(message_source const& message) override;
    HTTPHOOKS_DECL bool close_here(close_code code, std::string_view reason) override;
    HTTPHOOKS_DECL void abandon_here(close_code code, std::string_view reason) override;
    HTTPHOOKS_DECL void reading(bool wanted) override;

    std::shared_ptr<options const> options_;
    websocket::connection socket_{};
    bool const raw_;
};

}  // namespace httphooks::sockjs::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/detail/impl/websocket_session.ipp>
#endif
