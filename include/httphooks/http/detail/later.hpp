// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Functions that are called later, or when a timer expires: one type for all, so that it is
    compiled once. For the rare.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/later.hpp>
#include <httphooks/error.hpp>

#include <boost/asio/steady_timer.hpp>

#include <functional>

namespace httphooks::http::detail {

using httphooks::detail::call_later;

/// Calls a function when a timer has expired or is cancelled.
void call_at_expiry(asio::steady_timer& timer, std::function<void(error_code)> f);

}  // namespace httphooks::http::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/detail/impl/later.ipp>
#endif
