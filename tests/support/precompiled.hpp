// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The heavy libraries, compiled once for all test programs.
*/

#include <ostream>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <nlohmann/json.hpp>

#include "support/catch.hpp"
