// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/redis/detail/cluster_slots.hpp>

#include <httphooks/redis/value.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace redis = httphooks::redis;
using redis::value;
using redis::detail::read_redirection;
using redis::detail::read_slots;

namespace {

template <class... Values>
value list(Values... v) {
    std::vector<value> all;
    (all.push_back(std::move(v)), ...);
    return value(std::move(all));
}

}  // namespace

TEST_CASE("an error may say which node of a cluster is the right one") {
    auto r = read_redirection("MOVED 3999 127.0.0.1:6381");
    REQUIRE(r.has_value());
    CHECK_FALSE(r->ask);
    CHECK(r->slot == 3999);
    CHECK(r->node == redis::detail::node_name{"127.0.0.1", 6381});

    r = read_redirection("ASK 16383 redis-1.example:7000");
    REQUIRE(r.has_value());
    CHECK(r->ask);
    CHECK(r->node == redis::detail::node_name{"redis-1.example", 7000});

    // the node that says so does not know its own name
    r = read_redirection("MOVED 1 :6379");
    REQUIRE(r.has_value());
    CHECK(r->node == redis::detail::node_name{"", 6379});

    r = read_redirection("MOVED 1 fe80::1:6379");
    REQUIRE(r.has_value());
    CHECK(r->node == redis::detail::node_name{"fe80::1", 6379});
}

TEST_CASE("other errors, and malformed ones, say nothing of nodes") {
    for (std::string_view const text :
         {"", "ERR x", "MOVED", "MOVED ", "MOVED 1", "MOVED 1 host", "MOVED 16384 h:1",
          "MOVED -1 h:1", "MOVED x h:1", "MOVED 1 h:0", "MOVED 1 h:65536",
          "MOVED 1 h:", "MOVED 1h:1", "MOVEDX 1 h:1", "ASK"}) {
        CAPTURE(text);
        CHECK_FALSE(read_redirection(text).has_value());
    }
}

TEST_CASE("the slots of a cluster are read, malformed ones left out") {
    auto const ranges = read_slots(list(
        list(value(0), value(5460), list(value("10.0.0.1"), value(7000), value("id"))),
        list(value(5461), value(16383), list(value(), value(7001))),
        list(value(5461), value(16384), list(value("x"), value(7001))),
        list(value(9), value(8), list(value("x"), value(7001))),
        list(value(-1), value(8), list(value("x"), value(7001))),
        list(value(1), value(8), list(value("x"), value(0))), list(value(1)), value(), value("x")));
    REQUIRE(ranges.size() == 2);
    CHECK(ranges[0].first == 0);
    CHECK(ranges[0].last == 5460);
    CHECK(ranges[0].node == redis::detail::node_name{"10.0.0.1", 7000});
    CHECK(ranges[1].node == redis::detail::node_name{"", 7001});
    CHECK(read_slots(value()).empty());
    CHECK(read_slots(value("x")).empty());
}
