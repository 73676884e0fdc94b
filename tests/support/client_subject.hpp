// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A client under test: what it runs on, and what it was told.
*/

#include <httphooks/error.hpp>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace support {

/// Runs a client on a context of its own, and keeps notes of what it is told.
/// @tparam Client is made of an executor and options
/// @tparam Connection what it gives when it is connected
template <class Client, class Connection>
struct client_subject {
    template <class Options>
    explicit client_subject(Options o) : client(context.get_executor(), std::move(o)) {}
    client_subject(client_subject const&) = delete;
    client_subject& operator=(client_subject const&) = delete;

    /// Runs until something is so. @return whether it was in time
    template <class Condition>
    bool until(Condition so) {
        context.restart();
        auto const end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (!so() && std::chrono::steady_clock::now() < end)
            context.run_one_for(std::chrono::milliseconds(100));
        return so();
    }
    /// Runs until there are so many notes.
    bool logged(std::size_t n) {
        return until([this, n] { return log.size() >= n; });
    }
    /// Runs all that can be run now.
    void settle() {
        context.restart();
        context.poll();
    }

    /// Connects. @throws std::runtime_error when it does not complete in time
    httphooks::error_code connect(std::string const& url) {
        std::optional<httphooks::error_code> result;
        client.async_connect(url, [&](httphooks::error_code ec, Connection c) {
            result = ec;
            connection = std::move(c);
        });
        if (!until([&] { return result.has_value(); }))
            throw std::runtime_error("the attempt does not complete");
        return *result;
    }

    boost::asio::io_context context{1};
    Client client;
    Connection connection{};
    std::vector<std::string> log{};
};

}  // namespace support
