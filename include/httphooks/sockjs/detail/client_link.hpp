// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    One way to a server: what a client's session asks of a transport, and is told by it.
*/

#include <httphooks/sockjs/client_options.hpp>
#include <httphooks/sockjs/error.hpp>
#include <httphooks/websocket/detail/client_link.hpp>

#include <string>
#include <string_view>

namespace httphooks::sockjs::detail {

class client_link;

/// Who uses a transport; told on its executor, not from within a call of the transport's.
class client_link_owner {
public:
    client_link_owner(client_link_owner const&) = delete;
    client_link_owner& operator=(client_link_owner const&) = delete;

    /// Something has come from the server.
    virtual void on_sign_of_life() = 0;
    /// A frame has come.
    virtual void on_frame(client_link& from, std::string_view frame) = 0;
    /// What was given to send() is on its way; the next may follow.
    virtual void on_sent(client_link& from) = 0;
    /// The transport does not work, or does so no longer.
    virtual void on_lost(client_link& from, close_code code, std::string_view why) = 0;

protected:
    client_link_owner() = default;
    ~client_link_owner() = default;
};

/// A transport of one session.
class client_link : public websocket::detail::client_link<client_link_owner, client_options> {
public:
    using websocket::detail::client_link<client_link_owner, client_options>::client_link;

    /// Sends a message array; not again before on_sent().
    virtual void send(std::string messages) = 0;
    /// While held, as little as possible is read.
    virtual void hold(bool on) = 0;
    /// Ends; the owner is told nothing any more.
    virtual void stop(close_code code, std::string_view reason) = 0;
    /// Whether only what comes from the server shows that it is there.
    virtual bool needs_heartbeats() const noexcept = 0;

protected:
    void lost(close_code code, std::string_view why) {
        if (auto const o = fail()) o->on_lost(*this, code, why);
    }
};

}  // namespace httphooks::sockjs::detail
