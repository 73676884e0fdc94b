// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sockjs/connection.hpp>

#include <httphooks/sockjs/error.hpp>

#include <cstdint>
#include <string_view>

namespace httphooks::sockjs {

HTTPHOOKS_DECL bool may_close_with(close_code code, std::string_view reason) noexcept {
    auto const n = static_cast<std::uint16_t>(code);
    return (n == 1000 || (n >= 3000 && n <= 4999)) && reason.size() <= 123 &&
           httphooks::detail::is_utf8(reason);
}

HTTPHOOKS_DECL bool connection::close(close_code code, std::string_view reason) {
    return may_close_with(code, reason) && session_->close(code, reason);
}

}  // namespace httphooks::sockjs
