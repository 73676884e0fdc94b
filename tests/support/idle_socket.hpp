// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A Socket.IO socket of a server that has no client and does nothing.
*/

#include <httphooks/http/detail/home.hpp>
#include <httphooks/socketio/adapter.hpp>

#include <string>
#include <utility>

namespace support {

class idle_socket : public httphooks::socketio::local_socket {
public:
    explicit idle_socket(httphooks::http::detail::home h) : home_(std::move(h)) {}

    std::string const& id() const noexcept override { return id_; }
    httphooks::http::detail::home const& place() const noexcept override { return home_; }
    void deliver(httphooks::socketio::detail::encoded_delivery const&) override {}
    void disconnect_later(bool) override {}
    httphooks::socketio::socket_description describe() override { return {}; }

private:
    std::string id_{"s"};
    httphooks::http::detail::home home_;
};

}  // namespace support
