// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The library's version, the oldest Boost it takes, and the two namespace aliases it uses.
*/

#include <boost/version.hpp>

#if BOOST_VERSION < 108100
#error "httphooks needs Boost 1.81 or newer"
#endif

/// The library's version: major * 10000 + minor * 100 + patch.
#define HTTPHOOKS_VERSION 100
/// The library's version as text.
#define HTTPHOOKS_VERSION_STRING "0.1.0"

namespace boost::asio {}
namespace boost::beast {}

namespace httphooks {

namespace asio = boost::asio;
namespace beast = boost::beast;

}  // namespace httphooks
