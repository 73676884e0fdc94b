// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/system/runs_here.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>

namespace httphooks::detail {

HTTPHOOKS_DECL bool runs_here(asio::any_io_executor const& executor) noexcept {
    using context_executor = asio::io_context::executor_type;
    if (auto const* const e = executor.target<context_executor>())
        return e->running_in_this_thread();
    if (auto const* const s = executor.target<asio::strand<context_executor>>())
        return s->running_in_this_thread();
    if (auto const* const s = executor.target<asio::strand<asio::any_io_executor>>())
        return s->running_in_this_thread();
    return false;
}

}  // namespace httphooks::detail
