// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A server on an event loop of the test's, whose parts end in an order that the test chooses.
*/

#include <httphooks/http/server.hpp>
#include <httphooks/registry.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <memory>
#include <string_view>
#include <thread>
#include <utility>

#include "support/http_peer.hpp"

namespace support {

template <class Server>
class mortal_service {
public:
    template <class Options>
    explicit mortal_service(Options o)
        : server_(std::make_unique<Server>(context_->get_executor(), std::move(o))) {}
    ~mortal_service() { end("wsc"); }

    Server& server() { return *server_; }
    /// Starts to serve, when it has not been done.
    std::uint16_t port() {
        if (thread_.joinable()) return web_->port();
        web_->mount(*server_);
        web_->async_run(boost::asio::detached);
        thread_ = std::thread([this] { context_->run(); });
        return web_->port();
    }
    http_peer peer() { return http_peer(port()); }

    /** Stops the event loop in the middle of what it does; then the parts go, one after another.
        @param order s the mounted server, w the HTTP server, c the context, behind w */
    void end(std::string_view order) {
        if (!context_) return;
        context_->stop();
        if (thread_.joinable()) thread_.join();
        for (char const part : order) {
            if (part == 's') server_.reset();
            if (part == 'w') web_.reset();
            if (part == 'c') context_.reset();
        }
    }

private:
    static httphooks::http::options loopback() {
        httphooks::http::options o;
        o.address = "127.0.0.1";
        return o;
    }

    boost::asio::io_context of_hooks_{};
    httphooks::registry hooks_{of_hooks_.get_executor()};
    std::unique_ptr<boost::asio::io_context> context_ =
        std::make_unique<boost::asio::io_context>(1);
    std::unique_ptr<httphooks::http::server> web_ =
        std::make_unique<httphooks::http::server>(context_->get_executor(), hooks_, loopback());
    std::unique_ptr<Server> server_;
    std::thread thread_{};
};

}  // namespace support
