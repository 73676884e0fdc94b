// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The client's WebSocket transport: one packet in each message.
*/

#include <httphooks/config.hpp>
#include <httphooks/engineio/detail/client_link.hpp>
#include <httphooks/error.hpp>
#include <httphooks/websocket/detail/client_transport.hpp>

#include <utility>
#include <vector>

namespace httphooks::engineio::detail {

class client_websocket final
    : public websocket::detail::client_transport<client_websocket, client_link> {
public:
    explicit client_websocket(setup s) : client_transport(std::move(s)) {}

    HTTPHOOKS_DECL void start() override;
    transport_kind kind() const noexcept override { return transport_kind::websocket; }
    /// Packets go one by one.
    HTTPHOOKS_DECL void send(std::vector<packet> packets) override;
    void pause() override {}
    void resume() override {}
    HTTPHOOKS_DECL void stop(bool tell) override;

private:
    friend client_transport;

    void on_open();
    void on_failed(error_code ec) { lost(close_reason::transport_error, ec); }
    void on_message(websocket::message const& m);
    void on_closed(websocket::close_reason const& why);
};

}  // namespace httphooks::engineio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/engineio/detail/impl/client_websocket.ipp>
#endif
