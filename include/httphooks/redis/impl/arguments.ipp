// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/redis/arguments.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::redis {

namespace detail {

/// Writes a kind of thing with a size, `*3` or `$12`, and the end of the line.
inline char* put_size(char* to, char kind, std::size_t size) noexcept {
    *to++ = kind;
    to = std::to_chars(to, to + 20, size).ptr;
    *to++ = '\r';
    *to++ = '\n';
    return to;
}

}  // namespace detail

HTTPHOOKS_DECL void arguments::append(std::span<std::string_view const> list) {
    constexpr std::size_t longest_size = 24;
    std::size_t most = longest_size;
    for (std::string_view const a : list) most += a.size() + longest_size + 2;
    bytes_.resize(most);
    char* at = detail::put_size(bytes_.data(), '*', list.size());
    for (std::string_view const a : list) {
        at = std::copy(a.begin(), a.end(), detail::put_size(at, '$', a.size()));
        *at++ = '\r';
        *at++ = '\n';
    }
    bytes_.resize(static_cast<std::size_t>(at - bytes_.data()));
}

HTTPHOOKS_DECL transaction::transaction() : bytes_("*1\r\n$5\r\nMULTI\r\n") {}

HTTPHOOKS_DECL transaction& transaction::add(arguments const& command) {
    bytes_ += command.bytes();
    ++commands_;
    return *this;
}

HTTPHOOKS_DECL std::string transaction::bytes() && {
    bytes_ += "*1\r\n$4\r\nEXEC\r\n";
    return std::move(bytes_);
}

}  // namespace httphooks::redis
