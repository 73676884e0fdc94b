// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/arguments.hpp>

#include <httphooks/socketio/binary.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

namespace httphooks::socketio {

HTTPHOOKS_DECL nlohmann::json arguments::json(std::size_t index) const {
    nlohmann::json value;
    if (read(value, index)) value = nullptr;
    return value;
}

HTTPHOOKS_DECL std::string_view arguments::text(std::size_t index) const noexcept {
    auto const* const value = node(index);
    return value ? httphooks::detail::written(*value) : std::string_view();
}

HTTPHOOKS_DECL nlohmann::json arguments::to_json() const {
    auto all = nlohmann::json::array();
    for (std::size_t i = 0; i < size_; ++i) all.push_back(json(i));
    return all;
}

HTTPHOOKS_DECL arguments arguments::keep() const {
    if (owner_ || size_ == 0) return *this;
    auto const* const first = values_[0];
    auto const* const last = values_[size_ - 1];
    char const* const begin = httphooks::detail::written(*first).data();
    std::string_view const end = httphooks::detail::written(*last);
    auto own = std::make_shared<kept>();
    own->text.assign(begin, end.data() + end.size());
    own->nodes.assign(first, last + last->span);
    for (auto& n : own->nodes)
        n.text = std::string_view(own->text).substr(static_cast<std::size_t>(n.text.data() - begin),
                                                    n.text.size());
    own->values.reserve(size_);
    for (std::size_t i = 0; i < size_; ++i)
        own->values.push_back(own->nodes.data() + (values_[i] - first));
    arguments copy(own->values.data(), size_);
    copy.owner_ = std::move(own);
    return copy;
}

}  // namespace httphooks::socketio
