// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/binary.hpp>

#include <httphooks/socketio/detail/binary_places.hpp>
#include <httphooks/socketio/error.hpp>

#include <nlohmann/json.hpp>

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

HTTPHOOKS_DECL error_code put_binary(nlohmann::json& value,
                                     std::vector<std::vector<std::uint8_t>>& attachments) {
    detail::binary_places all{attachments, {}};
    all.places.resize(attachments.size());
    return all.put(value) ? error_code() : error_code(error::bad_placeholder);
}

}  // namespace httphooks::socketio
