// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A request target, split into its parts and normalised; escapes; the pairs of a query.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/text/url_chars.hpp>
#include <httphooks/error.hpp>

#include <algorithm>
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
    void clear() noexcept;
    error_code parse_parts(std::string_view target, bool fragment_allowed);
    error_code parse_absolute(std::string_view target, bool fragment_allowed);
    error_code parse_path(std::string_view path);
    error_code parse_fragment(std::string_view fragment);

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

// ---------------------------------------------------------------------------------------------

inline void url::clear() noexcept {
    path_ = query_ = fragment_ = host_ = {};
    has_query_ = has_fragment_ = escapes_ = false;
}

inline error_code url::parse(std::string_view target, bool fragment_allowed) {
    clear();
    if (detail::is_plain_path(target)) {
        path_ = target;
        return {};
    }
    if (std::size_t const question = target.find('?'); question != std::string_view::npos) {
        std::string_view const path = target.substr(0, question);
        std::string_view const query = target.substr(question + 1);
        unsigned const refused = detail::url_invalid | detail::url_hash;
        if (detail::is_plain_path(path) && !detail::has_byte(query, refused)) {
            path_ = path;
            query_ = query;
            has_query_ = true;
            return {};
        }
    }
    error_code ec;
    if (target == "*")
        path_ = target;
    else if (detail::has_byte(target, detail::url_invalid))
        ec = target.find('\0') == std::string_view::npos ? error::invalid_target : error::null_byte;
    else if (!target.empty() && target.front() == '/')
        ec = parse_parts(target, fragment_allowed);
    else
        ec = parse_absolute(target, fragment_allowed);
    if (ec) clear();
    return ec;
}

inline error_code url::parse_absolute(std::string_view target, bool fragment_allowed) {
    auto const has_scheme = [&](std::string_view scheme) {
        if (target.size() <= scheme.size()) return false;
        for (std::size_t i = 0; i < scheme.size(); ++i) {
            char const c = target[i];
            char const lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
            if (lower != scheme[i]) return false;
        }
        return true;
    };
    if (has_scheme("http://"))
        target.remove_prefix(7);
    else if (has_scheme("https://"))
        target.remove_prefix(8);
    else
        return error::invalid_target;

    std::size_t const end = std::min(target.find_first_of("/?#"), target.size());
    std::string_view const authority = target.substr(0, end);
    if (authority.empty() || authority.front() == ':' ||
        authority.find('@') != std::string_view::npos)
        return error::invalid_target;
    std::string_view const rest = target.substr(end);
    error_code ec;
    if (!rest.empty() && rest.front() == '/') {
        ec = parse_parts(rest, fragment_allowed);
    } else {
        ec = parse_parts(rest, fragment_allowed);
        path_ = "/";
    }
    host_ = authority;
    return ec;
}

inline error_code url::parse_parts(std::string_view target, bool fragment_allowed) {
    if (std::size_t const hash = target.find('#'); hash != std::string_view::npos) {
        if (!fragment_allowed) return error::invalid_target;
        if (error_code ec = parse_fragment(target.substr(hash + 1))) return ec;
        target = target.substr(0, hash);
    }
    if (std::size_t const question = target.find('?'); question != std::string_view::npos) {
        query_ = target.substr(question + 1);
        has_query_ = true;
        target = target.substr(0, question);
    }
    return parse_path(target);
}

inline error_code url::parse_fragment(std::string_view fragment) {
    if (fragment.find('#') != std::string_view::npos) return error::invalid_target;
    has_fragment_ = true;
    fragment_ = fragment;
    if (fragment.find_first_of("%[]") == std::string_view::npos) return {};
    fragment_buffer_.clear();
    if (error_code ec = detail::append_canonical_escapes(fragment_buffer_, fragment)) return ec;
    fragment_ = fragment_buffer_;
    return {};
}

inline error_code url::parse_path(std::string_view path) {
    path_ = path;
    if (path.empty() || detail::is_plain_path(path) || detail::is_plain_path_bytewise(path))
        return {};

    escapes_ = true;
    std::string& out = path_buffer_;
    out.clear();
    out.push_back('/');
    std::size_t at = 0;
    while (at < path.size()) {
        if (path[at] == '/') {
            ++at;
            continue;
        }
        std::size_t const end = std::min(path.find('/', at), path.size());
        std::size_t const begin = out.size();
        if (error_code ec = detail::append_canonical_escapes(out, path.substr(at, end - at)))
            return ec;
        std::string_view const segment = std::string_view(out).substr(begin);
        if (segment == ".") {
            out.resize(begin);
        } else if (segment == "..") {
            if (begin == 1) return error::path_above_root;
            out.resize(out.rfind('/', begin - 2) + 1);
        } else if (end < path.size()) {
            out.push_back('/');
        }
        at = end;
    }
    path_ = out;
    return {};
}

inline query_view::iterator& query_view::iterator::operator++() noexcept {
    while (next_ != end_) {
        char const* const begin = next_;
        std::string_view const rest(begin, static_cast<std::size_t>(end_ - begin));
        std::size_t const size = std::min(rest.find('&'), rest.size());
        next_ = begin + size + (size < rest.size() ? 1 : 0);
        if (size == 0) continue;
        std::string_view const piece = rest.substr(0, size);
        std::size_t const equals = piece.find('=');
        begin_ = begin;
        pair_.key = piece.substr(0, equals);
        pair_.value =
            equals == std::string_view::npos ? std::string_view() : piece.substr(equals + 1);
        return *this;
    }
    *this = iterator();
    return *this;
}

namespace detail {

inline void append_decoded(std::string& out, std::string_view text, bool plus_is_space) {
    if (!needs_decoding(text, plus_is_space)) {
        out.append(text);
        return;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            if (int const byte = escaped_byte(text, i); byte >= 0) {
                c = static_cast<char>(byte);
                i += 2;
            }
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        out.push_back(c);
    }
}

inline error_code append_canonical_escapes(std::string& out, std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const c = text[i];
        if (c == '%') {
            int const byte = escaped_byte(text, i);
            if (byte < 0) return error::invalid_escape;
            if (byte == 0) return error::null_byte;
            append_canonical(out, static_cast<unsigned char>(byte));
            i += 2;
        } else if (url_class_of(c) & url_bracket) {
            append_escape(out, static_cast<unsigned char>(c));
        } else {
            out.push_back(c);
        }
    }
    return {};
}

inline std::string encode(std::string_view text, bool space_is_plus) {
    std::string out;
    out.reserve(text.size());
    for (char c : text) {
        auto const byte = static_cast<unsigned char>(c);
        if (is_unreserved(byte))
            out.push_back(c);
        else if (c == ' ' && space_is_plus)
            out.push_back('+');
        else
            append_escape(out, byte);
    }
    return out;
}

}  // namespace detail

inline std::string percent_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    detail::append_decoded(out, text, false);
    return out;
}

inline std::string form_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    detail::append_decoded(out, text, true);
    return out;
}

inline std::string percent_encode(std::string_view text) {
    return detail::encode(text, false);
}

inline std::string form_encode(std::string_view text) {
    return detail::encode(text, true);
}

}  // namespace httphooks
