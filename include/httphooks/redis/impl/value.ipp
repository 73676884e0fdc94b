// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/redis/value.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <system_error>

namespace httphooks::redis {

HTTPHOOKS_DECL std::optional<std::int64_t> value::number() const noexcept {
    if (kind_ == value_kind::integer) return number_;
    std::int64_t n = 0;
    char const* const end = text_.data() + text_.size();
    auto const [stop, failed] = std::from_chars(text_.data(), end, n);
    if (failed != std::errc() || stop != end) return std::nullopt;
    return n;
}

HTTPHOOKS_DECL value const& value::operator[](std::size_t at) const noexcept {
    static value const nothing;
    return at < elements_.size() ? elements_[at] : nothing;
}

}  // namespace httphooks::redis
