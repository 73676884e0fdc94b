// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Bytes among the arguments of events: placeholders in the JSON, attachments beside it.
*/

#include <httphooks/socketio/error.hpp>

#include <nlohmann/json.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
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
error_code put_binary(nlohmann::json& value,
                      std::vector<nlohmann::json::binary_t::container_type>& attachments);

// ---------------------------------------------------------------------------------------------

inline void to_json(nlohmann::json& to, bytes const& from) {
    to = nlohmann::json::binary({from.data.begin(), from.data.end()});
}

inline void from_json(nlohmann::json const& from, bytes& to) {
    auto const& b = from.get_ref<nlohmann::json::binary_t const&>();
    to.data.assign(b.begin(), b.end());
}

inline std::string_view binary_text(nlohmann::json const& value) noexcept {
    auto const* const b = value.get_ptr<nlohmann::json::binary_t const*>();
    if (!b || b->empty()) return {};
    return {reinterpret_cast<char const*>(b->data()), b->size()};
}

inline void take_binary(nlohmann::json& value, std::vector<std::string>& to) {
    if (value.is_binary()) {
        to.emplace_back(binary_text(value));
        nlohmann::json placeholder;
        placeholder["_placeholder"] = true;
        placeholder["num"] = to.size() - 1;
        value = std::move(placeholder);
    } else if (value.is_structured()) {
        for (auto& inner : value) take_binary(inner, to);
    }
}

namespace detail {

/// What a call of put_binary() works on: attachments, and where each has gone.
struct binary_places {
    std::vector<nlohmann::json::binary_t::container_type>& attachments;
    std::vector<nlohmann::json const*> places;
    /// Bytes that copies of attachments may take, which several placeholders stand for.
    std::size_t room = std::numeric_limits<std::size_t>::max();
    /// Whether they would take more.
    bool too_large = false;

    /// @return whether each placeholder had its attachment
    bool put(nlohmann::json& value);
    bool put_one(nlohmann::json& placeholder);
};

inline bool binary_places::put(nlohmann::json& value) {
    if (!value.is_structured()) return true;
    if (value.is_object())
        if (auto const mark = value.find("_placeholder");
            mark != value.end() && mark->is_boolean() && mark->get<bool>())
            return put_one(value);
    bool good = true;
    for (auto& inner : value) good = put(inner) && good;
    return good;
}

inline bool binary_places::put_one(nlohmann::json& placeholder) {
    auto const num = placeholder.find("num");
    if (num == placeholder.end() || !num->is_number_unsigned()) return false;
    auto const index = num->get<std::uint64_t>();
    if (index >= attachments.size()) return false;
    auto const i = static_cast<std::size_t>(index);
    if (places[i]) {
        std::size_t const size = binary_text(*places[i]).size();
        too_large = too_large || size > room;
        if (too_large) return false;
        room -= size;
        nlohmann::json copy = *places[i];
        placeholder = std::move(copy);
    } else {
        placeholder = nlohmann::json::binary(std::move(attachments[i]));
        places[i] = &placeholder;
    }
    return true;
}

}  // namespace detail

inline error_code put_binary(nlohmann::json& value,
                             std::vector<nlohmann::json::binary_t::container_type>& attachments) {
    detail::binary_places all{attachments, {}};
    all.places.resize(attachments.size());
    return all.put(value) ? error_code() : error_code(error::bad_placeholder);
}

}  // namespace httphooks::socketio
