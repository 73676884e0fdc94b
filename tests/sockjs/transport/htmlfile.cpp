// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/sockjs/transport/htmlfile.hpp>

#include "support/catch.hpp"
#include "support/sockjs_services.hpp"

#include <string>

using support::http_peer;
using support::service_options;
using support::sockjs_services;
namespace hh = httphooks;

namespace {

constexpr char page_of_callback[] = R"(<!doctype html>
<html><head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
</head><body><h2>Don't panic!</h2>
  <script>
    document.domain = document.domain;
    var c = parent.callback;
    c.start();
    function p(d) {c.message(d);};
    window.onload = function() {c.stop();};
  </script>)";

std::string stripped(std::string s) {
    return s.substr(0, s.find_last_not_of(" \r\n") + 1);
}

}  // namespace

TEST_CASE("the page is longer than 1024 bytes and names the callback, scripts follow") {
    sockjs_services s;
    s.echo();
    for (char const* const query : {"c=%63allback", "callback=callback", "x=1&c=callback"}) {
        auto p = s.peer();
        p.send("GET", std::string("/echo/0/") + query[0] + query[2] + "/htmlfile?" + query);
        auto const head = p.head();
        CHECK(head.status == 200);
        CHECK(head["Content-Type"] == "text/html; charset=UTF-8");
        CHECK(head["Cache-Control"] == support::no_cache);
        CHECK(head["X-Accel-Buffering"] == "no");
        std::string const page = p.chunk();
        CHECK(page.size() > 1024);
        CHECK(stripped(page) == page_of_callback);
        CHECK(p.chunk() == "<script>\np(\"o\");\n</script>\r\n");
    }
}

TEST_CASE("a message is a script") {
    sockjs_services s;
    s.echo();
    auto p = s.peer();
    p.send("GET", "/echo/0/s/htmlfile?c=callback");
    CHECK(p.head().status == 200);
    p.chunk();
    p.chunk();
    CHECK(s.post("/echo/0/s/xhr_send", "[\"x\"]").status == 204);
    CHECK(p.chunk() == "<script>\np(\"a[\\\"x\\\"]\");\n</script>\r\n");
    CHECK(s.post("/echo/0/s/xhr_send", "[\"</script><script>alert(1)\"]").status == 204);
    CHECK(p.chunk() ==
          "<script>\np(\"a[\\\"\\u003c/script\\u003e\\u003cscript\\u003ealert(1)\\\"]\");\n"
          "</script>\r\n");
}

TEST_CASE("without a callback, and with what is no name, the answer is 500") {
    sockjs_services s;
    s.echo();
    auto const missing = s.ask("GET", "/echo/0/s/htmlfile");
    CHECK(missing.status == 500);
    CHECK(missing.body == "\"callback\" parameter required");
    CHECK(missing["Content-Type"] == "text/plain; charset=UTF-8");
    CHECK(missing["X-Content-Type-Options"] == "nosniff");
    for (char const* const value : {"%20", "*", "abc(", "abc%28", "", "a%3Cb",
                                    "a\x25"
                                    "00b"}) {
        auto const r = s.ask("GET", std::string("/echo/0/s/htmlfile?c=") + value);
        CHECK(r.status == 500);
        CHECK(r.body == "invalid \"callback\" parameter");
    }
    CHECK(s.ask("GET", "/echo/0/s/htmlfile?c=" + std::string(65, 'x')).status == 500);
}

TEST_CASE("htmlfile ends when the response limit is reached") {
    sockjs_services s;
    s.echo();
    auto p = s.peer();
    p.send("GET", "/echo/0/s/htmlfile?c=f");
    CHECK(p.head().status == 200);
    p.chunk();
    p.chunk();
    CHECK(s.post("/echo/0/s/xhr_send", "[\"" + std::string(4096, 'x') + "\"]").status == 204);
    CHECK(p.chunk().size() > 4096);
    CHECK(p.chunk() == "");
}

TEST_CASE("script transports can be switched off") {
    sockjs_services s;
    auto o = service_options("/echo");
    o.script_transports = false;
    s.echo(o);
    CHECK(s.ask("GET", "/echo/0/s/htmlfile?c=f").status == 404);
    CHECK(s.ask("GET", "/echo/0/s/jsonp?c=f").status == 404);
    CHECK(s.ask("POST", "/echo/0/s/jsonp_send", {}, "[]").status == 404);
}
