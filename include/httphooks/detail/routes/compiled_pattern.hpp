// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a route pattern compiles to, and the compiler.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/routes/path_matcher.hpp>
#include <httphooks/url.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks::detail {

/// The part of a target that a parameter is taken from.
enum class capture_source : std::uint8_t { path, query, fragment };

/// A named parameter of a pattern.
struct capture_info {
    std::string name;
    capture_source source;
    /// In a path of whole segments: the segment's index; a splat begins there.
    std::size_t segment = 0;
    bool splat = false;
    /// For the query: the key, decoded, and how many values of that key come before this one.
    std::string key = {};
    std::size_t skip = 0;
};

/// A leading whole segment of a pattern's path.
struct pattern_segment {
    bool param;
    std::string literal;
};

/// What a pattern asks of the values of one query key, in their order.
struct query_rule {
    struct wanted {
        /// The value, decoded, when nothing is captured.
        std::string value;
        std::size_t capture = path_token::none;
    };
    std::string key;
    std::vector<wanted> values;
};

/// A pattern, ready to match.
struct compiled_pattern {
    std::string text;
    std::vector<capture_info> captures;
    std::vector<std::string> names;

    bool has_path = false;
    path_matcher path;
    /// The leading whole segments of the path, for the table.
    std::vector<pattern_segment> segments;
    /// Whether more may follow the segments.
    bool open_end = false;
    /// Whether segments and open_end say all about the path.
    bool whole_segments = true;

    std::vector<query_rule> query;
    bool other_query_keys = true;

    bool has_fragment = false;
    path_matcher fragment;

    /// @throws std::invalid_argument that says where the text is wrong.
    explicit compiled_pattern(std::string_view pattern_text);

    /// Whether the path's segments alone decide, and give the captures.
    bool is_simple() const noexcept {
        return whole_segments && query.empty() && other_query_keys && !has_fragment;
    }

    /// The index of the capture of this name: the last of them; or path_token::none.
    std::size_t find(std::string_view name) const noexcept {
        for (std::size_t i = captures.size(); i-- > 0;)
            if (captures[i].name == name) return i;
        return path_token::none;
    }

    /// @param out one view for each of `captures`.
    bool match(url const& location, std::string_view* out) const;

private:
    [[noreturn]] inline void fail(char const* what, std::size_t position) const;
    std::size_t add_capture(std::size_t begin, std::size_t end, capture_source source);
    inline std::size_t end_of_name(std::size_t at, std::size_t end) const noexcept;
    inline std::string canonical(std::size_t at, std::size_t& next) const;
    inline std::vector<path_token> tokenise(std::size_t begin, std::size_t end, capture_source source);
    inline void compile_path(std::size_t begin, std::size_t end);
    inline void compile_query(std::size_t begin, std::size_t end);
    inline void compile_query_item(std::size_t begin, std::size_t end);
    inline void compile_fragment(std::size_t begin, std::size_t end);
    inline bool match_query(std::string_view text, std::string_view* out) const;
    inline bool match_fragment(url const& location, std::string_view* out) const;
};

/// Gives every token to the matcher.
inline void append_tokens(path_matcher& matcher, std::vector<path_token> const& tokens) {
    for (path_token const& token : tokens)
        if (token.kind == path_token::kind_type::literal)
            matcher.add_literal(token.text);
        else
            matcher.add_capture(token.kind, token.capture);
}

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/routes/impl/compiled_pattern.ipp>
#endif
