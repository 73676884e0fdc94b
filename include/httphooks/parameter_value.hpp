// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a parameter of a pattern may be read as: numbers, truth values, texts.
*/

#include <httphooks/config.hpp>

#include <concepts>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace httphooks {

/// A type that parameters can be read as: integers, floating point numbers, bool, texts.
template <class T>
concept parameter_value = std::same_as<T, std::string> || std::same_as<T, std::string_view> ||
    std::same_as<T, bool> || std::same_as<T, float> || std::same_as<T, double> ||
    (std::integral<T> && !std::same_as<T, char> && !std::same_as<T, wchar_t> &&
     !std::same_as<T, char8_t> && !std::same_as<T, char16_t> && !std::same_as<T, char32_t>);

namespace detail {

/// The number that the whole text is, in decimal; nothing when it is none, or too large.
std::optional<long long> signed_from(std::string_view text) noexcept;
std::optional<unsigned long long> unsigned_from(std::string_view text) noexcept;
/// The same; not infinity, and no NaN.
std::optional<double> floating_from(std::string_view text) noexcept;
/// Of "true", "false", "1" and "0".
std::optional<bool> bool_from(std::string_view text) noexcept;

/// Ends a hook with a 400 that names the parameter.
[[noreturn]] void refuse_parameter(std::string_view name);

}  // namespace detail

/** Reads a text as a value.

    A number is written in decimal, a minus sign before it or not, and nothing else around it.

    @return nothing when the whole text is no `T`, or one that it cannot hold
*/
template <parameter_value T>
std::optional<T> parameter_from(std::string_view text) {
    if constexpr (std::same_as<T, bool>) {
        return detail::bool_from(text);
    } else if constexpr (std::floating_point<T>) {
        auto const number = detail::floating_from(text);
        if (!number || *number > std::numeric_limits<T>::max() ||
            *number < std::numeric_limits<T>::lowest())
            return std::nullopt;
        return static_cast<T>(*number);
    } else if constexpr (std::signed_integral<T>) {
        auto const number = detail::signed_from(text);
        if (!number || !std::in_range<T>(*number)) return std::nullopt;
        return static_cast<T>(*number);
    } else if constexpr (std::unsigned_integral<T>) {
        auto const number = detail::unsigned_from(text);
        if (!number || !std::in_range<T>(*number)) return std::nullopt;
        return static_cast<T>(*number);
    } else {
        return T(text);
    }
}

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/parameter_value.ipp>
#endif
