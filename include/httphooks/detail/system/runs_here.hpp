// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Whether the calling thread is where something is to run.
*/

#include <httphooks/config.hpp>

#include <boost/asio/any_io_executor.hpp>

namespace httphooks::detail {

/// Whether the calling thread runs the executor's context, as far as the executor can tell.
bool runs_here(asio::any_io_executor const& executor) noexcept;

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/system/impl/runs_here.ipp>
#endif
