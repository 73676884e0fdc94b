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

HTTPHOOKS_DECL void append_command(std::string& to, std::span<std::string_view const> list) {
    constexpr std::size_t longest_size = 24;
    std::size_t most = to.size() + longest_size;
    for (std::string_view const a : list) most += a.size() + longest_size + 2;
    std::size_t const before = to.size();
    to.resize(most);
    char* at = put_size(to.data() + before, '*', list.size());
    for (std::string_view const a : list) {
        at = std::copy(a.begin(), a.end(), put_size(at, '$', a.size()));
        *at++ = '\r';
        *at++ = '\n';
    }
    to.resize(static_cast<std::size_t>(at - to.data()));
}

}  // namespace detail

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
