// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/cluster_transport.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace support {

/// A server without clients, which does nothing with what it hears: tests override what they look
/// at.
struct idle_link : httphooks::socketio::cluster_link {
    std::string const& nsp() const noexcept override { return name; }
    std::string const& uid() const noexcept override { return own_uid; }
    boost::asio::any_io_executor executor() const override { return {}; }
    void post(std::function<void()>) const override {}
    void ready() override {}
    void receive(std::string_view) override {}
    void receive(httphooks::socketio::cluster_message, std::string_view) override {}
    void begins_at(std::string_view) override {}
    void malformed() noexcept override {}
    void lost() noexcept override {}
    void failed(httphooks::error_code, char const*) noexcept override {}
    bool has_room(std::string_view) override { return false; }
    bool has_socket(std::string_view) override { return false; }

    std::string name = "/";
    std::string own_uid = "0123456789abcdef";
};

}  // namespace support
