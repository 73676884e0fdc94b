// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/sockjs/transport/jsonp.hpp>

#include "support/catch.hpp"
#include "support/sockjs_services.hpp"

#include <chrono>
#include <string>

using namespace std::chrono_literals;
using support::field_list;
using support::service_options;
using support::sockjs_services;
namespace hh = httphooks;

namespace {

field_list const form{{"Content-Type", "application/x-www-form-urlencoded"}};

}  // namespace

TEST_CASE("a poll is a script that calls the callback") {
    sockjs_services s;
    s.echo();
    auto const r = s.ask("GET", "/echo/0/s/jsonp?c=%63allback");
    CHECK(r.status == 200);
    CHECK(r["Content-Type"] == "application/javascript; charset=UTF-8");
    CHECK(r["Cache-Control"] == support::no_cache);
    CHECK(r["X-Content-Type-Options"] == "nosniff");
    CHECK(r.body == "/**/callback(\"o\");\r\n");
    CHECK(s.ask("POST", "/echo/0/s/jsonp_send", form, "d=%5B%22x%22%5D").body == "ok");
    CHECK(s.ask("GET", "/echo/0/s/jsonp?callback=f").body == "/**/f(\"a[\\\"x\\\"]\");\r\n");
}

TEST_CASE("a callback that is missing, no name or long is 500") {
    sockjs_services s;
    s.echo();
    CHECK(s.ask("GET", "/echo/0/s/jsonp").body == "\"callback\" parameter required");
    for (std::string const& value :
         {std::string("%20"), std::string("abc("), std::string(), std::string(33, 'x')}) {
        auto const r = s.ask("GET", "/echo/0/s/jsonp?c=" + value);
        CHECK(r.status == 500);
        CHECK(r.body == "invalid \"callback\" parameter");
    }
    CHECK(s.ask("GET", "/echo/0/s/jsonp?c=" + std::string(32, 'x')).status == 200);
}

TEST_CASE("a session that the server closed says so to each script poll") {
    sockjs_services s;
    s.close();
    CHECK(s.ask("GET", "/close/0/s/jsonp?c=f").body == "/**/f(\"o\");\r\n");
    for (int i = 0; i < 2; ++i)
        CHECK(s.ask("GET", "/close/0/s/jsonp?c=f").body ==
              "/**/f(\"c[3000,\\\"Go away!\\\"]\");\r\n");
}

TEST_CASE("a form's field d, or a text, is an array of messages") {
    sockjs_services s;
    s.echo();
    CHECK(s.ask("GET", "/echo/0/s/jsonp?c=f").status == 200);
    auto const r = s.ask("POST", "/echo/0/s/jsonp_send?i=abc", form, "d=%5B%22a+b%22%5D&x=y");
    CHECK(r.status == 200);
    CHECK(r.body == "ok");
    CHECK(r["Content-Length"] == "2");
    CHECK(r["Content-Type"] == "text/plain; charset=UTF-8");
    CHECK(r["Cache-Control"] == support::no_cache);
    CHECK(s.ask("POST", "/echo/0/s/jsonp_send", {{"Content-Type", "text/plain"}}, "[\"%61bc\"]")
              .body == "ok");
    CHECK(s.post("/echo/0/s/xhr").body == "a[\"a b\",\"%61bc\"]\n");
}

TEST_CASE("a form without messages is 500") {
    sockjs_services s;
    s.echo();
    CHECK(s.ask("GET", "/echo/0/s/jsonp?c=f").status == 200);
    for (char const* const body : {"", "d=", "p=p", "d=1", "d=%22x%22"}) {
        auto const r = s.ask("POST", "/echo/0/s/jsonp_send", form, body);
        CHECK(r.status == 500);
        CHECK(r.body == "Payload expected.");
    }
    for (char const* const body : {"d=%5B%22x", "d=%5B1%5D", "d=x"}) {
        auto const r = s.ask("POST", "/echo/0/s/jsonp_send", form, body);
        CHECK(r.status == 500);
        CHECK(r.body == "Broken JSON encoding.");
    }
    CHECK(s.ask("POST", "/echo/0/s/jsonp_send", form, "d=%5B%22b%22%5D").body == "ok");
    CHECK(s.ask("GET", "/echo/0/s/jsonp?c=f").body == "/**/f(\"a[\\\"b\\\"]\");\r\n");
}

TEST_CASE("of a field that comes twice the first counts") {
    sockjs_services s;
    s.echo();
    CHECK(s.post("/echo/0/s/xhr").body == "o\n");
    CHECK(s.ask("POST", "/echo/0/s/jsonp_send", form, "d=%5B%22a%22%5D&d=%5B%22b%22%5D").body ==
          "ok");
    CHECK(s.post("/echo/0/s/xhr").body == "a[\"a\"]\n");
}

TEST_CASE("messages to an unknown session are 404") {
    sockjs_services s;
    s.echo();
    CHECK(s.ask("POST", "/echo/0/s/jsonp_send", form, "d=%5B%22b%22%5D").status == 404);
}

TEST_CASE("a script poll that waits gets a heartbeat, and ends") {
    sockjs_services s;
    auto o = service_options("/echo");
    o.heartbeat_delay = 50ms;
    s.echo(o);
    CHECK(s.ask("GET", "/echo/0/s/jsonp?c=f").body == "/**/f(\"o\");\r\n");
    CHECK(s.ask("GET", "/echo/0/s/jsonp?c=f").body == "/**/f(\"h\");\r\n");
}

TEST_CASE("in a form a plus sign is a space, and other fields and the query do not count") {
    sockjs_services s;
    s.echo();
    CHECK(s.post("/echo/0/s/xhr").body == "o\n");
    CHECK(s.ask("POST", "/echo/0/s/jsonp_send?i=7&d=%5B%22query%22%5D", form,
                "i=%5B1%5D&d=%5B%22a+b%2Bc%22%5D&e=")
              .body == "ok");
    CHECK(s.post("/echo/0/s/xhr").body == "a[\"a b+c\"]\n");
}
