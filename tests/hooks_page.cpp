// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/hooks_page.hpp>

#include <httphooks/testing.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "support/answer.hpp"
#include "support/catch.hpp"

using namespace httphooks;
using support::answer;

namespace {

struct page {
    asio::io_context context{};
    /// An option without effect is shown, too.
    registry hooks{context.get_executor(), {.error_handler = [](hook_error const&) {}}};

    explicit page(hooks_page_options o = {}) {
        hooks.get("/__hooks", hooks_page(hooks, std::move(o)), {.name = "table"});
    }

    static request ask(std::string_view host = "localhost:8080") {
        request r(verb::get, "/__hooks", 11);
        r.set(field::host, host);
        return r;
    }
    static origin from(std::string_view address) {
        return origin(transport::http, {asio::ip::make_address(std::string(address)), 5000});
    }
    response get(request const& r, std::string_view address = "127.0.0.1") const {
        return testing::inject(hooks, r, from(address));
    }
};

bool has(response const& r, std::string_view text) {
    return r.body().find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("The page of hooks is a table that runs nothing") {
    page p;
    p.hooks.get("/notes/:id", answer,
                {.name = "note",
                 .time_limit = std::chrono::milliseconds(250),
                 .body_limit = 4096,
                 .summary = "Gives a note."});

    response const r = p.get(page::ask());

    CHECK(r.result() == status::ok);
    CHECK(r[field::content_type] == "text/html; charset=utf-8");
    CHECK(r["Content-Security-Policy"].starts_with("default-src 'none';"));
    CHECK(r["Cache-Control"] == "no-store");
    CHECK(has(r, "<code>/notes/:id</code>"));
    CHECK(has(r, "<td>note<small>Gives a note.</small></td>"));
    CHECK(has(r, "250 ms, 4096 bytes"));
    CHECK(has(r, "<code>hooks_page.cpp:"));
    CHECK(has(r, "<td>unguarded<small>no pre-responder guards it</small></td>"));
    CHECK_FALSE(has(r, "<script"));
}

TEST_CASE("The page of hooks has the mounts, which are no hooks") {
    page p({.mounts = {"/chat"}, .guarded_mounts = {"/live"}});

    response const r = p.get(page::ask());

    CHECK(has(r, "1 hooks and 2 mounts, 3 with a warning"));
    CHECK(has(r, "<td>mount</td>"));
    CHECK(has(r, "<code>/live</code>"));
    CHECK_FALSE(has(r, "<code>:0</code>"));
}

TEST_CASE("What hooks say of themselves is escaped on the page") {
    page p({.title = "<b>&"});
    p.hooks.get("/<i>", answer, {.name = "<script>alert(1)</script>", .summary = "\"a\" & 'b'"});

    response const r = p.get(page::ask());

    CHECK_FALSE(has(r, "<script"));
    CHECK_FALSE(has(r, "<i>"));
    CHECK(has(r, "&lt;script&gt;alert(1)&lt;/script&gt;"));
    CHECK(has(r, "&quot;a&quot; &amp; &#39;b&#39;"));
    CHECK(has(r, "<h1>&lt;b&gt;&amp;</h1>"));
}

TEST_CASE("The page of hooks is JSON for those who ask for it") {
    page p({.mounts = {"/chat"}, .guarded_mounts = {"/live"}});
    p.hooks.pre_responder(any_verb, "/*", [](auto& c) { c.pass(); });
    p.hooks.post("/chat/:room", answer, {.time_limit = std::chrono::milliseconds(0)});
    p.hooks.no_match([](auto&) { return status::not_found; });
    request r = page::ask();
    r.set(field::accept, "application/json");

    auto const table = nlohmann::json::parse(p.get(r).body());

    REQUIRE(table.size() == 6);
    CHECK(table[0]["type"] == "pre-responder");
    CHECK(table[0]["stage"] == "pre-processing");
    CHECK(table[0]["method"] == "*");
    CHECK(table[0]["mandatory"] == true);
    CHECK(table[0]["timeLimitMs"].is_null());
    CHECK(table[1]["name"] == "table");
    CHECK(table[1]["method"] == "GET");
    CHECK(table[1]["where"]["file"] == "hooks_page.cpp");
    CHECK(table[1]["warnings"].empty());
    CHECK(table[2]["pattern"] == "/chat/:room");
    CHECK(table[2]["parameters"] == nlohmann::json{"room"});
    CHECK(table[2]["timeLimitMs"] == 0);
    CHECK(table[2]["warnings"] == nlohmann::json{"never-runs"});
    CHECK(table[3]["role"] == "no-match");
    CHECK(table[4]["role"] == "mount");
    CHECK(table[4]["pattern"] == "/live");
    CHECK(table[4]["warnings"].empty());
    CHECK(table[5]["pattern"] == "/chat");
    CHECK(table[5]["warnings"] == nlohmann::json{"unguarded"});

    r.set(field::accept, "text/html, application/json;q=0.9");
    CHECK(p.get(r)[field::content_type] == "text/html; charset=utf-8");
}

TEST_CASE("The page of hooks is for clients on this machine only") {
    page p;
    CHECK(p.get(page::ask(), "127.0.0.1").result() == status::ok);
    CHECK(p.get(page::ask(), "::1").result() == status::ok);
    CHECK(p.get(page::ask(), "::ffff:127.0.0.9").result() == status::ok);
    CHECK(p.get(page::ask("[::1]:80")).result() == status::ok);
    CHECK(p.get(page::ask("127.0.0.1")).result() == status::ok);
    CHECK(p.get(page::ask("LOCALHOST")).result() == status::ok);

    CHECK(p.get(page::ask(), "192.0.2.1").result() == status::not_found);
    CHECK(p.get(page::ask(), "::ffff:192.0.2.1").result() == status::not_found);
    CHECK(testing::inject(p.hooks, page::ask()).result() == status::not_found);

    SECTION("not for a page that was led here by a name of its own") {
        CHECK(p.get(page::ask("evil.example")).result() == status::not_found);
        CHECK(p.get(page::ask("localhost.evil.example")).result() == status::not_found);
        CHECK(p.get(page::ask("")).result() == status::not_found);
        CHECK(p.get(page::ask("[")).result() == status::not_found);
    }
    SECTION("not for those behind a proxy on this machine") {
        for (std::string_view const name : {"Forwarded", "X-Forwarded-For", "Via"}) {
            request r = page::ask();
            r.set(name, "x");
            CHECK(p.get(r).result() == status::not_found);
        }
    }
    SECTION("over sockets the request that opened them counts") {
        auto const handshake = std::make_shared<request const>(page::ask("evil.example"));
        origin const o(transport::websocket, {asio::ip::make_address("127.0.0.1"), 5000}, false,
                       handshake);
        CHECK(testing::inject(p.hooks, page::ask(), o).result() == status::not_found);
    }
    SECTION("unless it is told otherwise") {
        page const open({.loopback_only = false});
        CHECK(open.get(page::ask("example.org"), "192.0.2.1").result() == status::ok);
    }
}

TEST_CASE("The page does not keep its registry alive") {
    asio::io_context context;
    std::weak_ptr<detail::registry_core const> core;
    {
        registry hooks(context.get_executor());
        hooks.get("/__hooks", hooks_page(hooks));
        core = hooks.core();
    }
    CHECK(core.expired());
}

TEST_CASE("The page says what overlaps, what is a fallback, and which responders run") {
    page p;
    p.hooks.pre_responder(any_verb, "/*", [](auto& c) { c.pass(); });
    p.hooks.get("/users/:id", answer);
    p.hooks.get("/users/me", answer);
    p.hooks.get("/*files", answer, {.fallback = true});
    p.hooks.get("/old/{id}", answer);

    response const html = p.get(page::ask());
    CHECK(has(html, "<td>overlap<small>#4 answers /users/me too</small></td>"));
    CHECK(has(html, "<td>responder (fallback)</td>"));
    CHECK(has(html, "foreign-syntax"));
    CHECK(has(html, "Of the responders that match, every one runs."));

    request r = page::ask();
    r.set(field::accept, "application/json");
    auto const table = nlohmann::json::parse(p.get(r).body());
    REQUIRE(table.size() == 6);
    CHECK(table[2]["warnings"] == nlohmann::json{"overlap"});
    CHECK(table[2]["overlaps"] ==
          nlohmann::json::array({{{"order", 4}, {"example", "/users/me"}, {"together", true}}}));
    CHECK(table[2]["fallback"] == false);
    CHECK(table[4]["fallback"] == true);
    CHECK(table[4]["overlaps"].empty());
}

TEST_CASE("The page of a registry of best responders warns of equal ones") {
    asio::io_context context;
    registry_options o;
    o.responders = responders::best;
    registry hooks(context.get_executor(), o);
    hooks.get("/__hooks", hooks_page(hooks));
    hooks.get("/:a", answer);
    hooks.get("/:b", answer);
    response const html = testing::inject(hooks, page::ask(), page::from("127.0.0.1"));
    CHECK(has(html, "Of the responders that match, the most specific one runs."));
    CHECK(has(html, "#3 answers /x or this one does"));
    CHECK_FALSE(has(html, "answers /__hooks"));
}
