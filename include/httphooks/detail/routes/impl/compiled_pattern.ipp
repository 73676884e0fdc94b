// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/routes/compiled_pattern.hpp>

#include <httphooks/detail/routes/path_matcher.hpp>
#include <httphooks/detail/text/url_chars.hpp>
#include <httphooks/url.hpp>

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::detail {

HTTPHOOKS_DECL compiled_pattern::compiled_pattern(std::string_view pattern_text)
    : text(pattern_text) {
    std::size_t const hash = std::min(text.find('#'), text.size());
    std::size_t const question = std::min(text.find('?'), hash);
    compile_path(0, question);
    if (question < hash) compile_query(question + 1, hash);
    if (hash < text.size()) compile_fragment(hash + 1, text.size());
    for (capture_info const& capture : captures)
        if (std::find(names.begin(), names.end(), capture.name) == names.end())
            names.push_back(capture.name);
}

inline void compiled_pattern::fail(char const* what, std::size_t position) const {
    throw std::invalid_argument("route pattern \"" + text + "\": " + what + " at position " +
                                std::to_string(position));
}

inline std::size_t compiled_pattern::end_of_name(std::size_t at,
                                                         std::size_t end) const noexcept {
    auto const is_name = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
    };
    while (at < end && is_name(text[at])) ++at;
    return at;
}

HTTPHOOKS_DECL std::size_t compiled_pattern::add_capture(std::size_t begin, std::size_t end,
                                                         capture_source source) {
    captures.push_back({text.substr(begin, end - begin), source});
    return captures.size() - 1;
}

inline std::string compiled_pattern::canonical(std::size_t at, std::size_t& next) const {
    int byte = static_cast<unsigned char>(text[at]);
    next = at + 1;
    if (byte == '%') {
        byte = escaped_byte(text, at);
        next = at + 3;
        if (byte < 0) fail("malformed escape", at);
    }
    if (byte == 0) fail("null byte", at);
    std::string out;
    append_canonical(out, static_cast<unsigned char>(byte));
    return out;
}

inline std::vector<path_token> compiled_pattern::tokenise(std::size_t begin,
                                                                  std::size_t end,
                                                                  capture_source source) {
    using kind = path_token::kind_type;
    std::vector<path_token> tokens;
    for (std::size_t at = begin; at < end;) {
        char const c = text[at];
        if (c == ':' || c == '*') {
            std::size_t const name_end = end_of_name(at + 1, end);
            bool const named = name_end > at + 1;
            if (c == ':' && !named) fail("parameter without a name (write %3A for a colon)", at);
            std::size_t const capture =
                named ? add_capture(at + 1, name_end, source) : path_token::none;
            tokens.push_back({c == ':' ? kind::param : kind::splat, {}, capture});
            at = name_end;
            continue;
        }
        if (tokens.empty() || tokens.back().kind != kind::literal)
            tokens.push_back({kind::literal, {}, path_token::none});
        if (c == '/' || c == '?') {
            tokens.back().text += c;
            ++at;
        } else {
            tokens.back().text += canonical(at, at);
        }
    }
    return tokens;
}

inline void compiled_pattern::compile_path(std::size_t begin, std::size_t end) {
    using kind = path_token::kind_type;
    has_path = begin < end;
    if (!has_path) {
        open_end = true;
        return;
    }
    if (text[begin] == '/') path.root();
    std::vector<std::vector<path_token>> pieces;
    for (std::size_t at = begin; at < end;) {
        std::size_t const piece_end = std::min(text.find('/', at), end);
        std::vector<path_token> tokens = tokenise(at, piece_end, capture_source::path);
        bool const literal = tokens.size() == 1 && tokens.front().kind == kind::literal;
        if (literal && tokens.front().text == "..") {
            if (pieces.empty()) fail("dot segment that leaves the root", at);
            std::vector<path_token> const& dropped = pieces.back();
            if (dropped.size() != 1 || dropped.front().kind != kind::literal)
                fail("dot segment behind a parameter", at);
            pieces.pop_back();
        } else if (!tokens.empty() && !(literal && tokens.front().text == ".")) {
            pieces.push_back(std::move(tokens));
        }
        at = piece_end + 1;
    }
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        if (i > 0) path.add_literal("/");
        append_tokens(path, pieces[i]);
    }
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        path_token const& token = pieces[i].front();
        bool const whole = pieces[i].size() == 1;
        bool const splat = token.kind == kind::splat;
        if (whole && token.capture != path_token::none) {
            captures[token.capture].segment = i;
            captures[token.capture].splat = splat;
        }
        if (whole && !splat) {
            segments.push_back({token.kind == kind::param, token.text});
            continue;
        }
        open_end = true;
        whole_segments = whole && i + 1 == pieces.size();
        break;
    }
}

inline void compiled_pattern::compile_query(std::size_t begin, std::size_t end) {
    if (begin == end) return;
    other_query_keys = false;
    for (std::size_t at = begin; at < end;) {
        std::size_t const item_end = std::min(text.find('&', at), end);
        if (item_end > at) {
            if (item_end == at + 1 && text[at] == '*')
                other_query_keys = true;
            else
                compile_query_item(at, item_end);
        }
        at = item_end + 1;
    }
}

inline void compiled_pattern::compile_query_item(std::size_t begin, std::size_t end) {
    std::size_t const equals = std::min(text.find('=', begin), end);
    std::string key = form_decode(std::string_view(text).substr(begin, equals - begin));
    auto rule =
        std::find_if(query.begin(), query.end(), [&](query_rule const& r) { return r.key == key; });
    if (rule == query.end()) rule = query.insert(query.end(), query_rule{key, {}});
    std::size_t const value = std::min(equals + 1, end);
    if (value < end && text[value] == ':') {
        std::size_t const name_end = end_of_name(value + 1, end);
        if (name_end == value + 1) fail("parameter without a name (write %3A for a colon)", value);
        if (name_end != end) fail("text behind a parameter of the query", name_end);
        std::size_t const capture = add_capture(value + 1, end, capture_source::query);
        captures[capture].key = key;
        captures[capture].skip = rule->values.size();
        rule->values.push_back({{}, capture});
    } else {
        rule->values.push_back(
            {form_decode(std::string_view(text).substr(value, end - value)), path_token::none});
    }
}

inline void compiled_pattern::compile_fragment(std::size_t begin, std::size_t end) {
    if (begin < end && text[begin] == '/') {
        fragment.root();
        ++begin;
    }
    if (begin < end && text[end - 1] == '/') --end;
    has_fragment = true;
    append_tokens(fragment, tokenise(begin, end, capture_source::fragment));
}

HTTPHOOKS_DECL bool compiled_pattern::match(url const& location, std::string_view* out) const {
    if (has_path && !path.match(location.path(), out)) return false;
    if (has_fragment && !match_fragment(location, out)) return false;
    return (query.empty() && other_query_keys) || match_query(location.query(), out);
}

inline bool compiled_pattern::match_fragment(url const& location,
                                                     std::string_view* out) const {
    return location.has_fragment() &&
           (!fragment.rooted() || location.fragment().starts_with('/')) &&
           fragment.match(location.fragment(), out);
}

inline bool compiled_pattern::match_query(std::string_view query_text,
                                                  std::string_view* out) const {
    query_view const pairs(query_text);
    std::size_t known = 0;
    for (query_rule const& rule : query) {
        std::size_t found = 0;
        for (query_pair const& pair : pairs) {
            if (!equals_decoded(pair.key, rule.key, true)) continue;
            std::size_t const nth = std::min(found, rule.values.size() - 1);
            query_rule::wanted const& wanted = rule.values[nth];
            if (wanted.capture == path_token::none) {
                if (found > nth || !equals_decoded(pair.value, wanted.value, true)) return false;
            } else if (found == nth) {
                out[wanted.capture] = pair.value;
            }
            ++found;
        }
        if (found < rule.values.size()) return false;
        known += found;
    }
    if (other_query_keys) return true;
    for (query_pair const& pair : pairs) {
        static_cast<void>(pair);
        if (known == 0) return false;
        --known;
    }
    return true;
}

}  // namespace httphooks::detail
