// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a subscriber is sent, read without allocating.
*/

#include <httphooks/redis/detail/reply_reader.hpp>
#include <httphooks/redis/value.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace httphooks::redis::detail {

/** The texts of an array, or a text alone. What is nested deeper is left out. */
class push_reader final : public reply_sink {
public:
    void clear() noexcept override { count_ = 0; }

    void* put(void* parent, value_kind kind, std::string_view text, std::int64_t) override {
        if (!parent) kind_ = kind;
        if (!parent && kind == value_kind::array) return this;
        if ((!parent || parent == this) && count_ < texts_.size()) texts_[count_++] = text;
        return &count_;
    }

    /// What it is as a whole.
    value_kind kind() const noexcept { return kind_; }
    /// How many texts there are; other values count as empty ones.
    std::size_t size() const noexcept { return count_; }
    std::string_view operator[](std::size_t at) const noexcept {
        return at < count_ ? std::string_view(texts_[at]) : std::string_view();
    }

    /// Gives memory back that a large message has needed.
    void shrink() noexcept {
        constexpr std::size_t most_kept = 64 * 1024;
        for (std::string& t : texts_)
            if (t.capacity() > most_kept) t = std::string();
    }

private:
    std::array<std::string, 4> texts_{};
    std::size_t count_ = 0;
    value_kind kind_ = value_kind::null;
};

}  // namespace httphooks::redis::detail
