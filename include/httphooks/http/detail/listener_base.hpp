// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    One event loop of a server, whatever executor and stream it has.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstddef>
#include <functional>
#include <utility>

namespace httphooks::http::detail {

/// What a server asks of each of its event loops, whatever executor and stream they have.
class listener_base {
public:
    listener_base() = default;
    listener_base(listener_base const&) = delete;
    listener_base& operator=(listener_base const&) = delete;
    virtual ~listener_base() = default;

    /// Opens an acceptor of its own. @param shared others may have one too, if they say so
    virtual void open(asio::ip::tcp::endpoint const& where, bool shared, int backlog,
                      error_code& ec) = 0;
    /// Accepts together with another one, at whose port connections wait: who comes first has them.
    virtual void join(listener_base& other, error_code& ec) = 0;
    /// Closes the acceptor.
    virtual void close() = 0;
    /// The acceptor's descriptor.
    virtual int native_handle() = 0;
    virtual asio::ip::tcp::endpoint local_endpoint() const = 0;
    virtual asio::any_io_executor get_executor() = 0;

    /// Begins to accept. On the executor, as the next two.
    virtual void accept() = 0;
    /// Stops accepting and ends the connections; `empty` is called when the last has gone.
    virtual void drain(std::function<void()> empty) = 0;
    /// Closes everything. @return how many connections, and requests without a reply
    virtual std::pair<std::size_t, std::size_t> cut() = 0;
};

}  // namespace httphooks::http::detail
