// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/describe.hpp>

#include <httphooks/registry.hpp>
#include <httphooks/responders.hpp>
#include <httphooks/route_pattern.hpp>
#include <httphooks/url.hpp>

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/answer.hpp"
#include "support/catch.hpp"

using namespace httphooks;
using support::answer;

namespace {

auto const guard = [](pre_responder_context& c) { c.pass(); };
auto const watch = [](request_listener_context const&) {};

/// The warnings of the hook with this pattern.
std::vector<hook_warning> warnings_of(std::vector<hook_description> const& table,
                                      std::string_view pattern) {
    auto const it = std::ranges::find_if(
        table, [&](hook_description const& h) { return h.hook.pattern == pattern; });
    REQUIRE(it != table.end());
    return it->warnings;
}

using warnings = std::vector<hook_warning>;

/// Whether guards with these patterns leave nothing of a responder's open.
bool guards_all(std::vector<std::string> const& guards, std::string_view responder) {
    asio::io_context ioc;
    registry hooks(ioc.get_executor());
    hooks.get(responder, answer);
    for (std::string const& pattern : guards) hooks.pre_responder(any_verb, pattern, guard);
    auto const table = hooks.describe();
    return table.back().warnings.empty();
}

}  // namespace

TEST_CASE("The table of hooks is in the order in which they run") {
    asio::io_context ioc;
    registry hooks(ioc.get_executor());
    hooks.get("/a/:id?page=:page", answer, {.name = "first", .summary = "Gives a."});
    hooks.pre_responder(any_verb, "/*", guard);
    hooks.get("/b", answer);
    hooks.request_listener(any_verb, "/*", watch);
    hooks.no_match(answer);

    auto const table = hooks.describe();

    REQUIRE(table.size() == 5);
    CHECK(table[0].hook.type == hook_type::request_listener);
    CHECK(table[1].hook.type == hook_type::pre_responder);
    CHECK(table[2].hook.options.name == "first");
    CHECK(table[2].hook.options.summary == "Gives a.");
    CHECK(table[2].parameters == std::vector<std::string>{"id", "page"});
    CHECK(std::string_view(table[2].hook.where.file_name()).ends_with("describe.cpp"));
    CHECK(table[3].hook.pattern == "/b");
    CHECK(table[4].role == hook_role::no_match);
    for (std::size_t i = 0; i < table.size(); ++i) {
        CHECK(table[i].order == i + 1);
        CHECK(table[i].warnings.empty());
    }
}

TEST_CASE("A responder is warned of when a path of it passes all guards") {
    CHECK(guards_all({"/*"}, "/orders/:id"));
    CHECK(guards_all({"/orders/*"}, "/orders/:id"));
    CHECK(guards_all({"/orders/:x"}, "/orders/:id"));
    CHECK(guards_all({"/orders/:a", "/orders/:a/*"}, "/orders/:id/*rest"));
    CHECK(guards_all({"/:a.:b"}, "/files.:ext"));
    CHECK(guards_all({"/o*s"}, "/orders"));
    CHECK(guards_all({"/admin", "/admin/*"}, "/admin"));
    CHECK(guards_all({""}, "/anything"));
    CHECK(guards_all({"/%61dmin"}, "/admin"));
    CHECK(guards_all({"*/admin"}, "/admin"));
    CHECK(guards_all({"*/admin"}, "/*/admin"));
    CHECK(guards_all({"/admin", "/*/admin"}, "*/admin"));

    CHECK_FALSE(guards_all({}, "/orders/:id"));
    CHECK_FALSE(guards_all({"/admin/*"}, "/admin"));
    CHECK_FALSE(guards_all({"/orders/:x"}, "/orders/*rest"));
    CHECK_FALSE(guards_all({"/orders/1"}, "/orders/:id"));
    CHECK_FALSE(guards_all({"/a*-*.c"}, "/a*.c"));
    CHECK_FALSE(guards_all({"/Orders"}, "/orders"));
    CHECK_FALSE(guards_all({"/*/admin"}, "/admin"));
    CHECK_FALSE(guards_all({"/*/admin"}, "*/admin"));
    CHECK_FALSE(guards_all({"/*/*"}, "/:x"));
}

TEST_CASE("A guard that asks for a query guards only what asks for the same") {
    CHECK_FALSE(guards_all({"/orders?x=1&*"}, "/orders"));
    CHECK(guards_all({"/orders?x=1&*"}, "/orders?x=1&*"));
    CHECK(guards_all({"/orders"}, "/orders?x=:x&*"));
}

TEST_CASE("A guard guards its verb, GET with HEAD") {
    asio::io_context ioc;
    registry hooks(ioc.get_executor());
    hooks.pre_responder(verb::get, "/*", guard);
    hooks.get("/get", answer);
    hooks.head("/head", answer);
    hooks.post("/post", answer);
    hooks.responder(any_verb, "/any", answer);

    auto const table = hooks.describe();

    CHECK(warnings_of(table, "/get").empty());
    CHECK(warnings_of(table, "/head").empty());
    CHECK(warnings_of(table, "/post") == warnings{hook_warning::unguarded});
    CHECK(warnings_of(table, "/any") == warnings{hook_warning::unguarded});
}

TEST_CASE("A hook behind a mount never runs") {
    asio::io_context ioc;
    registry hooks(ioc.get_executor());
    hooks.get("/echo/info", answer);
    hooks.get("/echo", answer);
    hooks.get("/echoes", answer);
    hooks.pre_responder(any_verb, "/echo*", guard);

    auto const table = hooks.describe({.mounts = {"/echo"}});

    CHECK(warnings_of(table, "/echo/info") == warnings{hook_warning::never_runs});
    CHECK(warnings_of(table, "/echo") == warnings{hook_warning::never_runs});
    CHECK(warnings_of(table, "/echoes").empty());
    CHECK(warnings_of(table, "/echo*").empty());
}

TEST_CASE("A mount that these hooks do not guard is warned of") {
    asio::io_context ioc;
    registry hooks(ioc.get_executor());
    hooks.pre_responder(any_verb, "/*", guard);

    auto const table = hooks.describe({.mounts = {"/open"}, .guarded_mounts = {"/live"}});

    REQUIRE(table.size() == 3);
    CHECK(table[1].hook.pattern == "/live");
    CHECK(table[1].role == hook_role::mount);
    CHECK(table[1].order == 2);
    CHECK(table[1].warnings.empty());
    CHECK(table[2].hook.pattern == "/open");
    CHECK(table[2].role == hook_role::mount);
    CHECK(table[2].order == 3);
    CHECK(table[2].warnings == warnings{hook_warning::unguarded});
}

TEST_CASE("A mount is guarded when its prefix and all below are, for GET and for POST") {
    auto const guarded = [](std::vector<std::pair<verb, std::string>> const& guards) {
        asio::io_context ioc;
        registry hooks(ioc.get_executor());
        for (auto const& [method, pattern] : guards) hooks.pre_responder(method, pattern, guard);
        return hooks.describe({.guarded_mounts = {"/live"}}).back().warnings.empty();
    };
    CHECK(guarded({{any_verb, "/live*"}}));
    CHECK(guarded({{any_verb, "/live"}, {any_verb, "/live/*"}}));
    CHECK(guarded({{verb::get, "/live*"}, {verb::post, "/live*"}}));
    CHECK_FALSE(guarded({}));
    CHECK_FALSE(guarded({{any_verb, "/live"}}));
    CHECK_FALSE(guarded({{any_verb, "/live/*"}}));
    CHECK_FALSE(guarded({{verb::get, "/live*"}}));
    CHECK_FALSE(guarded({{any_verb, "/live*?token=:t"}}));
}

TEST_CASE("A responder behind a guarded mount never runs, what may judge its requests does") {
    asio::io_context ioc;
    registry hooks(ioc.get_executor());
    hooks.request_listener(any_verb, "/live*", watch);
    hooks.pre_responder(any_verb, "/live/*", guard);
    hooks.pre_responder(any_verb, "/live", guard);
    hooks.get("/live/info", answer);

    auto const table = hooks.describe({.guarded_mounts = {"/live"}});

    CHECK(warnings_of(table, "/live*").empty());
    CHECK(warnings_of(table, "/live/*").empty());
    CHECK(warnings_of(table, "/live/info") == warnings{hook_warning::never_runs});
}

TEST_CASE("A no-match handler never runs beside a default responder") {
    asio::io_context ioc;
    registry hooks(ioc.get_executor());
    hooks.no_match(answer);
    hooks.default_responder(answer);

    auto const table = hooks.describe();

    REQUIRE(table.size() == 2);
    CHECK(table[0].role == hook_role::default_responder);
    CHECK(table[0].warnings.empty());
    CHECK(table[1].warnings == warnings{hook_warning::never_runs});
}

TEST_CASE("Patterns made to explode are judged in bounded time") {
    std::string many = "/";
    for (int i = 0; i < 12; ++i) many += "*-:b" + std::to_string(i) + "~*.";
    CHECK_FALSE(guards_all({many, many + "-", "/*-*.*-*.*-*.*-"}, "/*everything"));
    CHECK(guards_all({many}, many));
}

namespace {

hook_description const& row_of(std::vector<hook_description> const& table,
                               std::string_view pattern) {
    auto const it = std::ranges::find_if(
        table, [&](hook_description const& h) { return h.hook.pattern == pattern; });
    REQUIRE(it != table.end());
    return *it;
}

/// The example of what two patterns both match, or nothing.
std::string overlap_of(std::string_view a, std::string_view b, responders which = responders::all) {
    asio::io_context ioc;
    registry_options o;
    o.responders = which;
    registry hooks(ioc.get_executor(), o);
    hooks.pre_responder(any_verb, "", guard);
    hooks.get(a, answer);
    hooks.get(b, answer);
    auto const table = hooks.describe();
    REQUIRE(table.size() == 3);
    CHECK(table[1].overlaps.size() == table[2].overlaps.size());
    if (table[1].overlaps.empty()) {
        CHECK(table[1].warnings.empty());
        return "";
    }
    CHECK(table[1].warnings == warnings{hook_warning::overlap});
    CHECK(table[2].warnings == warnings{hook_warning::overlap});
    CHECK(table[1].overlaps[0].order == 3);
    CHECK(table[2].overlaps[0].order == 2);
    CHECK(table[1].overlaps[0].example == table[2].overlaps[0].example);
    // both are found for it
    url location;
    CHECK_FALSE(location.parse(table[1].overlaps[0].example, true));
    CHECK(route_pattern(a).match(location));
    CHECK(route_pattern(b).match(location));
    return table[1].overlaps[0].example;
}

}  // namespace

TEST_CASE("Responders that both answer are warned of, with an example") {
    CHECK(overlap_of("/users/:id", "/users/me") == "/users/me");
    CHECK(overlap_of("/*path", "/api/:x/y") == "/api/x/y");
    CHECK(overlap_of("/:a/b", "/c/:d") == "/c/b");
    CHECK(overlap_of("/a", "/a") == "/a");
    CHECK(overlap_of("/", "/*path") == "/");
    CHECK(overlap_of("/:a.:b", "/x:c") == "/x.x");
    CHECK(overlap_of("*/x", "/:y/x") == "/x/x");
    CHECK(overlap_of("?a=1", "/b") == "/b?a=1");
    CHECK(overlap_of("/a?x=:x&*", "/a?y=b%20c&*") == "/a?x=x&y=b+c");
    CHECK(overlap_of("/a?x=1&x=:more", "/a?x=1&x=2") == "/a?x=1&x=2");
    CHECK(overlap_of("/a#/:x", "/a#b") == "/a#/b");
    CHECK(overlap_of("/a#c", "/a#b").empty());
    CHECK(overlap_of("/a#:x", "/a#b") == "/a#b");
    CHECK(overlap_of("/a#b", "/a") == "/a#b");

    CHECK(overlap_of("/users/:id", "/users/me/x") == "");
    CHECK(overlap_of("/users/:id", "/groups/:id") == "");
    CHECK(overlap_of("/a", "/A") == "");
    CHECK(overlap_of("/:x", "/") == "");
    CHECK(overlap_of("/*.js", "/*.css") == "");
    CHECK(overlap_of("/a?x=1", "/a?x=2") == "");
    CHECK(overlap_of("/a?x=1", "/a?x=1&y=2") == "");
    CHECK(overlap_of("/a?x=1&*", "/a?x=1&x=1&*") == "");
}

TEST_CASE("Where the best responder answers, only equal ones are warned of") {
    CHECK(overlap_of("/users/:id", "/users/me", responders::best) == "");
    CHECK(overlap_of("/*path", "/api/:x/y", responders::best) == "");
    CHECK(overlap_of("/users/:id", "/users/:name", responders::best) == "/users/x");
    CHECK(overlap_of("/a-:x", "/:x-b", responders::best) == "/a-b");
}

TEST_CASE("Responders of which one runs only without the other do not overlap") {
    asio::io_context ioc;
    registry hooks(ioc.get_executor());
    hooks.pre_responder(any_verb, "/*", guard);
    hooks.get("/a", answer);
    hooks.head("/a/", answer);
    hooks.post("/:a", answer);
    hooks.get("/*files", answer, {.fallback = true});
    hooks.get("/docs/*", answer, {.fallback = true});
    CHECK(std::ranges::all_of(hooks.describe(), [](auto& h) { return h.warnings.empty(); }));

    hooks.responder(any_verb, "/:any", answer);
    hooks.get("/*more", answer, {.fallback = true});
    auto const table = hooks.describe();
    CHECK(row_of(table, "/:any").overlaps.size() == 3);
    CHECK(row_of(table, "/docs/*").warnings.empty());
    auto const& files = row_of(table, "/*files");
    REQUIRE(files.overlaps.size() == 1);
    CHECK(files.overlaps[0].order == row_of(table, "/*more").order);
    CHECK_FALSE(files.overlaps[0].together);
    CHECK(row_of(table, "/a").overlaps[0].together);
}

TEST_CASE("A responder behind a mount overlaps with nothing") {
    asio::io_context ioc;
    registry hooks(ioc.get_executor());
    hooks.pre_responder(any_verb, "/*", guard);
    hooks.get("/echo/:x", answer);
    hooks.get("/*path", answer);
    auto const table = hooks.describe({.mounts = {"/echo"}});
    CHECK(warnings_of(table, "/echo/:x") == warnings{hook_warning::never_runs});
    CHECK(warnings_of(table, "/*path").empty());
}

TEST_CASE("A guard of all below a path is warned of when nothing guards the path") {
    auto const warned = [](std::vector<std::string> const& guards) {
        asio::io_context ioc;
        registry hooks(ioc.get_executor());
        for (std::string const& pattern : guards) hooks.pre_responder(verb::get, pattern, guard);
        auto const table = hooks.describe();
        return table.front().warnings == warnings{hook_warning::unguarded_base};
    };
    CHECK(warned({"/admin/*"}));
    CHECK(warned({"/admin/*rest"}));
    CHECK(warned({"admin/*"}));
    CHECK(warned({"/:tenant/*"}));
    CHECK(warned({"/admin/*", "/admin/x"}));
    CHECK(warned({"/admin/*", "/admin?x=1"}));
    CHECK_FALSE(warned({"/admin/*", "/admin"}));
    CHECK_FALSE(warned({"/admin/*", "/:x"}));
    CHECK_FALSE(warned({"/admin*"}));
    CHECK_FALSE(warned({"/*"}));
    CHECK_FALSE(warned({"*"}));
    CHECK_FALSE(warned({"/admin"}));
    CHECK_FALSE(warned({"/a/*/b"}));

    asio::io_context ioc;
    registry hooks(ioc.get_executor());
    hooks.pre_responder(any_verb, "/admin/*", guard);
    hooks.pre_responder(verb::get, "/admin", guard);
    CHECK(warnings_of(hooks.describe(), "/admin/*") == warnings{hook_warning::unguarded_base});
    hooks.clear();
    hooks.pre_responder(verb::get, "/admin/*", guard);
    hooks.pre_responder(any_verb, "/admin", guard);
    CHECK(warnings_of(hooks.describe(), "/admin/*").empty());
}

TEST_CASE("Patterns that look like those of other libraries are warned of") {
    auto const warned = [](std::string_view pattern) {
        asio::io_context ioc;
        registry hooks(ioc.get_executor());
        hooks.pre_responder(any_verb, pattern, guard);
        auto const table = hooks.describe();
        return std::ranges::count(table.front().warnings, hook_warning::foreign_syntax) == 1;
    };
    CHECK(warned("/users/{id}"));
    CHECK(warned("/users/{id:int}/x"));
    CHECK(warned("/users/<int>"));
    CHECK(warned("/users/<int:id>"));
    CHECK(warned("/users/:id(\\d+)"));
    CHECK(warned("/users/:id([0-9]+)/x"));
    CHECK_FALSE(warned("/users/:id"));
    CHECK_FALSE(warned("/a(b)"));
    CHECK_FALSE(warned("/:x.(b)"));
    CHECK_FALSE(warned("/a{b"));
    CHECK_FALSE(warned("/a>b<c"));
    CHECK_FALSE(warned("/a?filter={x}"));
}

TEST_CASE("Warnings have names") {
    CHECK(to_string(hook_warning::unguarded) == "unguarded");
    CHECK(to_string(hook_warning::never_runs) == "never-runs");
    CHECK(to_string(hook_warning::overlap) == "overlap");
    CHECK(to_string(hook_warning::unguarded_base) == "unguarded-base");
    CHECK(to_string(hook_warning::foreign_syntax) == "foreign-syntax");
}

TEST_CASE("Many responders are compared in bounded time") {
    asio::io_context ioc;
    registry hooks(ioc.get_executor());
    std::string many = "/";
    for (int i = 0; i < 100; ++i) many += "*-:b" + std::to_string(i) + "~*.";
    hooks.get(many, answer);
    hooks.get(many + "x", answer);
    for (int i = 0; i < 200; ++i) hooks.get("/api/v1/" + std::to_string(i) + "/things", answer);
    auto const table = hooks.describe();
    CHECK(table.back().overlaps.empty());
    CHECK(table.front().overlaps.empty());
}

TEST_CASE("the table says when each guard runs, as to the body") {
    registry hooks;
    auto const early = [&](verb method, std::string_view pattern) {
        hooks.pre_responder(method, pattern, guard, {.needs_body = false});
    };
    early(any_verb, "/*");
    hooks.pre_responder(verb::post, "/a/*", guard);
    early(verb::post, "/a/b");
    early(verb::put, "/a/b");
    early(verb::post, "/:x/b");
    early(verb::post, "/c");
    early(any_verb, "/a/b");
    auto const table = hooks.describe();
    std::vector<guard_time> times;
    for (auto const& h : table) times.push_back(h.runs);
    using enum guard_time;
    CHECK(times ==
          std::vector{before_body, with_body, with_body, before_body, either, before_body, either});
}

TEST_CASE("two responders that would read one body as a stream are warned of") {
    registry hooks;
    hooks.pre_responder(any_verb, "/*", guard);
    hooks.post("/up/:name", answer, {.body = body::stream});
    hooks.post("/up/a", answer);
    CHECK(hooks.describe()[1].warnings == warnings{hook_warning::overlap});
    hooks.post("/*", answer, {.body = body::stream});
    auto const table = hooks.describe();
    CHECK(table[1].warnings == warnings{hook_warning::overlap, hook_warning::several_streams});
    CHECK(table[2].warnings == warnings{hook_warning::overlap});
    CHECK(table[3].warnings == warnings{hook_warning::overlap, hook_warning::several_streams});
    CHECK(to_string(hook_warning::several_streams) == "several-streams");
    CHECK(to_string(guard_time::either) == "either");
}
