// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What the query of an Engine.IO request says.
*/

#include <httphooks/message.hpp>
#include <httphooks/url.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace httphooks::engineio::detail {

/// A parameter of a query. What comes twice has no value that could be right.
struct parameter {
    std::optional<std::string> value{};
    bool repeated = false;

    bool is(std::string_view s) const noexcept { return !repeated && value && *value == s; }
    explicit operator bool() const noexcept { return value.has_value() && !value->empty(); }
};

/// The parameters that mean something to the protocol.
struct query {
    parameter transport{};
    parameter sid{};
    parameter eio{};
    /// The number of a script's function, of digits.
    std::optional<std::string> script{};
    /// The client takes no bytes, but base64 in texts.
    bool base64 = false;
};

/// The query of a request's target, without the question mark.
inline std::string_view query_of(request const& r) {
    auto const raw = r.target();
    std::string_view const target(raw.data(), raw.size());
    std::size_t const mark = target.find('?');
    return mark == target.npos ? std::string_view() : target.substr(mark + 1);
}

inline query read_query(request const& r) {
    query q;
    std::string decoded;
    for (auto const& part : query_view(query_of(r))) {
        std::string_view key = part.key;
        if (httphooks::detail::needs_decoding(key, true)) key = decoded = form_decode(key);
        parameter* const p = key == "transport" ? &q.transport
                             : key == "sid"     ? &q.sid
                             : key == "EIO"     ? &q.eio
                                                : nullptr;
        if (p) {
            p->repeated = p->value.has_value();
            p->value = form_decode(part.value);
        } else if (key == "j") {
            q.script.emplace();
            for (char const c : form_decode(part.value))
                if (c >= '0' && c <= '9') q.script->push_back(c);
        } else if (key == "b64") {
            q.base64 = !part.value.empty();
        }
    }
    return q;
}

/// The first value of a key in a form, decoded.
inline std::optional<std::string> form_value(std::string_view form, std::string_view key) {
    for (auto const& part : query_view(form))
        if (form_decode(part.key) == key) return form_decode(part.value);
    return std::nullopt;
}

}  // namespace httphooks::engineio::detail
