// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/binary_places.hpp>

#include <httphooks/socketio/binary.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace httphooks::socketio::detail {

/** Calls a function with each placeholder, and the index that it has, below a count.
    @return whether each has one, and the function was content with it */
template <class Put>
bool put_each(nlohmann::json& value, std::size_t count, Put const& put) {
    if (!value.is_structured()) return true;
    if (value.is_object())
        if (auto const mark = value.find("_placeholder");
            mark != value.end() && mark->is_boolean() && mark->template get<bool>()) {
            auto const num = value.find("num");
            if (num == value.end() || !num->is_number_unsigned()) return false;
            auto const index = num->template get<std::uint64_t>();
            return index < count && put(value, static_cast<std::size_t>(index));
        }
    bool good = true;
    for (auto& inner : value) good = put_each(inner, count, put) && good;
    return good;
}

HTTPHOOKS_DECL bool binary_places::put(nlohmann::json& value) {
    return put_each(value, attachments.size(), [this](nlohmann::json& placeholder, std::size_t i) {
        return put_one(placeholder, i);
    });
}

HTTPHOOKS_DECL void put_copies(nlohmann::json& value, std::span<std::string const> bytes,
                               std::size_t& room) {
    put_each(value, bytes.size(), [&](nlohmann::json& placeholder, std::size_t i) {
        std::string const& from = bytes[i];
        if (from.size() > room) return false;
        room -= from.size();
        placeholder = nlohmann::json::binary({from.begin(), from.end()});
        return true;
    });
}

HTTPHOOKS_DECL bool binary_places::put_one(nlohmann::json& placeholder, std::size_t i) {
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

}  // namespace httphooks::socketio::detail
