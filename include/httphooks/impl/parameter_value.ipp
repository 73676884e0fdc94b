// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/parameter_value.hpp>

#include <httphooks/http_error.hpp>

#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace httphooks::detail {

template <class T>
std::optional<T> number_from(std::string_view text) noexcept {
    T number{};
    char const* const end = text.data() + text.size();
    auto const [rest, ec] = std::from_chars(text.data(), end, number);
    if (ec != std::errc() || rest != end) return std::nullopt;
    return number;
}

HTTPHOOKS_DECL std::optional<long long> signed_from(std::string_view text) noexcept {
    return number_from<long long>(text);
}

HTTPHOOKS_DECL std::optional<unsigned long long> unsigned_from(std::string_view text) noexcept {
    return number_from<unsigned long long>(text);
}

HTTPHOOKS_DECL std::optional<double> floating_from(std::string_view text) noexcept {
    auto const number = number_from<double>(text);
    if (!number || !std::isfinite(*number)) return std::nullopt;
    return number;
}

HTTPHOOKS_DECL std::optional<bool> bool_from(std::string_view text) noexcept {
    if (text == "true" || text == "1") return true;
    if (text == "false" || text == "0") return false;
    return std::nullopt;
}

HTTPHOOKS_DECL void refuse_parameter(std::string_view name) {
    throw http_error(status::bad_request, "Invalid parameter " + std::string(name));
}

}  // namespace httphooks::detail
