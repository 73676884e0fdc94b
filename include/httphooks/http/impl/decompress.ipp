// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/decompress.hpp>

#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/detail/text/quality_value.hpp>
#include <httphooks/http/accept_encoding.hpp>
#include <httphooks/http/content_coding.hpp>
#include <httphooks/message.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::http {

namespace detail {

/// The codings of a body, without "identity".
struct applied_codings {
    /// The last one.
    std::string_view name{};
    std::size_t count = 0;
};

inline applied_codings codings_of(fields const& header) noexcept {
    applied_codings applied;
    auto const [first, last] = header.equal_range(field::content_encoding);
    for (auto f = first; f != last; ++f)
        httphooks::detail::for_each_element(f->value(), [&applied](std::string_view name) {
            if (httphooks::detail::ascii_iequals(name, "identity")) return;
            applied.name = name;
            ++applied.count;
        });
    return applied;
}

}  // namespace detail

HTTPHOOKS_DECL decompress::decompress(decompress_options o) : options_(std::move(o)) {
    if (options_.codings.empty()) throw std::invalid_argument("decompress: there is no coding");
    for (auto const& c : options_.codings) {
        if (!c) throw std::invalid_argument("decompress: a coding is null");
        if (!accepted_.empty()) accepted_ += ", ";
        accepted_ += c->name();
    }
}

HTTPHOOKS_DECL status decompress::apply(fields const& header, std::string const& body,
                                        std::uint64_t most, std::string& out) const {
    auto const applied = detail::codings_of(header);
    if (applied.count == 0 || body.empty()) return status::continue_;
    auto const coding = std::ranges::find_if(options_.codings, [&applied](auto const& c) {
        return same_coding(c->name(), applied.name);
    });
    if (applied.count > 1 || coding == options_.codings.end())
        return status::unsupported_media_type;
    most = std::min(most, options_.limit);
    if (options_.ratio > 0) most = std::min<std::uint64_t>(most, body.size() * options_.ratio);
    switch ((*coding)->decode(body, most, out)) {
        case decoded::good:
            return status::ok;
        case decoded::too_big:
            return status::payload_too_large;
        case decoded::broken:
            break;
    }
    return status::bad_request;
}

HTTPHOOKS_DECL status decompress::apply(request& r, std::uint64_t most) const {
    std::string content;
    status const s = apply(r, r.body(), most, content);
    if (s != status::ok) return s == status::continue_ ? status::ok : s;
    r.body() = std::move(content);
    r.erase(field::content_encoding);
    r.erase(field::transfer_encoding);
    r.set(field::content_length, std::to_string(r.body().size()));
    return s;
}

}  // namespace httphooks::http
