// expect: httphooks needs Boost 1.81 or newer
// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <boost/version.hpp>

#undef BOOST_VERSION
#define BOOST_VERSION 107400

#include <httphooks/config.hpp>
