// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    One route pattern, as "/users/:id/posts": compiled once, matched against targets.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/routes/compiled_pattern.hpp>
#include <httphooks/error.hpp>
#include <httphooks/url.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks {

class captures;

/** A pattern of request targets.

    `:name` stands for one or more characters of a segment (as many as possible), `*name` for any
    run of characters, '/' included (as few as possible), `*` for the same without a name. All other
    characters are themselves. The '/' that a pattern begins with is the path's first, so that a
    splat behind it begins behind it too; a pattern without one matches the path with its first '/'
    or without. One trailing '/' is optional. `?a=:x&b=1&*` asks for the keys of the query, `*`
    there allows others; `#...` is a path pattern for the fragment. A part that is left out matches
    anything. Literals are normalised as paths are, so that a pattern can be written as people write
    it ("/a b", "/é"). Of two parameters of one name, the last counts.

    Matching takes time at most proportional to the pattern's length times the target's.
    A route_pattern is a cheap copy of a handle.
    @par Thread safety
    Distinct and shared objects: safe; it never changes.
    @par Source
    The grammar of the npm module route-pattern 0.0.6
*/
class route_pattern {
public:
    /** Compiles a pattern.
        @throws std::invalid_argument that says what is wrong, and at which position, counted from
        0.
    */
    explicit route_pattern(std::string_view text)
        : compiled_(std::make_shared<detail::compiled_pattern const>(text)) {}

    /// Compiles a pattern; error::invalid_pattern when that is not possible.
    static result<route_pattern> parse(std::string_view text);

    /// The pattern as it was given.
    std::string const& text() const noexcept { return compiled_->text; }

    /// The names of the parameters, each once, in the order of their first appearance.
    std::vector<std::string> const& names() const noexcept { return compiled_->names; }

    /// Whether the pattern matches; the values of its parameters do not matter.
    bool match(url const& location) const;

    /** Whether the pattern matches.
        @param found takes the values of the parameters, if so; valid as long as the pattern, the
        url and the url's target live unchanged.
    */
    bool match(url const& location, captures& found) const;

    /// What the table of routes needs.
    detail::compiled_pattern const& compiled() const noexcept { return *compiled_; }

private:
    std::shared_ptr<detail::compiled_pattern const> compiled_;
};

/// The values that the parameters of a pattern took in one match; an object to be used again.
class captures {
public:
    /// The first value, still escaped; nothing when the pattern has no parameter of this name.
    std::optional<std::string_view> raw(std::string_view name) const noexcept;

    /// The first value, decoded.
    std::optional<std::string> decoded(std::string_view name) const;

    /// All values, decoded: more than one when a parameter of the query was given several times.
    std::vector<std::string> values(std::string_view name) const;

private:
    friend class route_pattern;
    detail::compiled_pattern const* pattern_ = nullptr;
    std::string_view query_;
    std::vector<std::string_view> values_;
};

namespace detail {

/// All values of a parameter, decoded, given the first of them and the query it may come from.
std::vector<std::string> all_values(capture_info const& capture, std::string_view first,
                                    std::string_view query);

}  // namespace detail

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/route_pattern.ipp>
#endif
