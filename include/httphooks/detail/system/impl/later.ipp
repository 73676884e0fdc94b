// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/system/later.hpp>

#include <boost/asio/post.hpp>

#include <functional>
#include <utility>

namespace httphooks::detail {

HTTPHOOKS_DECL void call_later(asio::any_io_executor const& on, std::function<void()> f) {
    asio::post(on, std::move(f));
}

HTTPHOOKS_DECL void call_by_way_of(asio::any_io_executor const& way,
                                   asio::any_completion_executor const& on,
                                   std::function<void()> f) {
    call_later(way, [on, f = std::move(f)] { on.execute(f); });
}

}  // namespace httphooks::detail
