// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/accept_encoding.hpp>

#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/detail/text/quality_value.hpp>
#include <httphooks/fields.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>

namespace httphooks::http {

HTTPHOOKS_DECL bool same_coding(std::string_view a, std::string_view b) noexcept {
    auto const plain = [](std::string_view name) {
        bool const old = httphooks::detail::ascii_iequals(name, "x-gzip") ||
                         httphooks::detail::ascii_iequals(name, "x-compress");
        return old ? name.substr(2) : name;
    };
    return httphooks::detail::ascii_iequals(plain(a), plain(b));
}

HTTPHOOKS_DECL bool accept_encoding::given() const noexcept {
    return header_->contains(field::accept_encoding);
}

HTTPHOOKS_DECL int accept_encoding::quality(std::string_view coding) const noexcept {
    int named = -1;
    int any = -1;
    auto const [first, last] = header_->equal_range(field::accept_encoding);
    for (auto f = first; f != last; ++f)
        httphooks::detail::for_each_element(f->value(), [&](std::string_view element) {
            auto const wanted = httphooks::detail::read_wanted(element);
            if (wanted.name == "*")
                any = std::max(any, wanted.quality);
            else if (same_coding(wanted.name, coding))
                named = std::max(named, wanted.quality);
        });
    if (named >= 0) return named;
    if (any >= 0) return any;
    // what is not compressed is taken, but nobody prefers it who does not say so
    return same_coding(coding, "identity") ? 1 : 0;
}

HTTPHOOKS_DECL std::size_t accept_encoding::preferred(
    std::span<std::string_view const> codings) const noexcept {
    if (!given()) return npos;
    std::size_t best = npos;
    int most = std::max(quality("identity") - 1, 0);  // of two that are equal, the compressed one
    for (std::size_t i = 0; i < codings.size(); ++i)
        if (int const q = quality(codings[i]); q > most) {
            most = q;
            best = i;
        }
    return best;
}

}  // namespace httphooks::http
