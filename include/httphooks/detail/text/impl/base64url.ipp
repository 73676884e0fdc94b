// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/text/base64url.hpp>

#include <httphooks/detail/system/random_bits.hpp>
#include <httphooks/detail/text/base64.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace httphooks::detail {

HTTPHOOKS_DECL void append_base64url(std::string& to, std::string_view bytes) {
    std::size_t const at = to.size();
    append_base64(to, bytes);
    while (to.size() > at && to.back() == '=') to.pop_back();
    for (std::size_t i = at; i < to.size(); ++i)
        to[i] = to[i] == '+' ? '-' : to[i] == '/' ? '_' : to[i];
}

HTTPHOOKS_DECL bool is_base64url(std::string_view text) noexcept {
    return std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
    });
}

HTTPHOOKS_DECL bool append_from_base64url(std::string& to, std::string_view text) {
    if (text.size() % 4 == 1 || !is_base64url(text)) return false;
    std::string padded(text);
    for (char& c : padded) c = c == '-' ? '+' : c == '_' ? '/' : c;
    padded.append((4 - padded.size() % 4) % 4, '=');
    return append_from_base64(to, padded);
}

HTTPHOOKS_DECL std::string random_bytes(std::size_t count) {
    std::string bytes(count, '\0');
    for (std::size_t i = 0; i < count; i += 4) {
        std::uint32_t const bits = random_bits::next();
        std::memcpy(bytes.data() + i, &bits, std::min<std::size_t>(4, count - i));
    }
    return bytes;
}

HTTPHOOKS_DECL std::string random_base64url(std::size_t bytes) {
    std::string text;
    append_base64url(text, random_bytes(bytes));
    return text;
}

HTTPHOOKS_DECL bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    unsigned char volatile difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        difference = static_cast<unsigned char>(
            difference | static_cast<unsigned char>(static_cast<unsigned char>(a[i]) ^
                                                    static_cast<unsigned char>(b[i])));
    return difference == 0;
}

}  // namespace httphooks::detail
