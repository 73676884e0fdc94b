// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/arguments.hpp>

#include <httphooks/detail/json/json_tape.hpp>
#include <httphooks/socketio/binary.hpp>
#include <httphooks/socketio/detail/attached_packet.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio {

HTTPHOOKS_DECL arguments::arguments(std::shared_ptr<nlohmann::json const> array,
                                    std::size_t first) noexcept
    : document_(array.get()),
      first_(first),
      size_(array->size() - first),
      owner_(std::move(array)) {}

HTTPHOOKS_DECL arguments::arguments(std::shared_ptr<detail::attached_packet const> packet,
                                    std::size_t first) noexcept
    : document_(&packet->document),
      packet_(packet.get()),
      first_(first),
      size_(packet->document.size() - first),
      owner_(std::move(packet)) {}

HTTPHOOKS_DECL std::string_view arguments::packet_text(std::size_t index) const noexcept {
    return index < size_ ? packet_->elements[first_ + index] : std::string_view();
}

HTTPHOOKS_DECL detail::argument_source arguments::source(std::size_t index) const {
    if (document_) return {nullptr, &(*document_)[first_ + index]};
    return {values_[index], nullptr};
}

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

namespace detail {

/// Arguments with the text that they are in.
struct kept_arguments {
    std::string text;
    std::vector<httphooks::detail::json_node> nodes;
    std::vector<httphooks::detail::json_node const*> values;
};

}  // namespace detail

HTTPHOOKS_DECL arguments arguments::keep() const {
    if (owner_ || size_ == 0) return *this;
    auto const* const first = values_[0];
    auto const* const last = values_[size_ - 1];
    char const* const begin = httphooks::detail::written(*first).data();
    std::string_view const end = httphooks::detail::written(*last);
    auto own = std::make_shared<detail::kept_arguments>();
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
