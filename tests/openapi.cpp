// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/openapi.hpp>

#include <httphooks/registry.hpp>

#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include <stdexcept>
#include <string>

#include "support/answer.hpp"
#include "support/catch.hpp"

using namespace httphooks;
using support::answer;
using document_json = nlohmann::json;

namespace {

struct service {
    asio::io_context ioc{};
    registry hooks{ioc.get_executor()};
};

}  // namespace

TEST_CASE("An operation has the pattern's parameters, and what the hook was annotated with") {
    service s;
    hook_options options{.name = "getOrder", .summary = "One order."};
    options.annotations.tags = {"orders"};
    options.annotations.responses = {
        {200, "The order.", {"application/json", R"({"type":"object"})"}}, {404, {}, {}}};
    s.hooks.get("/orders/:id?fields=:fields&v=2&*", answer, options);

    document_json const document = openapi(s.hooks, {.title = "Shop", .version = "2.0"});

    CHECK(document["openapi"] == "3.1.0");
    CHECK(document["info"] == document_json({{"title", "Shop"}, {"version", "2.0"}}));
    CHECK(document["paths"] == document_json::parse(R"({"/orders/{id}": {"get": {
        "operationId": "getOrder", "summary": "One order.", "tags": ["orders"],
        "parameters": [
            {"name": "id", "in": "path", "required": true, "schema": {"type": "string"}},
            {"name": "fields", "in": "query", "required": true, "schema": {"type": "string"}},
            {"name": "v", "in": "query", "required": true,
             "schema": {"type": "string", "enum": ["2"]}}],
        "responses": {
            "200": {"description": "The order.",
                    "content": {"application/json": {"schema": {"type": "object"}}}},
            "404": {"description": "Not Found"}}}}})"));
}

TEST_CASE("Splats are parameters, with a name or without") {
    service s;
    s.hooks.get("/files/*path", answer);
    s.hooks.get("/old/*/x/*", answer);
    s.hooks.get("", answer);

    document_json const paths = openapi(s.hooks)["paths"];

    CHECK(paths.contains("/files/{path}"));
    CHECK(paths["/files/{path}"]["get"]["parameters"][0]["x-splat"] == true);
    CHECK(paths.contains("/old/{wildcard}/x/{wildcard2}"));
    CHECK(paths.contains("/{wildcard}"));
}

TEST_CASE("A hook for any verb is an operation of each that OpenAPI knows") {
    service s;
    s.hooks.responder(any_verb, "/x", answer, {.name = "all"});
    s.hooks.responder(verb::propfind, "/dav", answer);

    document_json const paths = openapi(s.hooks)["paths"];

    CHECK(paths.size() == 1);
    CHECK(paths["/x"].size() == 8);
    CHECK(paths["/x"]["delete"]["operationId"] == "delete_all");
}

TEST_CASE("Paths that differ in parameter names are one, several responders one operation") {
    service s;
    s.hooks.get("/a/:id", answer, {.summary = "First."});
    s.hooks.put("/a/:other", answer);
    s.hooks.get("/a/:other", answer, {.summary = "Second."});

    document_json const paths = openapi(s.hooks)["paths"];

    REQUIRE(paths.size() == 1);
    document_json const& path = paths["/a/{id}"];
    CHECK(path.size() == 2);
    CHECK(path["put"]["parameters"][0]["name"] == "id");
    CHECK(path["get"]["summary"] == "First.");
    CHECK(path["get"]["responses"].contains("202"));
}

TEST_CASE("Operation ids are unique") {
    service s;
    s.hooks.get("/a", answer, {.name = "same"});
    s.hooks.get("/b", answer, {.name = "same"});
    s.hooks.get("/c/:id", answer);

    document_json const paths = openapi(s.hooks)["paths"];

    CHECK(paths["/a"]["get"]["operationId"] == "same");
    CHECK(paths["/b"]["get"]["operationId"] == "same_2");
    CHECK(paths["/c/{id}"]["get"]["operationId"] == "get_c_id");
}

TEST_CASE("A schema that is no JSON is refused with the place of the hook") {
    service s;
    hook_options options;
    options.annotations.request = {"application/json", "{"};
    s.hooks.post("/a", answer, options);
    try {
        openapi(s.hooks);
        FAIL("no exception");
    } catch (std::invalid_argument const& e) {
        CHECK(std::string(e.what()).find("/a") != std::string::npos);
        CHECK(std::string(e.what()).find("openapi.cpp") != std::string::npos);
    }
}

TEST_CASE("Guards, listeners and the default responder are no operations") {
    service s;
    s.hooks.pre_responder(any_verb, "/a", [](pre_responder_context& c) { c.pass(); });
    s.hooks.default_responder(answer);
    CHECK(openapi(s.hooks)["paths"].empty());
}

TEST_CASE("Responders that never answer together are one operation with the replies of each") {
    asio::io_context context;
    registry_options o;
    o.responders = responders::best;
    registry hooks(context.get_executor(), o);
    response_annotation missing{.status = 404};
    hooks.get("/a?kind=book", answer, {.annotations = {.responses = {missing}}});
    hooks.get("/a", answer);

    document_json const path = openapi(hooks)["paths"]["/a"];

    CHECK(path["get"]["responses"].size() == 2);
    CHECK(path["get"]["responses"].contains("404"));
    CHECK(path["get"]["responses"].contains("200"));
}

TEST_CASE("A fallback is marked") {
    service s;
    s.hooks.get("/*path", answer, {.fallback = true});
    s.hooks.get("/a/*path", answer, {.fallback = true});
    s.hooks.get("/a/*rest", answer);

    document_json const paths = openapi(s.hooks)["paths"];

    CHECK(paths["/{path}"]["get"]["x-fallback"] == true);
    CHECK_FALSE(paths["/a/{path}"]["get"].contains("x-fallback"));
    CHECK_FALSE(paths["/a/{path}"]["get"]["responses"].contains("202"));
}
