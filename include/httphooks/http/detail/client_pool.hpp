// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The connections of a client: few an origin, kept for the next request.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/context_guard.hpp>
#include <httphooks/error.hpp>
#include <httphooks/http/absolute_url.hpp>
#include <httphooks/http/client_stream.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include <sys/socket.h>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace httphooks::http::detail {

/// A connection to a server.
struct client_connection {
    std::unique_ptr<client_stream> stream{};
    beast::flat_buffer buffer{};
    /// Whether a request was answered on it.
    bool used = false;
    std::chrono::steady_clock::time_point idle_since{};

    void close() noexcept {
        error_code ec;
        if (stream) stream->socket().close(ec);
    }

    /// Whether the server has neither closed it nor said anything unasked.
    bool quiet() const noexcept {
        char c;
        return ::recv(stream->socket().native_handle(), &c, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
               (errno == EAGAIN || errno == EWOULDBLOCK);
    }
};

using client_connection_ptr = std::shared_ptr<client_connection>;

/// Someone who needs a connection.
class connection_taker {
public:
    /** Called once for each request of a connection, at once or when it is this taker's turn.

        @param idle one that was used before; null: the taker may open one
    */
    virtual void take(client_connection_ptr idle) = 0;
    /// Ends the request with this error.
    virtual void abort(error_code ec) = 0;

protected:
    ~connection_taker() = default;
};

/** The connections of a client, all of whose members run on its strand.

    A place is the right to have one connection to an origin. Who was given a place gives it back,
    once, with or without a connection to keep.
*/
class client_pool {
public:
    using executor_type = asio::strand<asio::any_io_executor>;

    /// @param most places an origin @param idle how long an unused connection is kept
    client_pool(asio::any_io_executor const& executor, std::size_t most,
                std::chrono::milliseconds idle)
        : executor_(asio::make_strand(executor)),
          most_(most > 0 ? most : 1),
          idle_(idle),
          guard_(executor) {}

    executor_type const& get_executor() const noexcept { return executor_; }

    /// Gives a place, and an idle connection if there is one, or queues the taker.
    void acquire(absolute_url const& origin, connection_taker& taker);
    /// Takes a queued taker out of the queue.
    void forget(absolute_url const& origin, connection_taker& taker) noexcept;
    /// Takes a place back. @param connection kept if it is not null
    void release(absolute_url const& origin, client_connection_ptr connection);

    /// Remembers whom to abort when the client is closed.
    void enter(connection_taker& taker) { takers_.insert(&taker); }
    void leave(connection_taker& taker) noexcept { takers_.erase(&taker); }
    /// Aborts everything, and closes the idle connections.
    void close();

private:
    struct places {
        std::vector<client_connection_ptr> idle{};
        std::size_t taken = 0;
        std::deque<connection_taker*> waiting{};
    };
    using key = std::pair<bool, std::string>;

    static key key_of(absolute_url const& url) { return {url.tls, url.host_field()}; }
    inline void close_expired();

    executor_type executor_;
    std::size_t most_;
    std::chrono::milliseconds idle_;
    std::map<key, places> origins_;
    std::set<connection_taker*> takers_;
    httphooks::detail::context_guard guard_;
};

}  // namespace httphooks::http::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/detail/impl/client_pool.ipp>
#endif
