// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    A line with a target, then lines with patterns: the table finds what the patterns find alone.
*/

#include <httphooks/route_table.hpp>

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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<char const*>(data), size);
    if (size > 4096) return 0;
    auto const line = [&] {
        std::size_t const end = rest.find('\n');
        std::string const text(rest.substr(0, end));
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        return text;
    };
    std::string const target = line();
    httphooks::url location;
    if (location.parse(target, true)) return 0;

    std::vector<httphooks::route_pattern> patterns;
    httphooks::route_table<std::size_t> table;
    httphooks::detail::route_automaton walked;
    while (!rest.empty() && patterns.size() < 64) {
        try {
            patterns.emplace_back(line());
        } catch (std::invalid_argument const&) {
            continue;
        }
        table.insert(boost::beast::http::verb::get, patterns.back(), patterns.size() - 1);
        walked.add(patterns.back().compiled(), 0);
    }
    table.build();
    walked.build(0);
    httphooks::route_table<std::size_t>::match_list found;
    httphooks::detail::route_hits hits;
    table.lookup(boost::beast::http::verb::head, location, found);
    walked.lookup(location, 1, hits);
    std::size_t at = 0;
    for (std::size_t p = 0; p < patterns.size(); ++p) {
        httphooks::captures one;
        if (!patterns[p].match(location, one)) continue;
        require(at < found.size() && found[at].value == p);
        require(at < hits.count && hits.hits[at].entry == p);
        for (std::string const& name : patterns[p].names()) {
            require(found.param(at, name) == one.raw(name));
            require(hits.value(at, *hits.find(at, name)) == one.raw(name));
            require(found.values(at, name) == one.values(name));
        }
        ++at;
    }
    require(found.size() == at && hits.count == at);
    return 0;
}
