// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/detail/byte_ranges.hpp>

#include <httphooks/detail/text/http_text.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <system_error>

namespace httphooks::http::detail {

/// One number of a range.
struct range_number {
    enum class kind { absent, number, overflow, malformed };
    kind what = kind::absent;
    std::uint64_t value = 0;
};

inline range_number parse_range_number(std::string_view text) {
    using kind = range_number::kind;
    if (text.empty()) return {};
    if (!std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; }))
        return {kind::malformed};
    range_number n{kind::number};
    auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n.value);
    if (ec != std::errc()) n.what = kind::overflow;
    return n;
}

HTTPHOOKS_DECL byte_ranges parse_range(std::string_view field, std::uint64_t size) {
    using kind = range_number::kind;
    using verdict = byte_ranges::verdict;
    auto const trim = httphooks::detail::trim_ows;

    std::size_t const equals = field.find('=');
    if (equals == field.npos || !httphooks::detail::ascii_iequals(field.substr(0, equals), "bytes"))
        return {};

    byte_ranges result;
    bool refused = false;
    std::size_t count = 0;
    std::string_view rest = field.substr(equals + 1);
    for (bool more = true; more;) {
        std::size_t const comma = rest.find(',');
        std::string_view const item = trim(rest.substr(0, comma));
        more = comma != rest.npos;
        if (more) rest.remove_prefix(comma + 1);
        if (item.empty()) continue;  // RFC 9110 5.6.1.2

        std::size_t const dash = item.find('-');
        if (dash == item.npos) return {};
        range_number const first = parse_range_number(trim(item.substr(0, dash)));
        range_number const last = parse_range_number(trim(item.substr(dash + 1)));
        if (first.what == kind::malformed || last.what == kind::malformed) return {};
        if (first.what == kind::absent && last.what == kind::absent) return {};
        if (++count > byte_ranges::most || first.what == kind::overflow ||
            last.what == kind::overflow) {
            refused = true;
        } else if (first.what == kind::absent) {
            if (last.value > 0 && size > 0)
                result.ranges.push_back({size - std::min(last.value, size), size - 1});
        } else if (last.what == kind::number && last.value < first.value) {
            refused = true;
        } else if (first.value < size) {
            bool const to_end = last.what == kind::absent || last.value >= size;
            result.ranges.push_back({first.value, to_end ? size - 1 : last.value});
        }
    }
    if (count == 0) return {};

    auto sorted = result.ranges;
    std::ranges::sort(sorted, {}, &byte_range::first);
    for (std::size_t i = 1; i < sorted.size(); ++i)
        refused = refused || sorted[i].first <= sorted[i - 1].last;
    if (refused) result.ranges.clear();
    result.what = result.ranges.empty() ? verdict::unsatisfiable : verdict::some;
    return result;
}

}  // namespace httphooks::http::detail
