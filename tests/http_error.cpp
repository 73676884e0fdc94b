// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/http_error.hpp>

#include <nlohmann/json.hpp>

#include <stdexcept>
#include <string>

#include "support/catch.hpp"
#include "support/hooks.hpp"

using namespace httphooks;
using namespace httphooks::test;

namespace {

[[noreturn]] void refuse(status code, std::string const& text = {}) {
    throw http_error(code, text);
}

}  // namespace

TEST_CASE("an http_error has a status of an error, and a text") {
    http_error const e(status::not_found, "no such book");
    CHECK(e.status() == status::not_found);
    CHECK(std::string(e.what()) == "no such book");
    CHECK(std::string(http_error(status::conflict).what()) == "Conflict");
    CHECK(std::string(http_error(static_cast<status>(420)).what()) == "Error");
    for (unsigned const code : {0u, 100u, 200u, 302u, 399u, 600u, 999u})
        CHECK_THROWS_AS(http_error(static_cast<status>(code)), std::invalid_argument);
}

TEST_CASE("an http_error that a responder throws is its response") {
    fixture t;
    t.hooks.get("/now", [](auto&) -> response { refuse(status::not_found, "a \"b\"\n\xff"); });
    t.hooks.get("/later", [](auto&) -> asio::awaitable<response> {
        co_await turns();
        refuse(status::payment_required, "pay");
    });
    t.hooks.get("/callback", [](auto&, auto) { refuse(status::gone); });
    t.hooks.get("/server", [](auto&) { refuse(status::service_unavailable, "come again"); });
    response r = t.get("/now");
    CHECK(r.result() == status::not_found);
    CHECK(r[field::content_type] == "application/json");
    CHECK(nlohmann::json::parse(r.body()).at("error") == "a \"b\"\n\xEF\xBF\xBD");
    r = t.get("/later");
    CHECK(r.result() == status::payment_required);
    CHECK(r.body() == R"({"error":"pay"})");
    CHECK(t.get("/callback").body() == R"({"error":"Gone"})");
    CHECK(t.errors.text() == "");
    r = t.get("/server");
    CHECK(r.result() == status::service_unavailable);
    CHECK(r.body() == R"({"error":"come again"})");
    CHECK(t.errors.text() == "responder: come again");
}

TEST_CASE("an http_error that a pre- or post-responder throws ends the chain") {
    fixture t;
    t.hooks.get("/*", [&t](auto&) {
        t.log.add("responder");
        return "r";
    });
    t.hooks.pre_responder(any_verb, "/pre", [](auto&) { refuse(status::unauthorized, "who?"); });
    t.hooks.post_responder(any_verb, "/post", [](auto&) { refuse(status::conflict, "late"); });
    t.hooks.post_responder(any_verb, "/*", [&t](auto&) { t.log.add("post"); });
    CHECK(t.get("/pre").result() == status::unauthorized);
    CHECK(t.get("/pre").body() == R"({"error":"who?"})");
    CHECK(t.log.text() == "");
    CHECK(t.get("/post").body() == R"({"error":"late"})");
    CHECK(t.log.text() == "responder");
}

TEST_CASE("an http_error that a listener throws is told to the error handler") {
    fixture t;
    t.hooks.get("/*", [](auto&) { return "r"; });
    t.hooks.pre_listener(any_verb, "/*", [](auto&) { refuse(status::conflict, "unheard"); });
    CHECK(t.get("/").body() == "r");
    CHECK(t.errors.text() == "pre-listener: unheard");
}

TEST_CASE("a status that no http_error has is an error of the hook") {
    fixture t;
    t.hooks.get("/", [](auto&) { refuse(status::ok, "fine"); });
    CHECK(t.get("/").result() == status::internal_server_error);
    CHECK(t.errors.text() == "responder: an http_error has a status of 400 to 599, not 200");
}
