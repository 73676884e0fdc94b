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
#include <httphooks/message.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <memory>
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

/** A transport of one session.

    Operations that are under way keep it and its owner; it does not keep the owner otherwise, nor
    anything that does.
*/
class client_link {
public:
    using owner_type = client_link_owner;

    /// What every transport is made with.
    struct setup {
        asio::any_io_executor executor{};
        std::weak_ptr<client_link_owner> owner{};
        /// That of the service.
        http::absolute_url url{};
        /// The session that it is to take over; empty: it begins one.
        std::string sid{};
        /// Outlives the owner.
        client_options const* options = nullptr;
    };

    explicit client_link(setup s) : setup_(std::move(s)) {}
    client_link(client_link const&) = delete;
    client_link& operator=(client_link const&) = delete;
    virtual ~client_link() = default;

    virtual transport_kind kind() const noexcept = 0;
    virtual void start() = 0;
    /// Sends packets; not again before on_sent().
    virtual void send(std::vector<packet> packets) = 0;
    /// Begins nothing new, and tells when all is at its end. Polling only.
    virtual void pause() = 0;
    /// Ends pause().
    virtual void resume() = 0;
    /// Ends; the owner is told nothing any more. @param tell whether the server is told
    virtual void stop(bool tell) = 0;

    /// The session has this id from now on.
    void begin_session(std::string sid) { setup_.sid = std::move(sid); }

protected:
    setup const& given() const noexcept { return setup_; }
    http::absolute_url url() const { return transport_url(setup_.url, kind(), setup_.sid); }
    std::shared_ptr<client_link_owner> owner() const noexcept { return setup_.owner.lock(); }
    bool stopped() const noexcept { return stopped_; }
    void set_stopped() noexcept { stopped_ = true; }

    void lost(close_reason why, error_code ec) {
        if (std::exchange(stopped_, true)) return;
        if (auto const o = owner()) o->on_lost(*this, why, ec);
    }

private:
    setup setup_;
    bool stopped_ = false;
};

}  // namespace httphooks::engineio::detail
