// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/binary.hpp>

#include <httphooks/socketio/error.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio {

HTTPHOOKS_DECL void to_json(nlohmann::json& to, bytes const& from) {
    to = nlohmann::json::binary({from.data.begin(), from.data.end()});
}

HTTPHOOKS_DECL void from_json(nlohmann::json const& from, bytes& to) {
    auto const& b = from.get_ref<nlohmann::json::binary_t const&>();
    to.data.assign(b.begin(), b.end());
}

HTTPHOOKS_DECL std::string_view binary_text(nlohmann::json const& value) noexcept {
    auto const* const b = value.get_ptr<nlohmann::json::binary_t const*>();
    if (!b || b->empty()) return {};
    return {reinterpret_cast<char const*>(b->data()), b->size()};
}

HTTPHOOKS_DECL void take_binary(nlohmann::json& value, std::vector<std::string>& to) {
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

}  // namespace detail

HTTPHOOKS_DECL error_code put_binary(
    nlohmann::json& value, std::vector<nlohmann::json::binary_t::container_type>& attachments) {
    detail::binary_places all{attachments, {}};
    all.places.resize(attachments.size());
    return all.put(value) ? error_code() : error_code(error::bad_placeholder);
}

}  // namespace httphooks::socketio
