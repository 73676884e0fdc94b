// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/request_id.hpp>

#include <httphooks/detail/fields/framing_fields.hpp>
#include <httphooks/detail/system/random_bits.hpp>
#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/fields.hpp>
#include <httphooks/message.hpp>
#include <httphooks/origin.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks {

namespace detail {

inline bool is_lower_hex(std::string_view s) noexcept {
    return std::ranges::all_of(
        s, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

inline void make_request_id(std::string& id) {
    id.resize(32);
    for (std::size_t i = 0; i < id.size(); i += 8) {
        std::uint32_t const bits = random_bits::next();
        for (std::size_t k = 0; k < 8; ++k) id[i + k] = "0123456789abcdef"[bits >> (4 * k) & 15];
    }
}

/// The value of the only field of a name; empty if there is none, or several.
template <class Name>
std::string_view only(fields const& f, Name const& name) noexcept {
    auto const [first, last] = f.equal_range(name);
    if (first == last || first + 1 != last) return {};
    return {first->value().data(), first->value().size()};
}

}  // namespace detail

HTTPHOOKS_DECL bool is_request_id(std::string_view text) noexcept {
    static constexpr std::string_view others = "-._~+/=:@";
    return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [](char c) {
        char const l = detail::ascii_lower(c);
        return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || others.find(c) != others.npos;
    });
}

HTTPHOOKS_DECL std::string_view trace_id(std::string_view traceparent) noexcept {
    // version "-" trace-id "-" parent-id "-" flags, and in later versions "-" and more
    constexpr std::size_t size = 55;
    std::string_view const t = traceparent;
    if (t.size() < size || t[2] != '-' || t[35] != '-' || t[52] != '-') return {};
    std::string_view const version = t.substr(0, 2);
    std::string_view const trace = t.substr(3, 32);
    std::string_view const parent = t.substr(36, 16);
    for (std::string_view const part : {version, trace, parent, t.substr(53, 2)})
        if (!detail::is_lower_hex(part)) return {};
    if (version == "ff" || (version == "00" && t.size() != size)) return {};
    if (t.size() > size && t[size] != '-') return {};
    auto const is_zero = [](std::string_view s) { return s.find_first_not_of('0') == s.npos; };
    return is_zero(trace) || is_zero(parent) ? std::string_view() : trace;
}

HTTPHOOKS_DECL request_id::request_id(request_id_options o) : options_(std::move(o)) {
    field_ = beast::http::string_to_field(options_.header);
    if (!detail::is_token(options_.header) || detail::is_framing_field(field_))
        throw std::invalid_argument("request_id: no field for it: " + options_.header);
}

/// What a trusted request brings.
inline std::string_view request_id::brought(request const& r) const noexcept {
    std::string_view const own = detail::only(r, std::string_view(options_.header));
    if (is_request_id(own)) return own;
    if (!options_.traceparent || r.contains(options_.header)) return {};
    return trace_id(detail::only(r, std::string_view("traceparent")));
}

HTTPHOOKS_DECL void request_id::assign(std::string& id, request const& r,
                                       origin const& from) const {
    try {
        bool const trusted =
            options_.trusted ? options_.trusted(r, from) : from.proxied() && !from.handshake();
        id = trusted ? brought(r) : std::string_view();
        if (id.empty() && options_.make) id = options_.make();
        if (is_request_id(id)) return;
    } catch (std::exception const&) {  // a request has an id, whatever the user's functions do
        id.clear();
    }
    detail::make_request_id(id);
}

HTTPHOOKS_DECL void request_id::write(fields& reply, std::string_view id) const {
    reply.erase(options_.header);
    reply.append_parsed(field_, options_.header, id);
}

}  // namespace httphooks
