// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A request target, split into its parts and normalised; escapes; the pairs of a query.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>

#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>

namespace httphooks {

/** A request target: split once, its path normalised once.

    A path has one canonical spelling, so that two hooks never disagree about what a path is:
    escapes of characters that need none (pchar) are decoded, other escapes are written in upper
    case, runs of '/' are one '/', and dot segments are resolved, also those that were escaped.
    `%2F` inside a segment stays what it is. A path that is canonical already is not copied: the
    parts are views into the target, which the caller keeps alive and unchanged. An object that is
    used again keeps its memory.
    @par Thread safety
    Distinct objects: safe. Shared objects: the const members.
    @par Source
    RFC 9112 3.2 (forms of a target), RFC 3986 3.3, 5.2.4, 6.2.2 (paths)
*/
class url {
public:
    /// An object without a target: every part is empty.
    url() = default;
    url(url const&) = delete;
    url& operator=(url const&) = delete;

    /** Splits and normalises a target.

        Accepts the origin form ("/path?query"), the absolute form ("http://host/path?query", and
        https) and the asterisk form ("*"). After an error every part is empty.
        @param target as it stands in the request line; kept alive by the caller while the parts are
        in use, unless they are not asked for.
        @param fragment_allowed whether "#fragment" may follow; it may not in an HTTP request.
        @return error::invalid_target: not of these forms, or a byte that must be escaped;
        error::invalid_escape: a `%` in the path without two hexadecimal digits; error::null_byte:
        byte 0 in the path, plain or escaped; error::path_above_root: dot segments leave the root.
    */
    error_code parse(std::string_view target, bool fragment_allowed = false);

    /// The normalised path, still escaped; begins with '/', or is "*".
    std::string_view path() const noexcept { return path_; }
    /// Whether path() may hold escapes; if not, decoding a part of it changes nothing.
    bool may_have_escapes() const noexcept { return escapes_; }
    /// What follows the first '?', as the client sent it.
    std::string_view query() const noexcept { return query_; }
    /// Whether there is a '?'.
    bool has_query() const noexcept { return has_query_; }
    /// What follows the '#', its escapes normalised as those of the path.
    std::string_view fragment() const noexcept { return fragment_; }
    /// Whether there is a '#'.
    bool has_fragment() const noexcept { return has_fragment_; }
    /// Host and port of an absolute form, as the client sent them; else empty.
    std::string_view host() const noexcept { return host_; }

private:
    inline void clear() noexcept;
    inline error_code parse_parts(std::string_view target, bool fragment_allowed);
    inline error_code parse_absolute(std::string_view target, bool fragment_allowed);
    inline error_code parse_path(std::string_view path);
    inline error_code parse_fragment(std::string_view fragment);

    std::string_view path_;
    std::string_view query_;
    std::string_view fragment_;
    std::string_view host_;
    bool has_query_ = false;
    bool has_fragment_ = false;
    bool escapes_ = false;
    std::string path_buffer_;
    std::string fragment_buffer_;
};

/** Replaces every escape by its byte; a malformed escape stays as it is.
    @par Source
    RFC 3986 2.1
*/
std::string percent_decode(std::string_view text);

/** Replaces every escape by its byte and every '+' by a space; a malformed escape stays as it is.
    @par Source
    WHATWG URL, application/x-www-form-urlencoded parsing
*/
std::string form_decode(std::string_view text);

/** Escapes every byte that is not unreserved (letters, digits, `-._~`).
    @par Source
    RFC 3986 2.3; the result is that of encodeURIComponent for what both escape
*/
std::string percent_encode(std::string_view text);

/// As percent_encode, but a space becomes '+'.
std::string form_encode(std::string_view text);

/// One pair of a query, still encoded; the value is empty when there is no '='.
struct query_pair {
    /// What precedes the first '='.
    std::string_view key;
    /// What follows it.
    std::string_view value;
};

/** The pairs of a query, in their order; a forward range of views into it.

    Empty pieces ("a=1&&b=2") are left out.
    @par Source
    WHATWG URL, application/x-www-form-urlencoded parsing
*/
class query_view {
public:
    /// Walks over the pairs.
    class iterator {
    public:
        using value_type = query_pair;
        using difference_type = std::ptrdiff_t;
        using reference = query_pair const&;
        using pointer = query_pair const*;
        using iterator_category = std::forward_iterator_tag;

        iterator() = default;
        reference operator*() const noexcept { return pair_; }
        pointer operator->() const noexcept { return &pair_; }
        iterator& operator++() noexcept;
        iterator operator++(int) noexcept {
            iterator before = *this;
            ++*this;
            return before;
        }
        friend bool operator==(iterator const& a, iterator const& b) noexcept {
            return a.begin_ == b.begin_;
        }

    private:
        friend class query_view;
        iterator(char const* begin, char const* end) noexcept
            : begin_(begin), next_(begin), end_(end) {
            ++*this;
        }

        char const* begin_ = nullptr;
        char const* next_ = nullptr;
        char const* end_ = nullptr;
        query_pair pair_;
    };

    /// No pairs.
    query_view() = default;
    /// @param query what follows the '?' of a target; kept alive by the caller.
    explicit query_view(std::string_view query) noexcept : query_(query) {}

    /// The first pair.
    iterator begin() const noexcept {
        return iterator(query_.data(), query_.data() + query_.size());
    }
    /// Behind the last pair.
    iterator end() const noexcept { return iterator(); }

private:
    std::string_view query_;
};

namespace detail {

/// Appends `text` with its escapes decoded.
void append_decoded(std::string& out, std::string_view text, bool plus_is_space);

/// Appends the canonical spelling of what holds escapes but no dot segments.
error_code append_canonical_escapes(std::string& out, std::string_view text);

/// Whether decoding would change the text.
inline bool needs_decoding(std::string_view text, bool plus_is_space) noexcept {
    return text.find('%') != text.npos || (plus_is_space && text.find('+') != text.npos);
}

}  // namespace detail

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/url.ipp>
#endif
