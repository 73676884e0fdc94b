// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/route_pattern.hpp>

#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/processor_time.hpp"

#ifndef HTTPHOOKS_TEST_DATA
#define HTTPHOOKS_TEST_DATA "tests/data"
#endif

using httphooks::captures;
using httphooks::route_pattern;
using httphooks::url;
using strings = std::vector<std::string>;

namespace {

bool matches(std::string const& pattern, std::string const& target) {
    url location;
    REQUIRE_FALSE(location.parse(target, true));
    return route_pattern(pattern).match(location);
}

std::string value(std::string const& pattern, std::string const& target, std::string const& name) {
    url location;
    REQUIRE_FALSE(location.parse(target, true));
    route_pattern const compiled(pattern);
    captures found;
    REQUIRE(compiled.match(location, found));
    return found.decoded(name).value_or("(none)");
}

std::string complaint(std::string const& pattern) {
    try {
        route_pattern const compiled(pattern);
    } catch (std::invalid_argument const& e) {
        return e.what();
    }
    return {};
}

double milliseconds(std::string const& pattern, std::string const& target) {
    route_pattern const compiled(pattern);
    url location;
    REQUIRE_FALSE(location.parse(target));
    captures found;
    double best = 1e9;
    for (int i = 0; i < 9; ++i) {
        double const start = support::processor_seconds();
        compiled.match(location, found);
        best = std::min(best, 1000 * (support::processor_seconds() - start));
    }
    return best;
}

std::string repeat(std::string const& text, std::size_t size) {
    std::string out;
    while (out.size() < size) out += text;
    return out;
}

}  // namespace

TEST_CASE("a pattern matches what the recorded behaviour of route-pattern says") {
    std::ifstream file(HTTPHOOKS_TEST_DATA "/route_pattern.json");
    REQUIRE(file);
    nlohmann::json const cases = nlohmann::json::parse(file);
    REQUIRE(cases.size() == 110);
    for (nlohmann::json const& one : cases) {
        auto const pattern = one["pattern"].get<std::string>();
        auto target = one["location"].get<std::string>();
        INFO(pattern << " against " << target);
        if (target.empty() || target.front() != '/') target.insert(0, "/");
        url location;
        REQUIRE_FALSE(location.parse(target, true));
        route_pattern const compiled(pattern);
        captures found;
        REQUIRE(compiled.match(location, found) == one["match"].get<bool>());
        if (!one["match"].get<bool>()) continue;
        REQUIRE(compiled.names().size() == one["params"].size());
        for (auto const& [name, expected] : one["params"].items()) {
            INFO(name);
            if (expected.is_null())
                CHECK(found.values(name) == strings{""});
            else if (expected.is_array())
                CHECK(found.values(name) == expected.get<strings>());
            else
                CHECK(found.values(name) == strings{expected.get<std::string>()});
        }
    }
}

TEST_CASE("a splat behind the leading slash is not asked for that slash again") {
    // what is behind the splat; what matches with a slash before it, and without
    std::vector<std::array<std::string, 3>> const rows{
        {"/x", "/y/x /y/x/ /x/x/x /-x/x", "/x /x/ /y/x /y/x/ /x/x/x /-x/x"},
        {"/:a",
         "/y/x /y/x/ /x/y/ /y/x.y /q/foo/a.b /p/q/foo/a.b /x/y/z /w/x/y/z/ /v/w/x/y/z /x/x/x /-x/x",
         "/x /x/ /y/x /y/x/ /x/y/ /1.x-y /y/x.y /q/foo/a.b /p/q/foo/a.b /x/y/z /w/x/y/z/ "
         "/v/w/x/y/z /x/x/x /-x/x"},
        {"/x/:a", "/x/x/x", "/x/y/ /x/x/x"},
        {"/:f.:e", "/y/x.y /q/foo/a.b /p/q/foo/a.b", "/1.x-y /y/x.y /q/foo/a.b /p/q/foo/a.b"},
        {"/*",
         "/x/ /y/x /y/x/ /x/y/ /y/x.y /q/foo/a.b /p/q/foo/a.b /x/y/z /w/x/y/z/ /v/w/x/y/z /x/x/x "
         "/-x/x",
         "/ /x /x/ /y/x /y/x/ /x/y/ /1.x-y /y/x.y /q/foo/a.b /p/q/foo/a.b /x/y/z /w/x/y/z/ "
         "/v/w/x/y/z /x/x/x /-x/x"},
        {"/*/x", "/x/x/x", "/y/x /y/x/ /x/x/x /-x/x"},
        {"/:a/y/z", "/w/x/y/z/ /v/w/x/y/z", "/x/y/z /w/x/y/z/ /v/w/x/y/z"},
        {"/x/y", "", "/x/y/"},
        {"/*/:a/:b", "/p/q/foo/a.b /w/x/y/z/ /v/w/x/y/z",
         "/q/foo/a.b /p/q/foo/a.b /x/y/z /w/x/y/z/ /v/w/x/y/z /x/x/x"},
        {"/:a/:b/:c/:d", "/v/w/x/y/z", "/p/q/foo/a.b /w/x/y/z/ /v/w/x/y/z"},
        {"/x/*/z", "/w/x/y/z/ /v/w/x/y/z", "/x/y/z /w/x/y/z/ /v/w/x/y/z"},
        {"-:a/x", "/-x/x", "/-x/x"},
    };
    for (std::string const target :
         {"/", "/x", "/x/", "/y/x", "/y/x/", "/x/y/", "/1.x-y", "/y/x.y", "/q/foo/a.b",
          "/p/q/foo/a.b", "/x/y/z", "/w/x/y/z/", "/v/w/x/y/z", "/x/x/x", "/-x/x"})
        for (auto const& [behind, rooted, free] : rows)
            for (std::string const splat : {"*", "*s"}) {
                INFO(splat << behind << " against " << target);
                auto const named = [&](std::string const& list) {
                    return (" " + list + " ").find(" " + target + " ") != std::string::npos;
                };
                CHECK(matches("/" + splat + behind, target) == named(rooted));
                CHECK(matches(splat + behind, target) == named(free));
            }
    CHECK(value("*s/x", "/x", "s").empty());
    CHECK(value("*s/x", "/y/x", "s") == "y");
    CHECK(value("/*s/x", "/y/x", "s") == "y");
    CHECK(matches("/*", "*"));
}

TEST_CASE("the leading slash of a fragment is its pattern's") {
    CHECK(matches("#/x", "/a#/x"));
    CHECK_FALSE(matches("#/x", "/a#x"));
    CHECK(matches("#x", "/a#/x"));
    CHECK(matches("#*/x", "/a#/x"));
    CHECK_FALSE(matches("#/*/x", "/a#/x"));
    CHECK(matches("#/*/x", "/a#/y/x"));
    CHECK_FALSE(matches("#/*/x", "/a#y/x"));
}

TEST_CASE("the literals of a pattern are normalised as paths are") {
    CHECK(matches("/a b", "/a%20b"));
    CHECK(matches("/\xC3\xA9", "/%c3%a9"));
    CHECK(matches("/%61dmin", "/admin"));
    CHECK(matches("/%2f", "/%2F"));
    CHECK_FALSE(matches("/%2f", "/"));
    CHECK(matches("//a//b/", "/a/b"));
    CHECK(matches("/a/./b/../c", "/a/c"));
    CHECK(matches("/x/%2e%2e/c", "/c"));
    CHECK(matches("/%3Ax", "/:x"));
    CHECK(matches("/%2Ax", "/*x"));
    CHECK_FALSE(matches("/%2Ax", "/yx"));
    CHECK(matches("/a[b]", "/a[b]"));
    CHECK(matches("/100%25", "/100%25"));
}

TEST_CASE("a pattern that cannot be compiled says where it is wrong") {
    CHECK(complaint("/a/:").find("position 3") != std::string::npos);
    CHECK(complaint("/a/:/b").find("position 3") != std::string::npos);
    CHECK(complaint("/a%2").find("malformed escape at position 2") != std::string::npos);
    CHECK(complaint("/a%zz").find("position 2") != std::string::npos);
    CHECK(complaint("/a%00").find("null byte at position 2") != std::string::npos);
    CHECK(complaint("/../a").find("position 1") != std::string::npos);
    CHECK(complaint("/:a/../b").find("position 4") != std::string::npos);
    CHECK(complaint("/a?b=:").find("position 5") != std::string::npos);
    CHECK(complaint("/a?b=:c-d").find("position 7") != std::string::npos);
    CHECK(complaint("/a#:").find("position 3") != std::string::npos);
    CHECK(complaint("/a").empty());
    CHECK(route_pattern::parse("/:").error() == httphooks::error::invalid_pattern);
    CHECK(route_pattern::parse("/:a").has_value());
}

TEST_CASE("parameters are greedy, splats are not") {
    CHECK(value("/:a:b", "/xyz", "a") == "xy");
    CHECK(value("/:a:b", "/xyz", "b") == "z");
    CHECK_FALSE(matches("/:a:b", "/x"));
    CHECK(value("/:a-:b-:c", "/1-2-3-4", "a") == "1-2");
    CHECK(value("/*a-*b", "/1-2-3", "a") == "1");
    CHECK(value("/*a-*b", "/1-2-3", "b") == "2-3");
    CHECK(value("/*a/:b/*c", "/1/2/3/4", "a") == "1");
    CHECK(value("/*a/:b/*c", "/1/2/3/4", "c") == "3/4");
    CHECK(value("/*a.:b/x", "/1.2.3/4.5/x", "a") == "1.2.3/4");
    CHECK(value("/*a.:b/x", "/1.2.3/4.5/x", "b") == "5");
    CHECK(value("/*file", "/a/b/", "file") == "a/b");
    CHECK(value("/*x*x*x*x/end", "/axbxcxd/end", "x") == "axbxcxd");
}

TEST_CASE("a parameter is found by its name only") {
    url location;
    REQUIRE_FALSE(location.parse("/a/b"));
    route_pattern const pattern("/:one/:two");
    captures found;
    CHECK_FALSE(found.raw("one"));
    REQUIRE(pattern.match(location, found));
    CHECK(found.raw("one") == "a");
    CHECK_FALSE(found.raw("on"));
    CHECK_FALSE(found.decoded("three"));
    CHECK(found.values("three").empty());
    CHECK(pattern.names() == strings{"one", "two"});
    REQUIRE_FALSE(location.parse("/a"));
    CHECK_FALSE(pattern.match(location, found));
    CHECK_FALSE(found.raw("one"));
}

TEST_CASE("the values of a query key are compared in their order") {
    CHECK(matches("?a=1&a=2", "/?a=1&a=2"));
    CHECK_FALSE(matches("?a=1&a=2", "/?a=2&a=1"));
    CHECK_FALSE(matches("?a=1", "/?a=1&a=1"));
    CHECK_FALSE(matches("?a=1&*", "/?a=1&a=2"));
    CHECK(matches("?a=1&a=:rest", "/?a=1&a=2&a=3"));
    CHECK(value("?a=1&a=:rest", "/?a=1&a=2&a=3", "rest") == "2");
    CHECK_FALSE(matches("?a=1&a=:rest", "/?a=1"));
    CHECK(matches("?flag", "/?flag"));
    CHECK(matches("?flag", "/?flag="));
    CHECK_FALSE(matches("?flag", "/?flag=1"));
    CHECK(matches("?a=1", "/?&a=1&"));
    CHECK(matches("?a b=%31", "/?a+b=1"));
    CHECK(value("?a=:v", "/?a=100%", "v") == "100%");
    CHECK(value("?__proto__=:v", "/?__proto__=x", "v") == "x");
}

TEST_CASE("the time to match is proportional to the length of the target") {
    std::vector<std::pair<std::string, std::string>> const cases{
        {"/*a*b*c*d", "a"},       {"/:a-:b-:c", "-"},         {"/:a-:b-:c/", "-/"},
        {"/*x*x*x*x/end", "x"},   {"/*x*x*x*x/end", "/end/"}, {"/:a-:b-:c/*/:d-:e/f", "a-"},
        {"/*a/x/*b/x/*c/y", "/x"}};
    for (auto const& [pattern, unit] : cases) {
        INFO(pattern << " against " << unit);
        std::string const target = "/" + repeat(unit, 8 * 1024);
        std::string const longer = "/" + repeat(unit, 64 * 1024);
        double once = milliseconds(pattern, target);
        double eight_times = milliseconds(pattern, longer);
        for (int i = 0; i < 3; ++i) {  // in turn: the machine's speed may change
            once = std::min(once, milliseconds(pattern, target));
            eight_times = std::min(eight_times, milliseconds(pattern, longer));
        }
        CHECK(once < 10);
        CHECK(eight_times < 24 * once + 0.1);  // 64 times, were it quadratic
    }
}

TEST_CASE("the time to match a query is proportional to its length") {
    std::string target = "/?";
    for (int i = 0; i < 10'000; ++i) target += "k" + std::to_string(i) + "=1&";
    CHECK(milliseconds("?a=:a&b=:b&c=:c&*", target) < 50);
    CHECK(milliseconds("?a=:a", target) < 50);
}
