// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The values of a query's `$1`, `$2` and so on.
*/

#include <httphooks/config.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace httphooks::postgres {

/** One value for a query. It refers to texts and bytes; a query copies them.

    PostgreSQL takes a text for whatever type the query wants at its place. */
class parameter {
public:
    /// What it is.
    enum class kind : std::uint8_t {
        /// NULL.
        null,
        /// A text, or anything in the form that a text has it.
        text,
        /// A whole number.
        integer,
        /// true or false.
        boolean,
        /// A value of type bytea.
        bytes,
    };

    parameter(std::nullptr_t) noexcept {}
    parameter(std::string_view text) noexcept : kind_(kind::text), text_(text) {}
    template <class T>
    requires(std::convertible_to<T const&, std::string_view> &&
             !std::same_as<T, std::string_view> && !std::same_as<T, std::nullptr_t>)
        parameter(T const& text)
    noexcept : parameter(std::string_view(text)) {}
    template <std::integral T>
    parameter(T n) noexcept
        : kind_(std::same_as<T, bool> ? kind::boolean : kind::integer),
          number_(static_cast<std::int64_t>(n)) {
        static_assert(std::same_as<T, bool> || std::signed_integral<T> || sizeof(T) < 8,
                      "a number of PostgreSQL has a sign; send larger ones as text");
    }
    parameter(std::span<std::byte const> bytes) noexcept
        : kind_(kind::bytes), text_(reinterpret_cast<char const*>(bytes.data()), bytes.size()) {}

    kind type() const noexcept { return kind_; }
    /// The text or the bytes.
    std::string_view text() const noexcept { return text_; }
    /// The number; 1 or 0 for true and false.
    std::int64_t number() const noexcept { return number_; }

private:
    kind kind_ = kind::null;
    std::string_view text_{};
    std::int64_t number_ = 0;
};

}  // namespace httphooks::postgres
