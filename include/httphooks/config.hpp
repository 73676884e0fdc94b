// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The library's version, the oldest Boost it takes, how it is compiled, and the two namespace
    aliases it uses.

    The library is headers alone unless HTTPHOOKS_SEPARATE_COMPILATION is defined, for the whole
    program: then headers declare only, and exactly one unit of the program includes
    httphooks/src.hpp, or the program is linked with httphooks::compiled, which defines the macro.
*/

#include <boost/version.hpp>

#if BOOST_VERSION < 108100
#error "httphooks needs Boost 1.81 or newer"
#endif

/// The library's version: major * 10000 + minor * 100 + patch.
#define HTTPHOOKS_VERSION 100
/// The library's version as text.
#define HTTPHOOKS_VERSION_STRING "0.1.0"

#ifdef HTTPHOOKS_SEPARATE_COMPILATION
/// What a function in `impl/` begins with.
#define HTTPHOOKS_DECL
#else
/// Defined when headers bring their bodies, which are in `impl/` beside them.
#define HTTPHOOKS_HEADER_ONLY
/// What a function in `impl/` begins with.
#define HTTPHOOKS_DECL inline
#endif

namespace boost::asio {}
namespace boost::beast {}

namespace httphooks {

namespace asio = boost::asio;
namespace beast = boost::beast;

}  // namespace httphooks
