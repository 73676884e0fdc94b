// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What the sockets of a client ask of the connection that they share.
*/

#include <httphooks/config.hpp>
#include <httphooks/engineio/packet.hpp>
#include <httphooks/error.hpp>
#include <httphooks/socketio/ack.hpp>
#include <httphooks/socketio/client_disconnect_reason.hpp>
#include <httphooks/socketio/client_options.hpp>
#include <httphooks/socketio/error.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

class client_socket_state;

/// The connection that sockets share, as they see it. On its executor.
class client_carrier {
public:
    virtual asio::any_io_executor const& executor() const noexcept = 0;
    virtual client_options const& options() const noexcept = 0;
    /// What keeps the carrier and its sockets.
    virtual std::shared_ptr<client_carrier> keep() = 0;

    /// Whether nothing waits for the server.
    virtual bool writable() const = 0;
    /// Sends messages that stay together. @param must whatever waits
    /// @return whether there was room
    virtual bool send(std::vector<engineio::packet> messages, bool must) = 0;

    /// A socket wants to be connected.
    virtual void wanted(client_socket_state& s) = 0;
    /// A socket does not want to be connected any more.
    virtual void unwanted() = 0;
    /// An attempt has come to its end: the socket is connected, or not.
    virtual void settled(client_socket_state& s, error_code ec) = 0;
    /// The connection is of no use any more. @param ec what attempts end with
    virtual void lose(client_disconnect_reason why, error_code ec = error::disconnected) = 0;
    /// A handler has thrown.
    virtual void give_up() = 0;

protected:
    ~client_carrier() = default;
};

/// How an event is sent.
struct client_emit_flags {
    /// It is dropped when it cannot be sent at once.
    bool volatile_ = false;
    /// How long the acknowledgement is waited for.
    std::optional<std::chrono::milliseconds> timeout{};
};

/// What the handlers of one connection answer through; an answer to an earlier one is not sent.
class client_answers final : public ack_target,
                             public std::enable_shared_from_this<client_answers> {
public:
    explicit client_answers(std::weak_ptr<client_socket_state> to) noexcept : to_(std::move(to)) {}
    HTTPHOOKS_DECL void acknowledge(std::uint64_t id, payload&& answer) override;

private:
    std::weak_ptr<client_socket_state> to_;
};

}  // namespace httphooks::socketio::detail
