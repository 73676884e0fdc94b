// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/text/base64.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace httphooks::detail {

HTTPHOOKS_DECL void append_base64(std::string& to, std::string_view bytes) {
    std::size_t const at = to.size();
    to.resize(at + (bytes.size() + 2) / 3 * 4);
    char* out = to.data() + at;
    for (; !bytes.empty(); bytes.remove_prefix(bytes.size() < 3 ? bytes.size() : 3)) {
        auto const byte = [bytes](std::size_t i) -> std::uint32_t {
            return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0u;
        };
        std::uint32_t const bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        *out++ = base64_alphabet[bits >> 18];
        *out++ = base64_alphabet[bits >> 12 & 63];
        *out++ = bytes.size() > 1 ? base64_alphabet[bits >> 6 & 63] : '=';
        *out++ = bytes.size() > 2 ? base64_alphabet[bits & 63] : '=';
    }
}

HTTPHOOKS_DECL bool append_from_base64(std::string& to, std::string_view text) {
    if (text.size() % 4 != 0) return false;
    if (text.empty()) return true;
    std::size_t const pad = text.back() != '=' ? 0u : text[text.size() - 2] != '=' ? 1u : 2u;
    text.remove_suffix(pad);
    std::size_t const at = to.size();
    to.resize(at + text.size() * 3 / 4);
    std::size_t out = at;
    std::uint32_t bits = 0;
    std::uint32_t bad = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::uint32_t const v = base64_values[static_cast<unsigned char>(text[i])];
        bad |= v & 64;
        bits = bits << 6 | v;
        if (i % 4 != 0) to[out++] = static_cast<char>(bits >> (6 - 2 * (i % 4)) & 0xff);
    }
    if (pad != 0) bad |= bits & (pad == 1 ? 3u : 15u);
    if (bad == 0) return true;
    to.resize(at);
    return false;
}

}  // namespace httphooks::detail
