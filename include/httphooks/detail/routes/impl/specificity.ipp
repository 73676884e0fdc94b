// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/routes/specificity.hpp>

#include <httphooks/detail/routes/compiled_pattern.hpp>
#include <httphooks/detail/routes/path_matcher.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace httphooks::detail {

/// Takes a pattern's path to pieces, a character for each segment; the smaller, the more specific.
class path_specificity {
public:
    explicit path_specificity(path_matcher const& path) {
        for (path_token const& token : path.tokens()) add(token);
        end_segment();
        text_ += splat_ ? end_behind_splat : end;
    }

    std::string take() { return std::move(text_); }

    /// The path of a pattern that has none.
    static std::string of_any_path() { return {splat, end_behind_splat}; }

private:
    static constexpr char literal = 'a';
    static constexpr char param = 'b';
    static constexpr char mixture = 'c';
    static constexpr char end = 'd';  // "/a" before "/a/*", which both match "/a/"
    static constexpr char mixture_with_splat = 'e';
    static constexpr char splat = 'f';
    static constexpr char end_behind_splat = 'g';  // "/*/x" before "/*"

    void add(path_token const& token) {
        using kind = path_token::kind_type;
        if (token.kind != kind::literal) {
            ++pieces_;
            has_splat_ = has_splat_ || token.kind == kind::splat;
            has_param_ = has_param_ || token.kind == kind::param;
            return;
        }
        std::string_view rest = token.text;
        for (;;) {
            std::size_t const slash = std::min(rest.find('/'), rest.size());
            if (slash > 0) ++pieces_;
            if (slash == rest.size()) return;
            end_segment();
            rest.remove_prefix(slash + 1);
        }
    }

    void end_segment() {
        if (pieces_ == 0) return;
        splat_ = splat_ || has_splat_;
        if (pieces_ > 1)
            text_ += has_splat_ ? mixture_with_splat : mixture;
        else
            text_ += has_splat_ ? splat : has_param_ ? param : literal;
        pieces_ = 0;
        has_splat_ = has_param_ = false;
    }

    std::string text_;
    /// The segment that is not over yet.
    std::size_t pieces_ = 0;
    bool has_splat_ = false;
    bool has_param_ = false;
    /// Whether there was a splat in any segment.
    bool splat_ = false;
};

HTTPHOOKS_DECL std::string specificity_of(compiled_pattern const& pattern) {
    std::string text =
        pattern.has_path ? path_specificity(pattern.path).take() : path_specificity::of_any_path();
    bool const asks = !pattern.query.empty() || !pattern.other_query_keys;
    text += asks ? 'a' : 'b';
    std::size_t literals = 0;
    for (query_rule const& rule : pattern.query)
        literals += static_cast<std::size_t>(
            std::ranges::count(rule.values, path_token::none, &query_rule::wanted::capture));
    auto const more_first = [](std::size_t n) {
        return static_cast<char>(static_cast<unsigned char>(255 - std::min<std::size_t>(n, 255)));
    };
    text += more_first(literals);
    text += more_first(pattern.query.size());
    return text;
}

}  // namespace httphooks::detail
