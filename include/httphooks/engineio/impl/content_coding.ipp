// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/engineio/content_coding.hpp>

#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/detail/text/quality_value.hpp>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <tuple>

namespace httphooks::engineio {

HTTPHOOKS_DECL content_coding preferred_coding(std::string_view accept_encoding) noexcept {
    // quality, whether the coding is named, and how early
    using preference = std::tuple<int, bool, std::ptrdiff_t>;
    auto const none = preference{0, false, 0};
    auto best = content_coding::identity;
    auto best_of = none;
    for (auto const coding : {content_coding::gzip, content_coding::deflate}) {
        auto here = none;
        bool named = false;
        std::ptrdiff_t place = 0;
        for (std::string_view rest = accept_encoding; !rest.empty(); --place) {
            std::size_t const comma = std::min(rest.find(','), rest.size());
            auto const a = httphooks::detail::read_wanted(rest.substr(0, comma));
            rest.remove_prefix(std::min(comma + 1, rest.size()));
            bool const exact = httphooks::detail::ascii_iequals(a.name, to_string(coding));
            if (!exact && (named || a.name != "*")) continue;
            preference const p{a.quality, exact, place};
            here = exact && !named ? p : std::max(here, p);
            named = named || exact;
        }
        if (std::get<0>(here) > 0 && here > best_of) {
            best = coding;
            best_of = here;
        }
    }
    return best;
}

}  // namespace httphooks::engineio
