// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/server_event.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <stdexcept>
#include <string>

using namespace httphooks;

TEST_CASE("an event's text has its fields, and one of data for each line") {
    server_event e;
    CHECK(to_string(e) == "data: \n\n");
    e.data = "one";
    CHECK(to_string(e) == "data: one\n\n");
    e.data = "a\nb\r\nc\rd\n";
    e.name = "n";
    e.id = "7";
    e.retry = std::chrono::seconds(2);
    CHECK(to_string(e) ==
          "event: n\nid: 7\nretry: 2000\ndata: a\ndata: b\ndata: c\ndata: d\ndata: \n\n");
}

TEST_CASE("nothing in an event's name or id becomes another line") {
    using namespace std::string_literals;
    for (std::string const& bad : {"a\nb"s, "a\rb"s, "\n"s, "a\0b"s}) {
        server_event e;
        e.id = bad;
        CHECK_THROWS_AS(to_string(e), std::invalid_argument);
        e.id.clear();
        e.name = bad;
        CHECK_THROWS_AS(to_string(e), std::invalid_argument);
    }
}

TEST_CASE("a client that connects again says which event was the last") {
    request r(verb::get, "/", 11);
    CHECK(last_event_id(r).empty());
    r.set("Last-Event-ID", "42");
    CHECK(last_event_id(r) == "42");
}
