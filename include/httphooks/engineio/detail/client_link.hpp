// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    One way to a server: what a client's session asks of a transport, and is told by it.
*/

#include <httphooks/engineio/client_options.hpp>
#include <httphooks/engineio/detail/client_handshake.hpp>
#include <httphooks/engineio/error.hpp>
#include <httphooks/engineio/packet.hpp>
#include <httphooks/engineio/transport_kind.hpp>
#include <httphooks/http/absolute_url.hpp>
#include <httphooks/websocket/detail/client_link.hpp>

#include <string>
#include <utility>
#include <vector>

namespace httphooks::engineio::detail {

class client_link;

/// Who uses a transport; told on its executor.
class client_link_owner {
public:
    client_link_owner(client_link_owner const&) = delete;
    client_link_owner& operator=(client_link_owner const&) = delete;

    /// A packet has come.
    virtual void on_packet(client_link& from, packet_view p) = 0;
    /// The transport of an upgrade can send.
    virtual void on_ready(client_link& from) = 0;
    /// What was given to send() is on its way; the next may follow.
    virtual void on_sent(client_link& from) = 0;
    /// Nothing is under way any more, after pause().
    virtual void on_paused(client_link& from) = 0;
    /// The transport does not work, or does so no longer.
    virtual void on_lost(client_link& from, close_reason why, error_code ec) = 0;

protected:
    client_link_owner() = default;
    ~client_link_owner() = default;
};

/// A transport of one session.
class client_link : public websocket::detail::client_link<client_link_owner, client_options> {
public:
    /// @param s with the URL of the service
    explicit client_link(setup s)
        : websocket::detail::client_link<client_link_owner, client_options>(std::move(s)) {}

    virtual transport_kind kind() const noexcept = 0;
    /// Sends packets; not again before on_sent().
    virtual void send(std::vector<packet> packets) = 0;
    /// Begins nothing new, and tells when all is at its end. Polling only.
    virtual void pause() = 0;
    /// Ends pause().
    virtual void resume() = 0;
    /// Ends; the owner is told nothing any more. @param tell whether the server is told
    virtual void stop(bool tell) = 0;

    /// The session has this id from now on; without one it is begun.
    void set_session(std::string sid) { sid_ = std::move(sid); }

protected:
    http::absolute_url url() const { return transport_url(given().url, kind(), sid_); }
    void lost(close_reason why, error_code ec) {
        if (auto const o = fail()) o->on_lost(*this, why, ec);
    }

private:
    std::string sid_{};
};

}  // namespace httphooks::engineio::detail
