// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/read_argument.hpp>

#include <httphooks/detail/json/json_text.hpp>
#include <httphooks/socketio/binary.hpp>
#include <httphooks/socketio/detail/parse_json.hpp>

#include <nlohmann/json.hpp>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace httphooks::socketio::detail {

using httphooks::detail::json_kind;

/// Takes a number that has no fraction and is in a range. @return whether it was one
template <class T>
bool read_whole_double(T& to, double value, T least, T most) noexcept {
    constexpr double above = 2.0 * static_cast<double>(std::numeric_limits<T>::max() / 2 + 1);
    if (!(value >= static_cast<double>(std::numeric_limits<T>::min())) || !(value < above) ||
        value != std::trunc(value))
        return false;
    to = static_cast<T>(value);
    return to >= least && to <= most;
}

template <class T>
bool read_whole_text(T& to, json_slice const& value, T least, T most) noexcept {
    if (value.kind != json_kind::number) return false;
    std::string_view const text = value.text;
    char const* const end = text.data() + text.size();
    auto const r = std::from_chars(text.data(), end, to);
    if (r.ec == std::errc() && r.ptr == end) return to >= least && to <= most;
    // 1e3 and 5.0 are whole numbers too, and -0 is 0
    if (text != "-0" && text.find_first_of(".eE") == text.npos) return false;
    double real = 0;
    return read_double(real, text) && read_whole_double(to, real, least, most);
}

template <class T>
bool read_whole_document(T& to, nlohmann::json const& value, T least, T most) noexcept {
    if (value.is_number_float()) return read_whole_double(to, value.get<double>(), least, most);
    auto const take = [&](auto n) {
        to = static_cast<T>(n);
        return std::in_range<T>(n) && to >= least && to <= most;
    };
    if (value.is_number_unsigned()) return take(value.get<std::uint64_t>());
    return value.is_number_integer() && take(value.get<std::int64_t>());
}

HTTPHOOKS_DECL bool read_whole(long long& to, argument_source from, long long least,
                               long long most) {
    return from.document ? read_whole_document(to, *from.document, least, most)
                         : read_whole_text(to, *from.text, least, most);
}

HTTPHOOKS_DECL bool read_whole(unsigned long long& to, argument_source from,
                               unsigned long long most) {
    return from.document ? read_whole_document(to, *from.document, 0ull, most)
                         : read_whole_text(to, *from.text, 0ull, most);
}

template <class T>
bool read_real(T& to, argument_source from) {
    double value = 0;
    if (from.document) {
        if (!from.document->is_number()) return false;
        value = from.document->get<double>();
    } else if (from.text->kind != json_kind::number || !read_double(value, from.text->text)) {
        return false;
    }
    if (std::isfinite(value) && std::abs(value) > std::numeric_limits<T>::max()) return false;
    to = static_cast<T>(value);
    return true;
}

HTTPHOOKS_DECL bool read_value(float& to, argument_source from) {
    return read_real(to, from);
}

HTTPHOOKS_DECL bool read_value(double& to, argument_source from) {
    return read_real(to, from);
}

HTTPHOOKS_DECL bool read_value(long double& to, argument_source from) {
    return read_real(to, from);
}

HTTPHOOKS_DECL bool read_value(std::string& to, argument_source from) {
    if (from.document) {
        if (!from.document->is_string()) return false;
        to = from.document->get_ref<std::string const&>();
        return true;
    }
    json_slice const& value = *from.text;
    if (value.kind != json_kind::string) return false;
    to.assign(value.escaped ? std::string_view() : value.text);
    if (value.escaped) httphooks::detail::append_unescaped(to, value);
    return true;
}

HTTPHOOKS_DECL bool read_value(bool& to, argument_source from) {
    if (from.document)
        return from.document->is_boolean() && (to = from.document->get<bool>(), true);
    to = from.text->text == "true";
    return from.text->kind == json_kind::boolean;
}

HTTPHOOKS_DECL bool read_value(bytes& to, argument_source from) {
    if (!from.document || !from.document->is_binary()) return false;
    to.data = binary_text(*from.document);
    return true;
}

HTTPHOOKS_DECL bool read_value(nlohmann::json& to, argument_source from) {
    if (from.document) {
        to = *from.document;
        return true;
    }
    if (from.text->kind != json_kind::string) return parse_json(to, from.text->text);
    std::string text;
    httphooks::detail::append_unescaped(text, *from.text);
    to = std::move(text);
    return true;
}

HTTPHOOKS_DECL bool is_null(argument_source from) noexcept {
    return from.document ? from.document->is_null() : from.text->kind == json_kind::null;
}

HTTPHOOKS_DECL bool with_document(argument_source from,
                                  httphooks::detail::function_ref<bool(nlohmann::json const&)> f) {
    if (from.document) return f(*from.document);
    nlohmann::json parsed;
    return read_value(parsed, from) && f(parsed);
}

HTTPHOOKS_DECL bool each_element(nlohmann::json const& array,
                                 httphooks::detail::function_ref<bool(nlohmann::json const&)> f) {
    if (!array.is_array()) return false;
    for (auto const& inner : array)
        if (!f(inner)) return false;
    return true;
}

HTTPHOOKS_DECL bool each_member(
    nlohmann::json const& object,
    httphooks::detail::function_ref<bool(std::string const&, nlohmann::json const&)> f) {
    if (!object.is_object()) return false;
    for (auto const& [name, inner] : object.items())
        if (!f(name, inner)) return false;
    return true;
}

}  // namespace httphooks::socketio::detail
