// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Matches a path against literals, parameters and splats, in time tokens x length.
*/

#include <httphooks/config.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::detail {

/// A piece of a pattern.
struct path_token {
    /// What a piece may be.
    enum class kind_type : std::uint8_t {
        /// itself
        literal,
        /// one or more characters, no '/'; as many as possible
        param,
        /// any characters; as few as possible
        splat
    };

    /// No capture.
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    kind_type kind;
    /// The literal, in canonical spelling.
    std::string text;
    /// Where the capture goes.
    std::size_t capture = none;
};

/** A sequence of tokens, with one optional '/' behind it.

    The '/' that a text begins with is not the tokens' to match. Those that are not rooted may match
    it nevertheless, when they match nothing else.
    There is no backtracking: a pass from the last token to the first finds the positions from which
    the rest matches, and a pass from the first to the last chooses among them.
*/
class path_matcher {
public:
    using kind = path_token::kind_type;

    /// Has the '/' before the tokens be the one that a text begins with.
    void root() noexcept { rooted_ = true; }
    bool rooted() const noexcept { return rooted_; }

    /// Appends a literal, to the last token if that is one too.
    void add_literal(std::string_view text);
    /// Appends a parameter or a splat.
    void add_capture(kind what, std::size_t capture);

    /// The tokens; no two literals are neighbours.
    std::vector<path_token> const& tokens() const noexcept { return tokens_; }

    /** Matches the whole of `text`.
        @param text a path, or "*", which is as good as the path of that segment
        @param captures written at the tokens' indexes, if it matches.
    */
    bool match(std::string_view text, std::string_view* captures) const;

private:
    inline bool match_rest(std::string_view text, std::string_view* captures) const;
    inline bool match_one_wildcard(std::string_view text, std::string_view* captures) const;
    inline bool match_many(std::string_view text, std::string_view* captures) const;

    static void keep(path_token const& token, std::string_view value,
                     std::string_view* captures) noexcept {
        if (token.capture != path_token::none) captures[token.capture] = value;
    }

    /// Whether `text` is `literal`, with or without a '/' behind it.
    static bool is_literal(std::string_view text, std::string_view literal) noexcept {
        if (!text.starts_with(literal)) return false;
        return text.size() == literal.size() ||
               (text.size() == literal.size() + 1 && text.back() == '/');
    }

    static bool ends_with(std::string_view text, std::string_view literal) noexcept {
        if (text.ends_with(literal)) return true;
        if (text.empty() || text.back() != '/') return false;
        text.remove_suffix(1);
        return text.ends_with(literal);
    }

    std::vector<path_token> tokens_;
    bool rooted_ = false;
    std::size_t wildcards_ = 0;
    std::size_t least_ = 0;
};

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/routes/impl/path_matcher.ipp>
#endif
