// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The elements of fields like Accept and Accept-Encoding: a name, and how much it is wanted.
*/

#include <httphooks/detail/text/http_text.hpp>

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace httphooks::detail {

/// A quality value in thousandths; 0 for what is none (RFC 9110 12.4.2).
constexpr int quality_value(std::string_view text) noexcept {
    if (text.empty() || text.size() > 5 || text[0] < '0' || text[0] > '1') return 0;
    int value = (text[0] - '0') * 1000;
    if (text.size() > 1 && text[1] != '.') return 0;
    int unit = 100;
    for (char const c : text.substr(std::min<std::size_t>(2, text.size()))) {
        if (c < '0' || c > '9') return 0;
        value += (c - '0') * unit;
        unit /= 10;
    }
    return value > 1000 ? 0 : value;
}

/// An element of such a field.
struct wanted_element {
    std::string_view name{};
    /// In thousandths.
    int quality = 1000;
};

/// Reads an element, which has no comma.
constexpr wanted_element read_wanted(std::string_view element) noexcept {
    std::size_t semicolon = std::min(element.find(';'), element.size());
    wanted_element e{trim_ows(element.substr(0, semicolon))};
    while (semicolon < element.size()) {
        element.remove_prefix(semicolon + 1);
        semicolon = std::min(element.find(';'), element.size());
        std::string_view const parameter = trim_ows(element.substr(0, semicolon));
        if (ascii_istarts_with(parameter, "q=")) e.quality = quality_value(parameter.substr(2));
    }
    return e;
}

/// Calls `f` with each element of a list that commas separate, without blanks around it; empty
/// elements are left out.
template <class Function>
constexpr void for_each_element(std::string_view list, Function f) {
    while (!list.empty()) {
        std::size_t const comma = std::min(list.find(','), list.size());
        if (auto const element = trim_ows(list.substr(0, comma)); !element.empty()) f(element);
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
}

}  // namespace httphooks::detail
