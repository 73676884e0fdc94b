// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    For tests: a plain request to what is mounted on a server, without a port and without a thread.
*/

#include <httphooks/config.hpp>
#include <httphooks/http/mount.hpp>
#include <httphooks/message.hpp>
#include <httphooks/testing/clock.hpp>
#include <httphooks/testing/detail/memory_connection.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace httphooks::testing {

/** A request to a mount, on a connection of its own: a poll of SockJS or Engine.IO, a file, a
    handshake that is to be refused. The destructor cuts the connection, so that a poll is given up.

    @par Thread safety
    None; it is used where its clock is. */
class mounted_request {
public:
    /** Sends the request, and runs what is ready.
        @param on outlives this
        @param server what would be mounted on an HTTP server
        @throws std::invalid_argument the mount does not have the path */
    template <http::mountable M>
    mounted_request(clock& on, M server, request r, std::string address = "127.0.0.1")
        : mounted_request(on, detail::mounts_of(std::move(server)), std::move(r),
                          std::move(address)) {}
    /// The same, with several mounts, and the guards that are before them.
    mounted_request(clock& on, http::mounts const& servers, request r,
                    std::string address = "127.0.0.1");
    mounted_request(mounted_request&&) noexcept;
    mounted_request& operator=(mounted_request&&) noexcept;
    ~mounted_request();

    /// The reply; nothing while it is not whole.
    std::optional<response> const& reply() const;

private:
    std::unique_ptr<detail::memory_connection> connection_;
};

}  // namespace httphooks::testing

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/testing/impl/mounted_request.ipp>
#endif
