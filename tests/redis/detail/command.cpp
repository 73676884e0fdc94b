// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/redis/detail/command.hpp>

#include <httphooks/redis/arguments.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "support/catch.hpp"

namespace redis = httphooks::redis;

namespace {

std::string key(redis::arguments const& a) {
    return std::string(redis::detail::key_of(a.bytes()).value_or("(none)"));
}

}  // namespace

TEST_CASE("the key of a command says which node it is for") {
    CHECK(key({"GET", "k"}) == "k");
    CHECK(key({"set", "k", "v"}) == "k");
    CHECK(key({"SPUBLISH", "channel", "x"}) == "channel");
    CHECK(key({"XADD", "stream", "*", "a", "b"}) == "stream");
    CHECK(key({"XREAD", "COUNT", 100, "BLOCK", 5000, "STREAMS", "s1", "s2", "0", "0"}) == "s1");
    CHECK(key({"xread", "streams", "s1", "$"}) == "s1");
    CHECK(key({"EVAL", "return 1", 1, "k"}) == "k");
    CHECK(key({"PUBSUB", "SHARDNUMSUB", "channel"}) == "channel");
    CHECK(key({"OBJECT", "ENCODING", "k"}) == "k");
    CHECK(key({"GET", std::string("a\r\n$1\r\nb")}) == "a\r\n$1\r\nb");
}

TEST_CASE("some commands have no key") {
    CHECK(key({"PING"}) == "(none)");
    CHECK(key({"PUBLISH", "channel", "x"}) == "(none)");
    CHECK(key({"PUBSUB", "NUMSUB", "channel"}) == "(none)");
    CHECK(key({"EVAL", "return 1", 0}) == "(none)");
    CHECK(key({"XREAD", "COUNT", 1}) == "(none)");
    CHECK(key({"GET"}) == "(none)");
}

TEST_CASE("the key of a transaction is that of its first command") {
    redis::transaction t;
    t.add({"GET", "k"}).add({"DEL", "other"});
    std::string const bytes = std::move(t).bytes();
    CHECK(redis::detail::key_of(bytes) == "k");
    CHECK_FALSE(redis::detail::key_of(redis::transaction().bytes()));
}
