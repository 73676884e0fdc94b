// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/detail/byte_stream.hpp>

#include <boost/asio/io_context.hpp>

namespace httphooks::http::detail {

HTTPHOOKS_DECL bool is_plain(asio::any_io_executor const& ex) noexcept {
    return ex.target<asio::io_context::executor_type>() != nullptr;
}

HTTPHOOKS_DECL bool is_plain_and_here(asio::any_io_executor const& ex) noexcept {
    auto const* const plain = ex.target<asio::io_context::executor_type>();
    return plain && plain->running_in_this_thread();
}

}  // namespace httphooks::http::detail
