// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    A line with a pattern and a line with a target: the captures lie where the pattern says.
*/

#include <httphooks/route_pattern.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

using httphooks::detail::path_matcher;
using httphooks::detail::path_token;

/// Whether some choice of the captures matches, the plain way: every position, every token.
bool matches_plainly(path_matcher const& pattern, std::string_view text) {
    std::vector<bool> reached(text.size() + 1);
    reached[0] = !pattern.rooted() || !text.starts_with('/');
    if (text.starts_with('/')) reached[1] = true;
    for (path_token const& token : pattern.tokens()) {
        std::vector<bool> next(text.size() + 1);
        for (std::size_t from = 0; from <= text.size(); ++from) {
            if (!reached[from]) continue;
            if (token.kind == path_token::kind_type::literal) {
                if (text.substr(from).starts_with(token.text))
                    next[from + token.text.size()] = true;
                continue;
            }
            bool const splat = token.kind == path_token::kind_type::splat;
            if (splat) next[from] = true;
            for (std::size_t to = from; to < text.size() && (splat || text[to] != '/'); ++to)
                next[to + 1] = true;
        }
        reached = next;
    }
    return reached[text.size()] ||
           (!text.empty() && text.back() == '/' && reached[text.size() - 1]);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const input(reinterpret_cast<char const*>(data), size);
    std::size_t const newline = input.find('\n');
    if (newline == std::string_view::npos || size > 2048) return 0;
    std::string const target(input.substr(newline + 1));
    httphooks::url location;
    bool const valid = !location.parse(target, true);
    try {
        httphooks::route_pattern const pattern(input.substr(0, newline));
        if (!valid) return 0;
        httphooks::captures found;
        bool const matched = pattern.match(location, found);
        auto const& compiled = pattern.compiled();
        if (compiled.query.empty() && compiled.other_query_keys && !compiled.has_fragment &&
            compiled.has_path)
            require(matched == matches_plainly(compiled.path, location.path()));
        for (std::string const& name : pattern.names()) {
            require(found.raw(name).has_value() == matched);
            require(found.values(name).empty() == !matched);
            if (matched) require(found.values(name).front() == found.decoded(name));
        }
    } catch (std::invalid_argument const&) {
    }
    return 0;
}
