// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/route_table.hpp>

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/processor_time.hpp"

using httphooks::captures;
using httphooks::route_pattern;
using httphooks::url;
using verb = boost::beast::http::verb;
using table = httphooks::route_table<int>;
using numbers = std::vector<int>;

namespace {

numbers values(table::match_list const& found) {
    numbers out;
    for (std::size_t i = 0; i < found.size(); ++i) out.push_back(found[i].value);
    return out;
}

table make_table(std::vector<std::pair<verb, std::string>> const& routes) {
    table made;
    int number = 0;
    for (auto const& [method, pattern] : routes)
        made.insert(method, route_pattern(pattern), number++);
    made.build();
    return made;
}

numbers look_up(table const& routes, verb method, std::string const& target) {
    url location;
    REQUIRE_FALSE(location.parse(target, true));
    table::match_list found;
    routes.lookup(method, location, found);
    return values(found);
}

class generator {
public:
    explicit generator(unsigned seed) : random_(seed) {}

    std::size_t below(std::size_t n) {
        return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_);
    }

    std::string pattern() {
        static std::vector<std::string> const pieces{"a",
                                                     "b",
                                                     "ab",
                                                     ":x",
                                                     ":y",
                                                     ":x.:y",
                                                     "*",
                                                     "*x",
                                                     "a*",
                                                     "*z.b",
                                                     "a-long-literal",
                                                     "a:x",
                                                     ".",
                                                     "%61",
                                                     "a b",
                                                     "a-long-literal2",
                                                     "exactly8"};
        static std::vector<std::string> const ends{"",      "",       "",   "",    "/",
                                                   "?q=:q", "?q=1&*", "?*", "#:f", "?"};
        std::string text;
        for (std::size_t n = below(5); n > 0; --n) text += "/" + pieces[below(pieces.size())];
        if (text.empty()) text = below(4) == 0 ? "" : "/";
        if (text.size() > 1 && below(3) == 0) text.erase(0, 1);
        return text + ends[below(ends.size())];
    }

    std::string target() {
        static std::vector<std::string> const pieces{"a",
                                                     "b",
                                                     "ab",
                                                     "a.b",
                                                     "a-long-literal",
                                                     "a-long-literal2",
                                                     "a-long-literax",
                                                     "exactly8",
                                                     "%61",
                                                     "a%20b",
                                                     "",
                                                     ".",
                                                     "..",
                                                     "x",
                                                     "aa",
                                                     "exactly88",
                                                     "%2e",
                                                     "%41"};
        static std::vector<std::string> const ends{"", "", "", "/", "/", "?q=1", "?q=1&r=2", "#f"};
        std::string text;
        for (std::size_t n = below(6); n > 0; --n) text += "/" + pieces[below(pieces.size())];
        if (text.empty()) text = "/";
        return text + ends[below(ends.size())];
    }

private:
    std::mt19937 random_;
};

}  // namespace

TEST_CASE("a lookup gives every match in the order of insertion") {
    table const routes = make_table({{verb::get, "/users/:id"},
                                     {verb::unknown, "/*"},
                                     {verb::get, "/users/me"},
                                     {verb::post, "/users/me"},
                                     {verb::get, "/users/:name"},
                                     {verb::get, "/users"}});
    CHECK(look_up(routes, verb::get, "/users/me") == numbers{0, 1, 2, 4});
    CHECK(look_up(routes, verb::get, "/users/you") == numbers{0, 1, 4});
    CHECK(look_up(routes, verb::post, "/users/me") == numbers{1, 3});
    CHECK(look_up(routes, verb::get, "/users") == numbers{1, 5});
    CHECK(look_up(routes, verb::get, "/users/") == numbers{1, 5});
    CHECK(look_up(routes, verb::get, "/") == numbers{1});
    CHECK(look_up(routes, verb::options, "*") == numbers{1});
    CHECK(routes.size() == 6);
}

TEST_CASE("HEAD finds what GET finds, and lookup_any finds every verb") {
    table const routes = make_table(
        {{verb::get, "/a"}, {verb::head, "/a"}, {verb::post, "/a"}, {verb::unknown, "/:x"}});
    CHECK(look_up(routes, verb::head, "/a") == numbers{0, 1, 3});
    CHECK(look_up(routes, verb::get, "/a") == numbers{0, 3});
    CHECK(look_up(routes, verb::unknown, "/a") == numbers{3});
    url location;
    REQUIRE_FALSE(location.parse("/a"));
    table::match_list found;
    routes.lookup_any(location, found);
    CHECK(values(found) == numbers{0, 1, 2, 3});
    CHECK(found[2].method == verb::post);
    CHECK(found[2].pattern.text() == "/a");
}

TEST_CASE("the parameters of every match are at hand") {
    table const routes = make_table({{verb::get, "/users/:id/*rest"},
                                     {verb::get, "/:kind/:id_of_the_user/files"},
                                     {verb::get, "/users/:name.:ext/*"},
                                     {verb::get, "/users/:x/:x"},
                                     {verb::get, "/*?q=:q&*"}});
    url location;
    std::string const target = "/users/a%20b.c/files/?q=1+2&q=3";
    REQUIRE_FALSE(location.parse(target));
    table::match_list found;
    routes.lookup(verb::get, location, found);
    REQUIRE(values(found) == numbers{0, 1, 2, 3, 4});
    std::string scratch = "untouched";
    CHECK(found.param(0, "id") == "a%20b.c");
    CHECK(found.param(0, "rest") == "files");
    CHECK_FALSE(found.param(0, "re"));
    CHECK(found.decoded(0, "rest", scratch) == "files");
    CHECK(scratch == "untouched");
    CHECK(found.decoded(0, "id", scratch) == "a b.c");
    CHECK_FALSE(found.decoded(0, "none", scratch));
    CHECK(found.param(1, "kind") == "users");
    CHECK(found.param(1, "id_of_the_user") == "a%20b.c");
    CHECK_FALSE(found.param(1, "id_of_the_uses"));
    CHECK(found.param(2, "name") == "a%20b");
    CHECK(found.param(2, "ext") == "c");
    CHECK(found.param(3, "x") == "files");
    CHECK(found.decoded(4, "q", scratch) == "1 2");
    CHECK(found.values(4, "q") == std::vector<std::string>{"1 2", "3"});
    CHECK(found.values(4, "x").empty());
    CHECK(found.values(0, "id") == std::vector<std::string>{"a b.c"});
}

TEST_CASE("a parameter is as long as its segment, whether the next step is by literals or not") {
    table const routes = make_table({{verb::get, "/a/:x"},
                                     {verb::get, "/a/:x/:y/b"},
                                     {verb::get, "/c/:x"},
                                     {verb::get, "/c/a-literal-of-some-length"},
                                     {verb::get, "/?q=:q"}});
    url location;
    table::match_list found;
    std::string scratch;
    for (std::size_t size = 1; size < 70; ++size) {
        std::string const x(size, 'x');
        for (std::string const& target : {"/a/" + x, "/a/" + x + "/", "/c/" + x}) {
            REQUIRE_FALSE(location.parse(target));
            routes.lookup(verb::get, location, found);
            REQUIRE(found.size() == 1);
            CHECK(found.decoded(0, "x", scratch) == x);
        }
        std::string const deep = "/a/" + x + "/%2f" + x + "/b";
        REQUIRE_FALSE(location.parse(deep));
        routes.lookup(verb::get, location, found);
        REQUIRE(values(found) == numbers{1});
        CHECK(found.decoded(0, "x", scratch) == x);
        CHECK(found.decoded(0, "y", scratch) == "/" + x);
    }
    std::string const query = "/?q=a%20b";
    REQUIRE_FALSE(location.parse(query));
    routes.lookup(verb::get, location, found);
    REQUIRE(values(found) == numbers{4});
    CHECK(found.decoded(0, "q", scratch) == "a b");
}

TEST_CASE("a splat at the end matches nothing only behind a slash") {
    table const routes = make_table({{verb::get, "/static/*file"}, {verb::get, "/*"}});
    CHECK(look_up(routes, verb::get, "/static") == numbers{1});
    CHECK(look_up(routes, verb::get, "/static/") == numbers{0, 1});
    url location;
    table::match_list found;
    for (auto const& [target, file] : std::vector<std::pair<std::string, std::string>>{
             {"/static/", ""}, {"/static/a", "a"}, {"/static/a/", "a"}, {"/static/a/b", "a/b"}}) {
        REQUIRE_FALSE(location.parse(target));
        routes.lookup(verb::get, location, found);
        REQUIRE(found.size() == 2);
        CHECK(found.param(0, "file") == file);
    }
}

TEST_CASE("a table tells patterns with a leading slash from those without") {
    table const routes = make_table({{verb::get, "/*/x"},
                                     {verb::get, "*/x"},
                                     {verb::get, "/*s/:a"},
                                     {verb::get, "*s/:a"},
                                     {verb::get, "x/:a"},
                                     {verb::get, "/x/:a"}});
    CHECK(look_up(routes, verb::get, "/x") == numbers{1, 3});
    CHECK(look_up(routes, verb::get, "/x/x") == numbers{0, 1, 2, 3, 4, 5});
    CHECK(look_up(routes, verb::get, "/y") == numbers{3});
    CHECK(look_up(routes, verb::get, "/").empty());
}

TEST_CASE("a table finds what its patterns match one by one") {
    generator random(11);
    for (int round = 0; round < 300; ++round) {
        std::vector<std::string> texts;
        std::size_t const count = 1 + random.below(40);
        for (std::size_t i = 0; i < count; ++i) texts.push_back(random.pattern());
        std::vector<route_pattern> patterns;
        table routes;
        httphooks::detail::route_automaton walked;
        for (std::string const& text : texts) {
            patterns.emplace_back(text);
            routes.insert(verb::unknown, patterns.back(), static_cast<int>(patterns.size()) - 1);
            walked.add(patterns.back().compiled(), 0);
        }
        routes.build();
        walked.build(0);
        REQUIRE_FALSE(walked.deterministic());
        table::match_list found;
        httphooks::detail::route_hits hits;
        for (int i = 0; i < 60; ++i) {
            std::string const target = i == 0 ? "*" : random.target();
            url location;
            if (location.parse(target, true)) continue;
            routes.lookup(verb::get, location, found);
            walked.lookup(location, 1, hits);
            std::size_t at = 0;
            for (std::size_t p = 0; p < patterns.size(); ++p) {
                captures one;
                if (!patterns[p].match(location, one)) continue;
                INFO(texts[p] << " against " << target);
                REQUIRE(at < found.size());
                REQUIRE(found[at].value == static_cast<int>(p));
                REQUIRE(at < hits.count);
                REQUIRE(hits.hits[at].entry == p);
                for (std::string const& name : patterns[p].names()) {
                    REQUIRE(found.param(at, name) == one.raw(name));
                    REQUIRE(hits.value(at, *hits.find(at, name)) == one.raw(name));
                }
                ++at;
            }
            INFO(target);
            REQUIRE(found.size() == at);
            REQUIRE(hits.count == at);
        }
    }
}

TEST_CASE("a path finds what its canonical spelling finds") {
    generator random(23);
    table routes;
    for (int i = 0; i < 60; ++i) routes.insert(verb::unknown, route_pattern(random.pattern()), i);
    routes.build();
    table::match_list found;
    int compared = 0;
    for (int i = 0; i < 20'000; ++i) {
        std::string const target = random.target();
        url location;
        if (location.parse(target, true)) continue;
        routes.lookup(verb::get, location, found);
        numbers const as_sent = values(found);
        std::string canonical(location.path());
        if (location.has_query()) canonical += "?" + std::string(location.query());
        if (location.has_fragment()) canonical += "#" + std::string(location.fragment());
        REQUIRE_FALSE(location.parse(canonical, true));
        routes.lookup(verb::get, location, found);
        REQUIRE(values(found) == as_sent);
        ++compared;
    }
    CHECK(compared > 10'000);
}

TEST_CASE("sets of patterns that multiply do not make the table explode") {
    table routes;
    int number = 0;
    for (unsigned bits = 0; bits < 1024; ++bits) {
        std::string text;
        for (unsigned i = 0; i < 10; ++i)
            text += (bits >> i) & 1 ? "/:p" + std::to_string(i) : "/l" + std::to_string(i);
        routes.insert(verb::get, route_pattern(text), number++);
        routes.insert(verb::post, route_pattern(text + "/*"), number++);
    }
    routes.build();
    CHECK(look_up(routes, verb::get, "/a/b/c/d/e/f/g/h/i/j") == numbers{2046});
    CHECK(look_up(routes, verb::post, "/a/b/c/d/e/f/g/h/i/j/k/l") == numbers{2047});
    CHECK(look_up(routes, verb::get, "/l0/l1/l2/l3/l4/l5/l6/l7/l8/l9").size() == 1024);
    CHECK(look_up(routes, verb::post, "/l0/l1/l2/l3/l4/l5/l6/l7/l8/l9/").size() == 1024);
}

TEST_CASE("a thousand patterns made to be slow are matched in bounded time") {
    std::vector<std::string> const patterns{"/*a*b*c*d", "/:a-:b-:c", "/*x*x*x*x/end"};
    table routes;
    for (int i = 0; i < 1000; ++i)
        routes.insert(verb::get, route_pattern(patterns[static_cast<std::size_t>(i) % 3]), i);
    routes.build();
    for (std::string const unit : {"a", "-", "x", "-/", "/end/"}) {
        std::string target = "/";
        while (target.size() < 8 * 1024) target += unit;
        url location;
        REQUIRE_FALSE(location.parse(target));
        table::match_list found;
        double const start = support::processor_seconds();
        routes.lookup(verb::get, location, found);
        CHECK(support::processor_seconds() - start < 5);
    }
}

TEST_CASE("threads share a table") {
    generator random(5);
    table routes;
    for (int i = 0; i < 50; ++i) routes.insert(verb::unknown, route_pattern(random.pattern()), i);
    routes.build();
    std::vector<std::string> targets;
    std::vector<numbers> expected;
    while (targets.size() < 50) {
        std::string const target = random.target();
        url location;
        if (location.parse(target, true)) continue;
        targets.push_back(target);
        expected.push_back(look_up(routes, verb::get, target));
    }
    std::vector<int> wrong(4, 0);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < wrong.size(); ++t)
        threads.emplace_back([&, t] {
            url location;
            table::match_list found;
            for (std::size_t i = 0; i < 2'000; ++i) {
                std::size_t const which = (i + t) % targets.size();
                if (location.parse(targets[which], true)) ++wrong[t];
                routes.lookup(verb::get, location, found);
                if (values(found) != expected[which]) ++wrong[t];
            }
        });
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == std::vector<int>(4, 0));
}

TEST_CASE("an empty table, and a url that was never parsed, give nothing") {
    table routes;
    routes.build();
    CHECK(look_up(routes, verb::get, "/a/b").empty());
    table const one = make_table({{verb::get, "/*"}});
    table::match_list found;
    CHECK(found.empty());
    one.lookup(verb::get, url(), found);
    CHECK(found.empty());
}
