// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Whether every path that one pattern matches is matched by one of others too, and which path two
    of them match.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/routes/path_matcher.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks::detail {

/** The paths that a path_matcher matches, as a nondeterministic automaton.

    A place is an index into `steps`; the last one is where a match ends. Characters are bytes; a
    byte that no pattern writes is as good as any other.
*/
class path_automaton {
public:
    /// All paths.
    path_automaton() : path_automaton({{splat, {}, path_token::none}}, true) {}
    explicit path_automaton(path_matcher const& matcher)
        : path_automaton(matcher.tokens(), matcher.rooted()) {}

    /// This path, which begins with '/'.
    static path_automaton of(std::string_view path) {
        return path_automaton({literal(path)}, true);
    }
    /// All paths below this one.
    static path_automaton below(std::string_view path) {
        return path_automaton({literal(std::string(path) + "/"), {splat, {}, path_token::none}},
                              true);
    }

    using place = std::uint32_t;

    /// Places at which a match may begin.
    std::vector<place> begin() const { return closure({0}); }
    /// Whether a match may end at one of these.
    bool ends(std::vector<place> const& at) const {
        return std::find(at.begin(), at.end(), static_cast<place>(steps_.size())) != at.end();
    }
    /// Where a byte leads to.
    std::vector<place> next(std::vector<place> const& at, char c) const;
    /// Adds the bytes that are written in the pattern and are not there yet.
    void add_alphabet(std::string& to) const;

    /** The shortest text that both match; nothing when there is none, or when finding it would take
        too long.
        @param path whether it has to be a path: one that begins with '/', and has no two in a row
    */
    static std::optional<std::string> common(path_automaton const& a, path_automaton const& b,
                                             bool path);

private:
    class common_search;

    static constexpr auto param = path_token::kind_type::param;
    static constexpr auto splat = path_token::kind_type::splat;

    /// What leads from a place to the one behind it.
    struct step {
        enum class kind_type : std::uint8_t {
            byte,      ///< this byte
            maybe,     ///< this byte, or nothing
            one,       ///< a byte that is no '/'
            repeated,  ///< any number of bytes that are no '/'
            any,       ///< any number of bytes
        };
        kind_type kind;
        char byte;
    };

    path_automaton(std::vector<path_token> const& tokens, bool rooted);
    static path_token literal(std::string_view path) {
        return {path_token::kind_type::literal, std::string(path.substr(1)), path_token::none};
    }
    std::vector<place> closure(std::vector<place> at) const;
    static bool skips(step s) {
        return s.kind == step::kind_type::maybe || s.kind == step::kind_type::repeated ||
               s.kind == step::kind_type::any;
    }

    std::vector<step> steps_;
};

/** Whether every normalised path that `path` matches is matched by one of `others` too. False also
    when finding out would take too long. */
bool covered(path_automaton const& path, std::vector<path_automaton> const& others);

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/routes/impl/path_coverage.ipp>
#endif
