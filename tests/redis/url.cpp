// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/redis/url.hpp>

#include <httphooks/redis/error.hpp>

#include <string>
#include <string_view>

#include "support/catch.hpp"

namespace redis = httphooks::redis;

TEST_CASE("the URL of a Redis server says where it is and who asks") {
    auto u = redis::url::parse("redis://localhost");
    REQUIRE(u.has_value());
    CHECK_FALSE(u->tls);
    CHECK(u->host == "localhost");
    CHECK(u->port == 6379);
    CHECK(u->user.empty());
    CHECK(u->password.empty());
    CHECK(u->database == 0);

    u = redis::url::parse("rediss://anna:se%40cret%2F@[::1]:7000/12");
    REQUIRE(u.has_value());
    CHECK(u->tls);
    CHECK(u->user == "anna");
    CHECK(u->password == "se@cret/");
    CHECK(u->host == "::1");
    CHECK(u->port == 7000);
    CHECK(u->database == 12);

    u = redis::url::parse("REDIS://:p:w@10.0.0.1/");
    REQUIRE(u.has_value());
    CHECK(u->user.empty());
    CHECK(u->password == "p:w");
    CHECK(u->host == "10.0.0.1");

    u = redis::url::parse("redis://a:b@c@host");
    REQUIRE(u.has_value());
    CHECK(u->password == "b@c");
}

TEST_CASE("a Redis server may listen on a socket of the file system") {
    auto u = redis::url::parse("unix:///run/redis/redis%20x.sock");
    REQUIRE(u.has_value());
    CHECK(u->host.empty());
    CHECK(u->path == "/run/redis/redis x.sock");
    CHECK(u->database == 0);

    u = redis::url::parse("unix://anna:pw@/run/redis.sock?db=3");
    REQUIRE(u.has_value());
    CHECK(u->user == "anna");
    CHECK(u->password == "pw");
    CHECK(u->path == "/run/redis.sock");
    CHECK(u->database == 3);
}

TEST_CASE("what is no URL of a Redis server is refused") {
    for (std::string_view const text : {"",
                                        "redis",
                                        "redis://",
                                        "http://localhost",
                                        "redis:localhost",
                                        "redis:///1",
                                        "redis://:6379",
                                        "redis://host:",
                                        "redis://host:0",
                                        "redis://host:65536",
                                        "redis://host:12x",
                                        "redis://host/x",
                                        "redis://host/-1",
                                        "redis://host/1/2",
                                        "redis://host/4294967296",
                                        "redis://user@host",
                                        "redis://user:@host",
                                        "redis://a:%zz@host",
                                        "redis://a:%4@host",
                                        "redis://a:%00@host",
                                        "redis://ho st",
                                        "redis://host\r\n",
                                        "redis://host#x",
                                        "redis://::1",
                                        "redis://[::1",
                                        "redis://[::1]x",
                                        "unix://",
                                        "unix:///",
                                        "unix://host/path",
                                        "unix:///path?x=1",
                                        "unix:///path?db=",
                                        "unix:///p%00"}) {
        CAPTURE(text);
        auto const u = redis::url::parse(text);
        REQUIRE_FALSE(u.has_value());
        CHECK(u.error() == redis::error::invalid_url);
    }
}
