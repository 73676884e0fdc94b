// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A client of ours, and a server that plays a script to it, on one thread.
*/

#include <httphooks/http/client.hpp>

#include "support/catch.hpp"
#include "support/played_server.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <utility>

namespace support {

/// Both, and the context that they run in. When it goes, nothing of the client may keep that going.
struct played_exchange {
    asio::io_context context{1};
    played_server server;
    httphooks::http::client client;

    explicit played_exchange(played_server::script play,
                             httphooks::http::client_options options = {})
        : server(context, std::move(play)), client(context.get_executor(), std::move(options)) {}
    played_exchange(played_exchange const&) = delete;
    played_exchange& operator=(played_exchange const&) = delete;

    /// Runs until it is so, for 20 s at most.
    template <class Condition>
    void run_until(Condition condition) {
        context.restart();
        auto const limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!condition()) {
            REQUIRE(std::chrono::steady_clock::now() < limit);
            context.run_one_for(std::chrono::seconds(1));
        }
    }

    ~played_exchange() {
        server.stop();
        client.close();
        context.restart();
        context.run_for(std::chrono::seconds(20));
        CHECK(context.stopped());
    }
};

}  // namespace support
