// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Commands for Redis, in the form that it reads.
*/

#include <httphooks/config.hpp>

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace httphooks::redis {

namespace detail {

/// A text, or a whole number as one.
class argument {
public:
    explicit argument(std::string_view text) noexcept : text_(text) {}
    template <std::integral Number>
    explicit argument(Number n) noexcept {
        char* const begin = digits_.data();
        char* const end = std::to_chars(begin, begin + digits_.size(), n).ptr;
        text_ = {begin, static_cast<std::size_t>(end - begin)};
    }
    argument(argument const&) = delete;
    argument& operator=(argument const&) = delete;

    std::string_view text() const noexcept { return text_; }

private:
    std::string_view text_{};
    std::array<char, 24> digits_;
};

/// Appends a command as Redis reads it.
void append_command(std::string& to, std::span<std::string_view const> list);

template <class T>
concept is_argument = std::convertible_to<T const&, std::string_view> ||
    (std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char>);

}  // namespace detail

/** A command's name and its arguments: texts, which may be any bytes, and whole numbers. They are
    copied: `{"SET", key, value, "EX", 60}`.
    @par Source
    Redis serialization protocol: an array of strings */
class arguments {
public:
    template <detail::is_argument... T>
    requires(sizeof...(T) > 0) arguments(T const&... list) {
        detail::argument const parts[] = {detail::argument(list)...};
        std::array<std::string_view, sizeof...(T)> texts;
        for (std::size_t i = 0; i < texts.size(); ++i) texts[i] = parts[i].text();
        detail::append_command(bytes_, texts);
    }
    explicit arguments(std::span<std::string_view const> list) {
        detail::append_command(bytes_, list);
    }

    /// What the server reads.
    std::string const& bytes() const& noexcept { return bytes_; }
    std::string bytes() && noexcept { return std::move(bytes_); }

private:
    std::string bytes_{};
};

/// Commands that are run as one, between MULTI and EXEC.
class transaction {
public:
    /// None.
    transaction();

    /// Adds a command.
    transaction& add(arguments const& command);

    /// What the server reads.
    std::string bytes() &&;
    /// How many replies there are.
    std::uint32_t replies() const noexcept { return commands_ + 2; }

private:
    std::string bytes_;
    std::uint32_t commands_ = 0;
};

}  // namespace httphooks::redis

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/redis/impl/arguments.ipp>
#endif
