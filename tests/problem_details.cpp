// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/problem_details.hpp>

#include <httphooks/http_error.hpp>

#include <nlohmann/json.hpp>

#include <stdexcept>
#include <string>

#include "support/catch.hpp"
#include "support/hooks.hpp"

using namespace httphooks;
using namespace httphooks::test;
using json_value = nlohmann::json;

TEST_CASE("failures become problem details, which tell nothing of the inside") {
    fixture t({.on_failure = problem_details()});
    t.hooks.get("/throws", [](auto&) { throw std::runtime_error("secret"); });
    t.hooks.get("/told", [](auto&) { throw http_error(status::conflict, "said \"twice\""); });
    t.hooks.post("/json", [](auto& c) { return c.json(); });
    response r = t.get("/throws");
    CHECK(r.result() == status::internal_server_error);
    CHECK(r[field::content_type] == "application/problem+json");
    CHECK(r.body() == R"({"type":"about:blank","title":"Internal Server Error","status":500})");
    r = t.get("/told");
    CHECK(r.result() == status::conflict);
    CHECK(json_value::parse(r.body()) == json_value({{"type", "about:blank"},
                                                     {"title", "Conflict"},
                                                     {"status", 409},
                                                     {"detail", "said \"twice\""}}));
    r = t.send(verb::post, "/json", "{");
    CHECK(r.result() == status::bad_request);
    CHECK(json_value::parse(r.body()).at("detail") == "Malformed JSON");
    r = t.send(verb::put, "/json");
    CHECK(r.result() == status::method_not_allowed);
    CHECK(r[field::allow] == "POST, OPTIONS");
    CHECK(r.body() == R"({"type":"about:blank","title":"Method Not Allowed","status":405})");
}

TEST_CASE("problem details name a type of one's own, and the path") {
    fixture t(
        {.on_failure = problem_details({.type_base = "https://a.example/p/\"", .instance = true})});
    json_value const p = json_value::parse(t.get("/a//b?secret=1").body());
    CHECK(p.at("type") == "https://a.example/p/\"404");
    CHECK(p.at("instance") == "/a/b");
    CHECK(json_value::parse(t.get("/%zz").body()).at("instance") == "/");
}
