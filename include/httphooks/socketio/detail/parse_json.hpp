// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    JSON text to a document, as JavaScript reads it.
*/

#include <httphooks/config.hpp>

#include <nlohmann/json_fwd.hpp>

#include <string_view>

namespace httphooks::socketio::detail {

/** Parses a text that json_scanner has found to be JSON. Lone surrogates become U+FFFD, numbers
    beyond a double's range null: JavaScript takes both.
    @return whether it could be parsed; not so when it is not UTF-8 */
bool parse_json(nlohmann::json& to, std::string_view text);

/// Reads the text of a number that json_scanner has found. @return whether a double can be so large
bool read_double(double& to, std::string_view number) noexcept;

}  // namespace httphooks::socketio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/detail/impl/parse_json.ipp>
#endif
