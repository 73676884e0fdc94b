// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/text/url_chars.hpp>
#include <httphooks/route_pattern.hpp>

#include <httphooks/detail/routes/compiled_pattern.hpp>
#include <httphooks/error.hpp>
#include <httphooks/url.hpp>

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks {

HTTPHOOKS_DECL result<route_pattern> route_pattern::parse(std::string_view text) {
    try {
        return route_pattern(text);
    } catch (std::invalid_argument const&) {
        return make_error_code(error::invalid_pattern);
    }
}

HTTPHOOKS_DECL bool route_pattern::match(url const& location) const {
    captures ignored;
    return match(location, ignored);
}

HTTPHOOKS_DECL bool route_pattern::match(url const& location, captures& found) const {
    found.pattern_ = nullptr;
    found.values_.assign(compiled_->captures.size(), {});
    if (!compiled_->match(location, found.values_.data())) return false;
    found.pattern_ = compiled_.get();
    found.query_ = location.query();
    return true;
}

HTTPHOOKS_DECL std::optional<std::string_view> captures::raw(std::string_view name) const noexcept {
    if (!pattern_) return std::nullopt;
    std::size_t const i = pattern_->find(name);
    if (i == detail::path_token::none) return std::nullopt;
    return values_[i];
}

HTTPHOOKS_DECL std::optional<std::string> captures::decoded(std::string_view name) const {
    std::optional<std::string_view> const value = raw(name);
    if (!value) return std::nullopt;
    std::string out;
    detail::append_decoded(
        out, *value,
        pattern_->captures[pattern_->find(name)].source == detail::capture_source::query);
    return out;
}

HTTPHOOKS_DECL std::vector<std::string> captures::values(std::string_view name) const {
    std::optional<std::string_view> const value = raw(name);
    if (!value) return {};
    return detail::all_values(pattern_->captures[pattern_->find(name)], *value, query_);
}

namespace detail {

HTTPHOOKS_DECL std::vector<std::string> all_values(capture_info const& capture,
                                                   std::string_view first, std::string_view query) {
    if (capture.source != capture_source::query) return {percent_decode(first)};
    std::vector<std::string> values;
    std::size_t skip = capture.skip;
    for (query_pair const& pair : query_view(query)) {
        if (!equals_decoded(pair.key, capture.key, true)) continue;
        if (skip > 0)
            --skip;
        else
            values.push_back(form_decode(pair.value));
    }
    return values;
}

}  // namespace detail

}  // namespace httphooks
