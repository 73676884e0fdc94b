// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/routes/path_matcher.hpp>

#include <httphooks/detail/system/recycle.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks::detail {

HTTPHOOKS_DECL void path_matcher::add_literal(std::string_view text) {
    if (text.empty()) return;
    least_ += text.size();
    if (!tokens_.empty() && tokens_.back().kind == kind::literal)
        tokens_.back().text += text;
    else
        tokens_.push_back({kind::literal, std::string(text), path_token::none});
}

HTTPHOOKS_DECL void path_matcher::add_capture(kind what, std::size_t capture) {
    ++wildcards_;
    if (what == kind::param) ++least_;
    tokens_.push_back({what, {}, capture});
}

HTTPHOOKS_DECL bool path_matcher::match(std::string_view text, std::string_view* captures) const {
    if (!text.starts_with('/')) return match_rest(text, captures);
    return match_rest(text.substr(1), captures) || (!rooted_ && match_rest(text, captures));
}

inline bool path_matcher::match_rest(std::string_view text,
                                             std::string_view* captures) const {
    if (text.size() < least_) return false;
    if (tokens_.empty()) return is_literal(text, {});
    path_token const& first = tokens_.front();
    path_token const& last = tokens_.back();
    if (wildcards_ == 0) return is_literal(text, first.text);
    if (first.kind == kind::literal && !text.starts_with(first.text)) return false;
    if (last.kind == kind::literal && !ends_with(text, last.text)) return false;
    return wildcards_ == 1 ? match_one_wildcard(text, captures) : match_many(text, captures);
}

inline bool path_matcher::match_one_wildcard(std::string_view text,
                                                     std::string_view* captures) const {
    std::size_t const at = tokens_.front().kind == kind::literal ? 1 : 0;
    path_token const& wildcard = tokens_[at];
    std::size_t const before = at == 1 ? tokens_.front().text.size() : 0;
    std::string_view const after =
        at + 1 < tokens_.size() ? std::string_view(tokens_[at + 1].text) : std::string_view();
    auto const ends_at = [&](std::size_t end) {
        if (end < before + after.size() || !text.substr(0, end).ends_with(after)) return false;
        std::string_view const value = text.substr(before, end - after.size() - before);
        if (wildcard.kind == kind::param &&
            (value.empty() || value.find('/') != std::string_view::npos))
            return false;
        keep(wildcard, value, captures);
        return true;
    };
    if (!text.empty() && text.back() == '/' && ends_at(text.size() - 1)) return true;
    return ends_at(text.size());
}

inline bool path_matcher::match_many(std::string_view text,
                                             std::string_view* captures) const {
    std::size_t const n = text.size();
    std::size_t const width = n + 1;
    std::size_t const count = tokens_.size();
    // Row t holds 1 at the positions from which the tokens t, t + 1, ... match the rest.
    std::vector<unsigned char, recycling_allocator<unsigned char>> rows((count + 1) * width);
    unsigned char* const last_row = rows.data() + count * width;
    last_row[n] = 1;
    if (n > 0 && text[n - 1] == '/') last_row[n - 1] = 1;

    for (std::size_t t = count; t-- > 0;) {
        path_token const& token = tokens_[t];
        unsigned char* const row = rows.data() + t * width;
        unsigned char const* const next = row + width;
        if (token.kind == kind::literal) {
            std::size_t const size = token.text.size();
            if (size > n) return false;
            char const c = token.text.front();
            for (std::size_t p = 0; p + size <= n; ++p)
                row[p] = static_cast<unsigned char>((text[p] == c) & (next[p + size] != 0));
            if (size > 1)
                for (std::size_t p = 0; p + size <= n; ++p)
                    if (row[p] && std::memcmp(text.data() + p, token.text.data(), size) != 0)
                        row[p] = 0;
        } else if (token.kind == kind::splat) {
            std::size_t p = width;
            while (p > 0 && !next[p - 1]) --p;
            if (p == 0) return false;
            std::memset(row, 1, p);
        } else {
            unsigned char matches = 0;
            for (std::size_t p = n; p-- > 0;) {
                matches = static_cast<unsigned char>(matches | next[p + 1]);
                if (text[p] == '/') matches = 0;
                row[p] = matches;
            }
        }
    }
    if (!rows[0]) return false;

    std::size_t at = 0;
    for (std::size_t t = 0; t < count; ++t) {
        path_token const& token = tokens_[t];
        unsigned char const* const next = rows.data() + (t + 1) * width;
        std::size_t end = at;
        if (token.kind == kind::literal) {
            end += token.text.size();
        } else if (token.kind == kind::splat) {
            while (!next[end]) ++end;
        } else {
            end = std::min(text.find('/', at), n);
            while (!next[end]) --end;
        }
        keep(token, text.substr(at, end - at), captures);
        at = end;
    }
    return true;
}

}  // namespace httphooks::detail
