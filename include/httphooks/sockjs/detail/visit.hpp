// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A request that a SockJS server has got.
*/

#include <httphooks/http/detail/visit.hpp>
#include <httphooks/sockjs/detail/home.hpp>

namespace httphooks::sockjs::detail {

using http::detail::reply;
using http::detail::visit;
using http::detail::waiting_visit;

}  // namespace httphooks::sockjs::detail
