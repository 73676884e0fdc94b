// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/sockjs/transport/eventsource.hpp>

#include "support/catch.hpp"
#include "support/sockjs_services.hpp"

#include <string>

using support::http_peer;
using support::service_options;
using support::sockjs_services;
namespace hh = httphooks;

namespace {

void open_events(http_peer& p, std::string const& target) {
    p.send("GET", target, {{"Origin", "test"}});
    auto const head = p.head();
    CHECK(head.status == 200);
    CHECK(head["Content-Type"] == "text/event-stream");
    CHECK(head["Cache-Control"] == support::no_cache);
    CHECK(head["X-Accel-Buffering"] == "no");
    CHECK(head["Access-Control-Allow-Origin"] == "test");
    CHECK(head.chunked());
    CHECK(p.chunk() == "\r\n");
}

}  // namespace

TEST_CASE("frames are events") {
    sockjs_services s;
    s.echo();
    auto p = s.peer();
    open_events(p, "/echo/0/s/eventsource");
    CHECK(p.chunk() == "data: o\r\n\r\n");
    CHECK(s.post("/echo/0/s/xhr_send", "[\"  \\u0000\\n\\r \"]").status == 204);
    CHECK(p.chunk() == "data: a[\"  \\u0000\\n\\r \"]\r\n\r\n");
}

TEST_CASE("percent signs arrive as they were sent") {
    sockjs_services s;
    s.echo();
    auto p = s.peer();
    open_events(p, "/echo/0/s/eventsource");
    CHECK(p.chunk() == "data: o\r\n\r\n");
    CHECK(s.post("/echo/0/s/xhr_send", "[\"%41%E4\"]").status == 204);
    CHECK(p.chunk() == "data: a[\"%2541%25E4\"]\r\n\r\n");
}

TEST_CASE("events end when the response limit is reached") {
    sockjs_services s;
    s.echo();
    auto p = s.peer();
    open_events(p, "/echo/0/s/eventsource");
    CHECK(p.chunk() == "data: o\r\n\r\n");
    std::string const message(4096, 'x');
    CHECK(s.post("/echo/0/s/xhr_send", "[\"" + message + "\"]").status == 204);
    CHECK(p.chunk() == "data: a[\"" + message + "\"]\r\n\r\n");
    CHECK(p.chunk() == "");
}

TEST_CASE("a second stream of events is refused as an event") {
    sockjs_services s;
    s.echo();
    auto p = s.peer();
    open_events(p, "/echo/0/s/eventsource");
    CHECK(p.chunk() == "data: o\r\n\r\n");
    CHECK(s.ask("GET", "/echo/0/s/eventsource").body ==
          "\r\ndata: c[2010,\"Another connection still open\"]\r\n\r\n");
}
