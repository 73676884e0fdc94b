// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/detail/routes/path_coverage.hpp>

#include <httphooks/route_pattern.hpp>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "support/catch.hpp"

using httphooks::route_pattern;
using httphooks::url;
using httphooks::detail::covered;
using httphooks::detail::path_automaton;

namespace {

class coverage_generator {
public:
    explicit coverage_generator(unsigned seed) : random_(seed) {}

    std::size_t below(std::size_t n) {
        return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_);
    }

    std::string pattern() {
        static std::vector<std::string> const pieces{"a", "b",  ":x", "*",   "*x",
                                                     "a", "a*", "*b", "a:x", ":x-:y"};
        std::string text;
        for (std::size_t n = 1 + below(4); n > 0; --n) text += "/" + pieces[below(pieces.size())];
        if (below(4) == 0) text.erase(0, 1);
        return below(8) == 0 ? text + "/" : text;
    }

private:
    std::mt19937 random_;
};

/// All normalised paths of a few characters.
std::vector<std::string> short_paths() {
    std::vector<std::string> paths{"/"};
    for (std::size_t i = 0; i < paths.size(); ++i) {
        if (paths[i].size() == 6) continue;
        for (char const c : {'a', 'b', '-', '/'})
            if (c != '/' || paths[i].back() != '/') paths.push_back(paths[i] + c);
    }
    return paths;
}

bool accepts(path_automaton const& automaton, std::string const& path) {
    auto at = automaton.begin();
    for (char const c : path) at = automaton.next(at, c);
    return automaton.ends(at);
}

bool matches_path(route_pattern const& pattern, std::string const& path) {
    url location;
    REQUIRE_FALSE(location.parse(path));
    return pattern.match(location);
}

}  // namespace

TEST_CASE("The automaton of a pattern takes the paths that the pattern matches") {
    coverage_generator random(17);
    std::vector<std::string> const paths = short_paths();
    for (int round = 0; round < 60; ++round) {
        route_pattern const pattern(random.pattern());
        path_automaton const automaton(pattern.compiled().path);
        for (std::string const& path : paths)
            if (accepts(automaton, path) != matches_path(pattern, path))
                FAIL_CHECK(pattern.text() << " against " << path);
    }
}

TEST_CASE("Patterns cover another exactly when they match all that it matches") {
    coverage_generator random(29);
    std::vector<std::string> const paths = short_paths();
    int coverings = 0;
    for (int round = 0; round < 150; ++round) {
        route_pattern const pattern(random.pattern());
        std::vector<route_pattern> patterns;
        std::vector<path_automaton> automata;
        for (std::size_t n = 1 + random.below(3); n > 0; --n) {
            patterns.emplace_back(random.pattern());
            automata.emplace_back(patterns.back().compiled().path);
        }
        bool const all = covered(path_automaton(pattern.compiled().path), automata);
        coverings += all ? 1 : 0;
        bool escapes = false;
        for (std::string const& path : paths) {
            if (escapes || !matches_path(pattern, path)) continue;
            escapes = true;
            for (route_pattern const& other : patterns)
                if (matches_path(other, path)) escapes = false;
        }
        INFO(pattern.text() << " with " << patterns.front().text());
        CHECK_FALSE((all && escapes));
    }
    CHECK(coverings > 5);
}

TEST_CASE("A path that two patterns match is found exactly when there is one") {
    coverage_generator random(31);
    std::vector<std::string> const paths = short_paths();
    int found = 0;
    for (int round = 0; round < 400; ++round) {
        route_pattern const a(random.pattern());
        route_pattern const b(random.pattern());
        auto const common = path_automaton::common(path_automaton(a.compiled().path),
                                                   path_automaton(b.compiled().path), true);
        INFO(a.text() << " and " << b.text() << ": " << common.value_or("none"));
        auto const shorter = [&](std::string const& path) {
            return matches_path(a, path) && matches_path(b, path) &&
                   (!common || path.size() < common->size());
        };
        CHECK(std::none_of(paths.begin(), paths.end(), shorter));
        if (!common) continue;
        ++found;
        CHECK(matches_path(a, *common));
        CHECK(matches_path(b, *common));
        CHECK(common->find("//") == std::string::npos);
    }
    CHECK(found > 50);
    CHECK(found < 350);
}
