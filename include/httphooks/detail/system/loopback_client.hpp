// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Whether a request is of somebody who sits at this machine.
*/

#include <httphooks/config.hpp>
#include <httphooks/message.hpp>
#include <httphooks/origin.hpp>

#include <boost/asio/ip/address.hpp>

#include <cstddef>
#include <string_view>

namespace httphooks::detail {

bool is_loopback(asio::ip::address const& a);

/// Whether the value of a Host field is localhost, or a loopback address.
bool is_loopback_host(std::string_view host);

/// Whether a proxy says that it passed a request on.
bool is_forwarded(request const& r);

/** Whether a client is on this machine and asked for it by its own name.

    A browser may be led to the loopback interface by a foreign name (DNS rebinding), and a proxy on
    this machine passes on what others ask.
    @param r the request; over sockets the one that opened them counts
*/
bool is_loopback_client(request const& r, origin const& from);

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/system/impl/loopback_client.ipp>
#endif
