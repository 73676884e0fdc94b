// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/detail/later.hpp>

#include <functional>
#include <utility>

namespace httphooks::http::detail {

HTTPHOOKS_DECL void call_at_expiry(asio::steady_timer& timer, std::function<void(error_code)> f) {
    timer.async_wait(std::move(f));
}

}  // namespace httphooks::http::detail
