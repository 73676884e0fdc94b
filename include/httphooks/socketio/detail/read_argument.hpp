// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    One argument as a C++ value: from JSON text where that is enough, else from a document.
*/

#include <httphooks/detail/json/json_text.hpp>
#include <httphooks/socketio/binary.hpp>
#include <httphooks/socketio/detail/parse_json.hpp>

#include <nlohmann/json.hpp>

#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

using httphooks::detail::json_kind;
using httphooks::detail::json_slice;

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
inline constexpr bool is_list = false;
template <class T, class A>
inline constexpr bool is_list<std::vector<T, A>> = true;

template <class T>
inline constexpr bool is_dictionary = false;
template <class T, class C, class A>
inline constexpr bool is_dictionary<std::map<std::string, T, C, A>> = true;
template <class T, class H, class E, class A>
inline constexpr bool is_dictionary<std::unordered_map<std::string, T, H, E, A>> = true;

template <class T>
concept integer = std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char>;

/** Reads a value of JSON text.
    @param value found by json_scanner
    @return whether it is of the kind, and in the range, of T */
template <class T>
bool read_argument(T& to, json_slice const& value);

/// As above, of a document.
template <class T>
bool read_argument(T& to, nlohmann::json const& value);

// ---------------------------------------------------------------------------------------------

/// Takes a number that has no fraction and is in the range of T. @return whether it was one
template <integer T>
bool read_whole(T& to, double value) noexcept {
    constexpr double above = 2.0 * static_cast<double>(std::numeric_limits<T>::max() / 2 + 1);
    if (!(value >= static_cast<double>(std::numeric_limits<T>::min())) || !(value < above) ||
        value != std::trunc(value))
        return false;
    to = static_cast<T>(value);
    return true;
}

/// Takes a number that is in the range of T. @return whether it was
template <std::floating_point T>
bool read_real(T& to, double value) noexcept {
    if (std::isfinite(value) && std::abs(value) > std::numeric_limits<T>::max()) return false;
    to = static_cast<T>(value);
    return true;
}

template <class T>
bool read_number_text(T& to, std::string_view text) noexcept {
    double value = 0;
    if constexpr (integer<T>) {
        char const* const end = text.data() + text.size();
        auto const r = std::from_chars(text.data(), end, to);
        if (r.ec == std::errc() && r.ptr == end) return true;
        // 1e3 and 5.0 are whole numbers too, and -0 is 0
        if (text != "-0" && text.find_first_of(".eE") == text.npos) return false;
        return read_double(value, text) && read_whole(to, value);
    } else {
        return read_double(value, text) && read_real(to, value);
    }
}

/// Reads a value by way of a document.
template <class T>
bool read_parsed(T& to, json_slice const& value) {
    nlohmann::json parsed;
    if (value.kind == json_kind::string) {
        std::string text;
        httphooks::detail::append_unescaped(text, value);
        parsed = std::move(text);
    } else if (!parse_json(parsed, value.text)) {
        return false;
    }
    return read_argument(to, std::as_const(parsed));
}

template <class T>
bool read_argument(T& to, json_slice const& value) {
    if constexpr (is_optional<T>) {
        to.reset();
        return value.kind == json_kind::null || read_argument(to.emplace(), value);
    } else if constexpr (std::same_as<T, std::string>) {
        if (value.kind != json_kind::string) return false;
        to.assign(value.escaped ? std::string_view() : value.text);
        if (value.escaped) httphooks::detail::append_unescaped(to, value);
        return true;
    } else if constexpr (std::same_as<T, bool>) {
        to = value.text == "true";
        return value.kind == json_kind::boolean;
    } else if constexpr (integer<T> || std::floating_point<T>) {
        return value.kind == json_kind::number && read_number_text(to, value.text);
    } else if constexpr (std::same_as<T, bytes>) {
        return false;
    } else {
        return read_parsed(to, value);
    }
}

template <class T>
bool read_argument(T& to, nlohmann::json const& value) {
    if constexpr (std::same_as<T, nlohmann::json>) {
        to = value;
        return true;
    } else if constexpr (is_optional<T>) {
        to.reset();
        return value.is_null() || read_argument(to.emplace(), value);
    } else if constexpr (std::same_as<T, std::string>) {
        if (!value.is_string()) return false;
        to = value.get_ref<std::string const&>();
        return true;
    } else if constexpr (std::same_as<T, bool>) {
        return value.is_boolean() && (to = value.get<bool>(), true);
    } else if constexpr (integer<T>) {
        if (value.is_number_float()) return read_whole(to, value.get<double>());
        if (value.is_number_unsigned()) {
            auto const n = value.get<std::uint64_t>();
            to = static_cast<T>(n);
            return std::in_range<T>(n);
        }
        auto const n = value.is_number_integer() ? value.get<std::int64_t>() : 0;
        to = static_cast<T>(n);
        return value.is_number_integer() && std::in_range<T>(n);
    } else if constexpr (std::floating_point<T>) {
        return value.is_number() && read_real(to, value.get<double>());
    } else if constexpr (std::same_as<T, bytes>) {
        if (!value.is_binary()) return false;
        to.data = binary_text(value);
        return true;
    } else if constexpr (is_list<T>) {
        to.clear();
        if (!value.is_array()) return false;
        for (auto const& inner : value) {
            typename T::value_type element{};
            if (!read_argument(element, inner)) return false;
            to.push_back(std::move(element));
        }
        return true;
    } else if constexpr (is_dictionary<T>) {
        to.clear();
        if (!value.is_object()) return false;
        for (auto const& [name, inner] : value.items())
            if (!read_argument(to[name], inner)) return false;
        return true;
    } else {
        try {
            value.get_to(to);
            return true;
        } catch (std::exception const&) {
            return false;
        }
    }
}

}  // namespace httphooks::socketio::detail
