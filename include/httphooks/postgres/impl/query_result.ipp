// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/postgres/query_result.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace httphooks::postgres {

namespace detail {

/// The value of a hexadecimal digit; -1: it is none.
inline int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace detail

HTTPHOOKS_DECL std::optional<std::size_t> query_result::column(
    std::string_view name) const noexcept {
    for (std::size_t i = 0; i < names_.size(); ++i)
        if (names_[i] == name) return i;
    return std::nullopt;
}

HTTPHOOKS_DECL std::optional<std::string_view> query_result::value(std::size_t row,
                                                                   std::size_t column) const {
    if (row >= rows() || column >= columns())
        throw std::out_of_range("a result has no such row or column");
    cell const& c = cells_[row * columns() + column];
    if (c.null) return std::nullopt;
    return std::string_view(text_).substr(c.at, c.size);
}

HTTPHOOKS_DECL std::optional<std::int64_t> query_result::number(std::size_t row,
                                                                std::size_t column) const {
    auto const text = value(row, column);
    if (!text) return std::nullopt;
    std::int64_t n = 0;
    char const* const end = text->data() + text->size();
    auto const [at, wrong] = std::from_chars(text->data(), end, n);
    if (wrong != std::errc() || at != end) return std::nullopt;
    return n;
}

HTTPHOOKS_DECL std::optional<std::string> query_result::bytes(std::size_t row,
                                                              std::size_t column) const {
    auto const text = value(row, column);
    if (!text || !text->starts_with("\\x") || text->size() % 2 != 0) return std::nullopt;
    std::string all;
    all.reserve(text->size() / 2 - 1);
    for (std::size_t i = 2; i < text->size(); i += 2) {
        int const high = detail::hex_value((*text)[i]);
        int const low = detail::hex_value((*text)[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        all.push_back(static_cast<char>(high * 16 + low));
    }
    return all;
}

}  // namespace httphooks::postgres
