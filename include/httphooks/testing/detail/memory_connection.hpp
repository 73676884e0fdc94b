// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A client's connection without a network, on which mounts serve one request.
*/

#include <httphooks/config.hpp>
#include <httphooks/http/mount.hpp>
#include <httphooks/message.hpp>
#include <httphooks/testing/clock.hpp>
#include <httphooks/testing/detail/memory_stream.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::http::detail {

class response_parser;

}  // namespace httphooks::http::detail

namespace httphooks::testing::detail {

/// Who a client is, for the server.
struct client_place {
    std::string address = "127.0.0.1";
    bool tls = false;
};

/// A connection of a client. What it is told of it is told on the clock's loop.
class memory_connection {
public:
    /** Has a request served; on_change() is called as the reply comes.
        @throws std::invalid_argument no mount has the path, or the address is none */
    memory_connection(clock& on, http::mounts const& servers, request r, client_place const& from,
                      std::function<void()> on_change);
    memory_connection(memory_connection const&) = delete;
    memory_connection& operator=(memory_connection const&) = delete;
    /// Cuts the connection.
    ~memory_connection();

    /// The reply to the request, when it is whole; a 101 has no body.
    std::optional<response> const& reply() const noexcept { return reply_; }
    /// What has come behind the reply.
    std::string& received() noexcept { return received_; }
    /// Whether the server has ended the connection.
    bool ended() const { return client_.ended(); }

    void send(std::string_view bytes) { client_.send(bytes); }
    void finish() { client_.finish(); }
    void reset() { client_.reset(); }

private:
    void take();

    memory_client client_{};
    std::unique_ptr<http::detail::response_parser> parser_;
    std::optional<response> reply_{};
    std::string received_{};
};

/// The mounts of one server.
template <http::mountable M>
http::mounts mounts_of(M server) {
    http::mounts all;
    all.add(std::move(server));
    return all;
}

/// A request of a client. @param target path and query
request make_request(verb method, std::string_view target,
                     std::vector<std::pair<std::string, std::string>> const& headers);

}  // namespace httphooks::testing::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/testing/detail/impl/memory_connection.ipp>
#endif
