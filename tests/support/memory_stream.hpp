// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A stream without a network: the test is the client, and says which operation fails.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/testing/detail/memory_stream.hpp>

namespace support {

namespace asio = boost::asio;
using httphooks::error_code;
using httphooks::testing::detail::memory_client;
using httphooks::testing::detail::memory_stream;

}  // namespace support
