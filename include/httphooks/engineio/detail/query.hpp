// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What the query of an Engine.IO request says.
*/

#include <httphooks/config.hpp>
#include <httphooks/message.hpp>

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
std::string_view query_of(request const& r);

query read_query(request const& r);

/// The first value of a key in a form, decoded.
std::optional<std::string> form_value(std::string_view form, std::string_view key);

}  // namespace httphooks::engineio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/engineio/detail/impl/query.ipp>
#endif
