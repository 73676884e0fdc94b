// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/broadcast.hpp>

#include <httphooks/socketio/adapter.hpp>
#include <httphooks/socketio/detail/broadcast_acks.hpp>
#include <httphooks/socketio/detail/live_nsp.hpp>

#include <nlohmann/json.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace httphooks::socketio {

HTTPHOOKS_DECL broadcast_operator broadcast_operator::local() const {
    broadcast_operator copy = *this;
    copy.options_.flags.local = true;
    return copy;
}

HTTPHOOKS_DECL broadcast_operator broadcast_operator::volatile_() const {
    broadcast_operator copy = *this;
    copy.options_.flags.volatile_ = true;
    return copy;
}

HTTPHOOKS_DECL broadcast_operator broadcast_operator::compress(bool b) const {
    broadcast_operator copy = *this;
    copy.options_.flags.compress = b;
    return copy;
}

HTTPHOOKS_DECL broadcast_operator broadcast_operator::timeout(std::chrono::milliseconds t) const {
    broadcast_operator copy = *this;
    copy.options_.flags.timeout = t;
    return copy;
}

HTTPHOOKS_DECL asio::any_io_executor broadcast_operator::executor() const {
    return nsp_->some_home().executor();
}

HTTPHOOKS_DECL void broadcast_operator::send(detail::payload&& data) const {
    nsp_->broadcast(std::move(data), options_);
}

HTTPHOOKS_DECL void broadcast_operator::send(detail::payload&& data, ack_function ack) const {
    detail::broadcast_acks::send(*nsp_, std::move(data), options_, std::move(ack));
}

HTTPHOOKS_DECL void broadcast_operator::fetch(fetch_function done) const {
    if (nsp_->is_pattern()) return done({}, {});
    nsp_->adapter().fetch_sockets(
        options_,
        [f = std::move(done), n = nsp_](error_code ec, std::vector<socket_description> all) {
            std::vector<remote_socket> sockets;
            sockets.reserve(all.size());
            for (auto& d : all) sockets.emplace_back(n, std::move(d));
            f(ec, std::move(sockets));
        });
}

HTTPHOOKS_DECL void broadcast_operator::join_all(std::span<std::string const> rooms) const {
    nsp_->each([&](detail::live_nsp& n) { n.adapter().add_sockets(options_, rooms); });
}

HTTPHOOKS_DECL void broadcast_operator::leave_all(std::span<std::string const> rooms) const {
    nsp_->each([&](detail::live_nsp& n) { n.adapter().del_sockets(options_, rooms); });
}

HTTPHOOKS_DECL void broadcast_operator::disconnect_sockets(bool close) const {
    nsp_->each([&](detail::live_nsp& n) { n.adapter().disconnect_sockets(options_, close); });
}

HTTPHOOKS_DECL remote_socket::remote_socket(std::shared_ptr<detail::live_nsp> n,
                                            socket_description d)
    : nsp_(std::move(n)), description_(std::make_shared<socket_description const>(std::move(d))) {}

HTTPHOOKS_DECL broadcast_operator remote_socket::to_it() const {
    return {nsp_, {{description_->id}, {}, {}}};
}

HTTPHOOKS_DECL std::string const& remote_socket::id() const noexcept {
    return description_->id;
}

HTTPHOOKS_DECL nlohmann::json const& remote_socket::handshake() const {
    return description_->handshake;
}

HTTPHOOKS_DECL std::vector<std::string> const& remote_socket::rooms() const noexcept {
    return description_->rooms;
}

HTTPHOOKS_DECL nlohmann::json const& remote_socket::data() const {
    return description_->data;
}

}  // namespace httphooks::socketio
