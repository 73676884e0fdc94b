// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Which header fields are not for hooks to see or to set, and which of them add up.
*/

#include <httphooks/detail/fields/framing_fields.hpp>
#include <httphooks/fields.hpp>

#include <string_view>

namespace httphooks::detail {

/// Whether a header of this name belongs to the calls between hook servers.
inline bool is_control_header(std::string_view name) noexcept {
    constexpr std::string_view prefix = "x-httphooks-";
    if (name.size() < prefix.size()) return false;
    for (std::size_t i = 0; i < prefix.size(); ++i) {
        char c = name[i];
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
        if (c == '_') c = '-';
        if (c != prefix[i]) return false;
    }
    return true;
}

/// Fields of which a reply may have several that each mean something.
constexpr bool is_repeatable_field(field name) noexcept {
    switch (name) {
        case field::link:
        case field::set_cookie:
        case field::vary:
        case field::warning:
        case field::www_authenticate:
            return true;
        default:
            return false;
    }
}

/** Adds a hook's fields: they take the place of those of the same names, except for those of which
    each counts.
*/
inline void merge_fields(fields& into, fields const& from) {
    for (auto const& f : from)
        if (!is_repeatable_field(f.name())) into.erase(f.name_string());
    for (auto const& f : from) into.insert(f.name(), f.name_string(), f.value());
}

/// Removes the fields of which `unwanted` says so.
template <class Predicate>
void erase_fields_if(fields& headers, Predicate unwanted) {
    for (auto it = headers.begin(); it != headers.end();)
        it = unwanted(it->name()) ? headers.erase(it) : it + 1;
}

/// Removes what is never taken from a hook.
inline void erase_framing_fields(fields& headers) {
    erase_fields_if(headers, is_framing_field);
}

/// Whether a field is what the writer of a reply computes, its date too.
constexpr bool is_writers_field(field name) noexcept {
    return name == field::date || is_framing_field(name);
}

/// The first field that is what the writer of a reply computes; end(): there is none.
inline fields::const_iterator find_writers_field(fields const& headers) noexcept {
    auto it = headers.begin();
    while (it != headers.end() && !is_writers_field(it->name())) ++it;
    return it;
}

/// Removes what the writer of a reply computes.
inline void erase_writers_fields(fields& headers) {
    erase_fields_if(headers, is_writers_field);
}

/// Whether a reply of this status has no content, whatever it was given. One of 205 says so by its
/// length, the others have none; RFC 9110 15.3.6, 6.4.1.
constexpr bool has_no_content(unsigned status_code) noexcept {
    return status_code < 200 || status_code == 204 || status_code == 205 || status_code == 304;
}

}  // namespace httphooks::detail
