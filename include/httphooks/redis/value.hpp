// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What Redis replies: texts, numbers, and lists of them.
*/

#include <httphooks/config.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::redis {

/// What a value is.
enum class value_kind : std::uint8_t {
    /// Nothing: a key that does not exist, a transaction that was not done.
    null,
    /// Any bytes.
    string,
    /// An error, such as `WRONGTYPE Operation against a key ...`.
    error,
    /// A short text that the server answers with, such as `OK`.
    status,
    /// A whole number.
    integer,
    /// Values.
    array,
};

namespace detail {
class value_builder;
}

/** A reply of Redis, or a part of one.
    @par Source
    Redis serialization protocol, version 2 */
class value {
public:
    /// Nothing.
    value() = default;
    /// A text. @param kind string, error or status
    explicit value(std::string text, value_kind kind = value_kind::string)
        : kind_(kind), text_(std::move(text)) {}
    explicit value(std::int64_t n) : kind_(value_kind::integer), number_(n) {}
    explicit value(std::vector<value> elements)
        : kind_(value_kind::array), elements_(std::move(elements)) {}

    value_kind kind() const noexcept { return kind_; }
    bool is_null() const noexcept { return kind_ == value_kind::null; }
    bool is_string() const noexcept { return kind_ == value_kind::string; }
    bool is_error() const noexcept { return kind_ == value_kind::error; }
    bool is_array() const noexcept { return kind_ == value_kind::array; }

    /// The text of a string, an error or a status; else empty.
    std::string const& text() const& noexcept { return text_; }
    std::string text() && noexcept { return std::move(text_); }

    /// The number: of an integer, or that a text is; nothing: it is none, or beyond 64 bits.
    std::optional<std::int64_t> number() const noexcept;

    /// The values of an array; else none.
    std::span<value const> elements() const& noexcept { return elements_; }
    /// How many there are.
    std::size_t size() const noexcept { return elements_.size(); }
    /// One of them, of 0 to size() - 1; one that is null for other numbers.
    value const& operator[](std::size_t at) const noexcept;

    friend bool operator==(value const&, value const&) = default;

private:
    friend class detail::value_builder;

    value_kind kind_ = value_kind::null;
    std::int64_t number_ = 0;
    std::string text_{};
    std::vector<value> elements_{};
};

}  // namespace httphooks::redis

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/redis/impl/value.ipp>
#endif
