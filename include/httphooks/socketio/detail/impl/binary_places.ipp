// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/binary_places.hpp>

#include <httphooks/socketio/binary.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace httphooks::socketio::detail {

HTTPHOOKS_DECL bool binary_places::put(nlohmann::json& value) {
    if (!value.is_structured()) return true;
    if (value.is_object())
        if (auto const mark = value.find("_placeholder");
            mark != value.end() && mark->is_boolean() && mark->get<bool>())
            return put_one(value);
    bool good = true;
    for (auto& inner : value) good = put(inner) && good;
    return good;
}

HTTPHOOKS_DECL bool binary_places::put_one(nlohmann::json& placeholder) {
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

}  // namespace httphooks::socketio::detail
