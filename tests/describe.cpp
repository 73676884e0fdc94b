// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/describe.hpp>

#include <httphooks/registry.hpp>

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <string>
#include <string_view>
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
