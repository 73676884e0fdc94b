// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Where a session of SockJS lives.
*/

#include <httphooks/http/detail/home.hpp>

namespace httphooks::sockjs::detail {

using http::detail::home;
using http::detail::timed;
using http::detail::timers;

}  // namespace httphooks::sockjs::detail
