// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/text/http_text.hpp>

#include <cstring>
#include <string_view>

namespace httphooks::detail {

HTTPHOOKS_DECL bool is_token(std::string_view s) noexcept {
    unsigned good = s.empty() ? 0u : 1u;
    for (char c : s) good &= token_table[static_cast<unsigned char>(c)];
    return good != 0;
}

HTTPHOOKS_DECL bool is_field_text(std::string_view s) noexcept {
    return all_text<0x20>(s, [](unsigned char c) { return (c >= 0x20 && c != 0x7f) || c == '\t'; });
}

HTTPHOOKS_DECL bool is_target_text(std::string_view s) noexcept {
    return all_text<0x21>(s, [](unsigned char c) { return c > 0x20 && c != 0x7f; });
}

}  // namespace httphooks::detail
