// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Bytes among the arguments of events: placeholders in the JSON, attachments beside it.
*/

#include <httphooks/config.hpp>
#include <httphooks/socketio/error.hpp>

#include <nlohmann/json_fwd.hpp>

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks::socketio {

/// Bytes as an argument, sent or received.
struct bytes {
    /// The bytes.
    std::string data{};

    friend bool operator==(bytes const&, bytes const&) = default;
};

/// Becomes a JSON value of the kind binary; found by nlohmann::json.
void to_json(nlohmann::json& to, bytes const& from);

/// @throws nlohmann::json::type_error when the value is not of the kind binary
void from_json(nlohmann::json const& from, bytes& to);

/// The bytes of a JSON value of the kind binary, as a text.
std::string_view binary_text(nlohmann::json const& value) noexcept;

/** Takes the binary values out of a JSON value, depth first, objects and arrays in their order;
    `{"_placeholder":true,"num":<index>}` remains in place of each.
    @param to what they are appended to; indices begin at its size */
void take_binary(nlohmann::json& value, std::vector<std::string>& to);

/** Puts attachments back where placeholders are. A placeholder's index may come several times, and
    an attachment may have no placeholder.
    @return error::bad_placeholder: an index that is not an integer, or that no attachment has
    @par Source
    Socket.IO protocol 5, "Binary event" */
error_code put_binary(nlohmann::json& value, std::vector<std::vector<std::uint8_t>>& attachments);

}  // namespace httphooks::socketio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/impl/binary.ipp>
#endif
