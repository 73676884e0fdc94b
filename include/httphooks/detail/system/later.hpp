// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Functions that are called later: one type for all, so that it is compiled once. For the rare.
*/

#include <httphooks/config.hpp>

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_io_executor.hpp>

#include <functional>

namespace httphooks::detail {

/// Calls a function on an executor, never within this call.
void call_later(asio::any_io_executor const& on, std::function<void()> f);

/// Calls a function on the executor of a handler, by way of another one and never within this call.
void call_by_way_of(asio::any_io_executor const& way, asio::any_completion_executor const& on,
                    std::function<void()> f);

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/system/impl/later.ipp>
#endif
