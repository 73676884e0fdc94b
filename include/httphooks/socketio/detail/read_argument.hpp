// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    One argument as a C++ value: from JSON text where that is enough, else from a document.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/function_ref.hpp>
#include <httphooks/socketio/binary.hpp>

#include <nlohmann/json_fwd.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace httphooks::detail {
struct json_slice;
}

namespace httphooks::socketio::detail {

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

/// Where a value is: in a text, found by json_scanner, or in a document.
struct argument_source {
    json_slice const* text;
    nlohmann::json const* document;
};

/** Reads a value.
    @return whether it is of the kind, and in the range, of T */
template <class T>
bool read_argument(T& to, argument_source from);

// ---------------------------------------------------------------------------------------------

bool read_value(std::string& to, argument_source from);
bool read_value(bool& to, argument_source from);
bool read_value(float& to, argument_source from);
bool read_value(double& to, argument_source from);
bool read_value(long double& to, argument_source from);
bool read_value(bytes& to, argument_source from);
bool read_value(nlohmann::json& to, argument_source from);
/// Reads a number that is whole, as 5.0 and 1e3 are too, and in a range.
bool read_whole(long long& to, argument_source from, long long least, long long most);
bool read_whole(unsigned long long& to, argument_source from, unsigned long long most);
bool is_null(argument_source from) noexcept;

/// Calls a function with the document of a value. @return what that returns; false: there is none
bool with_document(argument_source from,
                   httphooks::detail::function_ref<bool(nlohmann::json const&)> f);
/// Calls a function with the elements of an array, until it returns false. @return whether it did
/// not, and it is an array
bool each_element(nlohmann::json const& array,
                  httphooks::detail::function_ref<bool(nlohmann::json const&)> f);
/// The same with the members of an object.
bool each_member(
    nlohmann::json const& object,
    httphooks::detail::function_ref<bool(std::string const&, nlohmann::json const&)> f);

template <class T>
concept plain_value = std::same_as<T, std::string> || std::same_as<T, bool> ||
    std::floating_point<T> || std::same_as<T, bytes> || std::same_as<T, nlohmann::json>;

/// Reads a value as nlohmann::json does; who has such types includes nlohmann/json.hpp.
template <class T, class Json>
bool read_converted(T& to, Json const& value) {
    try {
        value.get_to(to);
        return true;
    } catch (std::exception const&) {
        return false;
    }
}

template <class T>
bool read_structure(T& to, nlohmann::json const& value) {
    if constexpr (is_list<T>) {
        to.clear();
        return each_element(value, [&to](nlohmann::json const& inner) {
            typename T::value_type element{};
            if (!read_argument(element, argument_source{nullptr, &inner})) return false;
            to.push_back(std::move(element));
            return true;
        });
    } else if constexpr (is_dictionary<T>) {
        to.clear();
        return each_member(value, [&to](std::string const& name, nlohmann::json const& inner) {
            return read_argument(to[name], argument_source{nullptr, &inner});
        });
    } else {
        return read_converted(to, value);
    }
}

template <class T>
bool read_argument(T& to, argument_source from) {
    if constexpr (plain_value<T>) {
        return read_value(to, from);
    } else if constexpr (is_optional<T>) {
        to.reset();
        return is_null(from) || read_argument(to.emplace(), from);
    } else if constexpr (integer<T>) {
        using wide = std::conditional_t<std::is_signed_v<T>, long long, unsigned long long>;
        wide value = 0;
        bool good = false;
        if constexpr (std::is_signed_v<T>)
            good = read_whole(value, from, std::numeric_limits<T>::min(),
                              std::numeric_limits<T>::max());
        else
            good = read_whole(value, from, std::numeric_limits<T>::max());
        if (good) to = static_cast<T>(value);
        return good;
    } else {
        return with_document(from,
                             [&to](nlohmann::json const& d) { return read_structure(to, d); });
    }
}

}  // namespace httphooks::socketio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/detail/impl/read_argument.ipp>
#endif
