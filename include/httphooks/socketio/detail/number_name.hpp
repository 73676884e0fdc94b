// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Numbers as names, in the way that JavaScript makes text of them.
*/

#include <httphooks/socketio/detail/parse_json.hpp>

#include <charconv>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>

namespace httphooks::socketio::detail {

/// The text of a JSON number's value: 7 for `7.0` and for `7`.
inline std::string number_name(std::string_view number) {
    bool const is_whole = number.find_first_of(".eE-") == number.npos;
    if (is_whole && number.size() < 16) return std::string(number);
    double value = 0;
    if (!read_double(value, number)) return number.front() == '-' ? "-Infinity" : "Infinity";
    if (value == 0) return "0";
    char text[64];
    bool const in_digits = std::abs(value) < 1e21 && std::abs(value) >= 1e-6;
    auto const format = in_digits ? std::chars_format::fixed : std::chars_format::scientific;
    std::string name(text, std::to_chars(text, text + sizeof text, value, format).ptr);
    // the exponent has no zero in front
    if (std::size_t const e = name.find('e'); e != name.npos && name[e + 2] == '0')
        name.erase(e + 2, 1);
    return name;
}

}  // namespace httphooks::socketio::detail
