// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The address and port of a TCP socket, without the header of sockets, which is heavy.
*/

#include <httphooks/config.hpp>

#include <boost/asio/ip/basic_endpoint.hpp>

namespace boost::asio::ip {

class tcp;

}  // namespace boost::asio::ip

namespace httphooks::http::detail {

/// asio::ip::tcp::endpoint. Who uses more than its address and port includes boost/asio/ip/tcp.hpp.
using tcp_endpoint = asio::ip::basic_endpoint<asio::ip::tcp>;

}  // namespace httphooks::http::detail
