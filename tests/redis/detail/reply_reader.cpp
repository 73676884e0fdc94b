// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/redis/detail/reply_reader.hpp>

#include <httphooks/redis/detail/push_reader.hpp>
#include <httphooks/redis/error.hpp>

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace redis = httphooks::redis;
using httphooks::error_code;
using redis::value;
using redis::value_kind;
using redis::detail::reply_limits;
using redis::detail::reply_reader;
using redis::detail::value_builder;

namespace {

struct read_replies {
    std::vector<value> values{};
    error_code ec{};

    /// Reads bytes that come in pieces of this size.
    read_replies(std::string_view bytes, std::size_t piece, reply_limits const& limits = {}) {
        reply_reader reader(limits);
        value_builder builder;
        while (!bytes.empty() && !ec) {
            ec = reader.feed(bytes.substr(0, piece));
            while (!ec && reader.next(builder, ec)) values.push_back(builder.take());
            bytes.remove_prefix(std::min(piece, bytes.size()));
        }
    }
};

error_code read_error(std::string_view bytes, reply_limits const& limits = {}) {
    error_code const whole = read_replies(bytes, bytes.size(), limits).ec;
    CHECK(read_replies(bytes, 1, limits).ec == whole);
    return whole;
}

}  // namespace

TEST_CASE("replies of Redis are the same however they are split") {
    std::string const bytes =
        "+OK\r\n-ERR no\r\n:-42\r\n$5\r\nhe\r\no\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n"
        "*4\r\n$1\r\na\r\n*3\r\n:1\r\n*1\r\n$-1\r\n+x\r\n-ERR in\r\n$4\r\nlast\r\n";
    for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
        CAPTURE(piece);
        read_replies const r(bytes, piece);
        CHECK_FALSE(r.ec);
        REQUIRE(r.values.size() == 9);
        CHECK(r.values[0] == value("OK", value_kind::status));
        CHECK(r.values[1] == value("ERR no", value_kind::error));
        CHECK(r.values[2] == value(-42));
        CHECK(r.values[3] == value("he\r\no"));
        CHECK(r.values[4] == value(""));
        CHECK(r.values[5].is_null());
        CHECK(r.values[6].is_null());
        CHECK((r.values[7].is_array() && r.values[7].size() == 0));
        value const& list = r.values[8];
        REQUIRE(list.size() == 4);
        CHECK(list[0].text() == "a");
        REQUIRE(list[1].size() == 3);
        CHECK(list[1][0].number() == 1);
        CHECK((list[1][1].size() == 1 && list[1][1][0].is_null()));
        CHECK(list[1][2].kind() == value_kind::status);
        CHECK(list[2].is_error());
        CHECK(list[3].text() == "last");
    }
}

TEST_CASE("a portion has nothing of the reply behind the one that has begun") {
    std::string const bytes =
        "+OK\r\n:-42\r\n$5\r\nhe\r\no\r\n$0\r\n\r\n$-1\r\n*0\r\n"
        "*4\r\n$1\r\na\r\n*1\r\n:1\r\n+x\r\n$4\r\nlast\r\n$20000\r\n" +
        std::string(20'000, '\n') + "\r\n+END\r\n";
    for (std::size_t const seen : {std::size_t{1}, std::size_t{7}, bytes.size()}) {
        CAPTURE(seen);
        reply_reader reader({});
        value_builder builder;
        std::vector<value> values;
        int portions = 0;
        for (std::string_view rest = bytes; !rest.empty(); ++portions) {
            if (reader.at_beginning()) CHECK(rest.find_first_of("+:$*") == 0);
            std::size_t const n = reader.portion(rest.substr(0, seen));
            REQUIRE((n > 0 && n <= reply_reader::piece));
            REQUIRE_FALSE(reader.feed(rest.substr(0, n)));
            rest.remove_prefix(n);
            error_code ec;
            std::size_t const before = values.size();
            while (reader.next(builder, ec)) values.push_back(builder.take());
            CHECK_FALSE(ec);
            CHECK(values.size() <= before + 1);
            CHECK(reader.at_beginning() == (values.size() != before));
        }
        CHECK(values.size() == 9);
        if (seen == bytes.size()) CHECK(portions < 30);
    }
}

TEST_CASE("what is no reply of Redis is refused") {
    for (std::string_view const bytes :
         {"HTTP/1.1 400 Bad Request\r\n", "\r\n", "$x\r\n", "*x\r\n", ":x\r\n", "$-2\r\n",
          "*-2\r\n", ":9223372036854775808\r\n", "*99999999999999999999\r\n"}) {
        CAPTURE(bytes);
        error_code const ec = read_error(bytes);
        CHECK((ec == redis::error::bad_reply || ec == redis::error::reply_limit));
    }
}

TEST_CASE("a text that is announced too large is refused before it comes") {
    reply_limits limits;
    limits.bytes = 100;
    CHECK_FALSE(read_error("$100\r\n" + std::string(100, 'x') + "\r\n", limits));
    CHECK(read_error("$101\r\n", limits) == redis::error::reply_limit);
    CHECK(read_error("$9223372036854775807\r\n", limits) == redis::error::reply_limit);
    CHECK(read_error("*2\r\n$60\r\n" + std::string(60, 'x') + "\r\n$41\r\n", limits) ==
          redis::error::reply_limit);
    // each reply has the limit for itself
    std::string const one = "$60\r\n" + std::string(60, 'x') + "\r\n";
    CHECK_FALSE(read_error(one + one, limits));
}

TEST_CASE("a line without an end is refused") {
    CHECK(read_replies("+" + std::string(70'000, 'x'), 1'000).ec == redis::error::bad_reply);
    CHECK(read_replies("$" + std::string(100, '1'), 10).ec == redis::error::bad_reply);
}

TEST_CASE("a reply of too many values is refused before they come") {
    reply_limits limits;
    limits.elements = 6;
    CHECK_FALSE(read_error("*5\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n", limits));
    CHECK(read_error("*6\r\n", limits) == redis::error::reply_limit);
    CHECK(read_error("*2147483647\r\n", limits) == redis::error::reply_limit);
    CHECK(read_error("*2\r\n*3\r\n:1\r\n:1\r\n:1\r\n*1\r\n", limits) == redis::error::reply_limit);
    CHECK_FALSE(read_error("*2\r\n*2\r\n:1\r\n:1\r\n*1\r\n:1\r\n", limits) ==
                redis::error::bad_reply);
    // what is only announced takes no memory
    limits.elements = std::numeric_limits<std::size_t>::max();
    CHECK_FALSE(read_error("*2147483647\r\n", limits));
}

TEST_CASE("a reply that is nested too deep is refused") {
    reply_limits limits;
    limits.depth = 3;
    CHECK_FALSE(read_error("*1\r\n*1\r\n*1\r\n:1\r\n", limits));
    CHECK(read_error("*1\r\n*1\r\n*1\r\n*1\r\n", limits) == redis::error::reply_limit);
    std::string deep;
    for (int i = 0; i < 10'000; ++i) deep += "*1\r\n";
    CHECK(read_error(deep));
}

TEST_CASE("a reader that has failed reads no more") {
    reply_reader reader({});
    value_builder builder;
    error_code ec;
    CHECK_FALSE(reader.feed("?\r\n+OK\r\n"));
    CHECK_FALSE(reader.next(builder, ec));
    CHECK(ec == redis::error::bad_reply);
    ec = {};
    CHECK_FALSE(reader.next(builder, ec));
    CHECK(ec == redis::error::bad_reply);
}

TEST_CASE("what a subscriber is sent is read as texts") {
    reply_reader reader({});
    redis::detail::push_reader push;
    error_code ec;
    CHECK_FALSE(
        reader.feed("*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\nhi\r\n"
                    "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n-NOPERM x\r\n"
                    "*2\r\n*2\r\n$1\r\nx\r\n$1\r\ny\r\n$1\r\nz\r\n"
                    "*6\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n"));
    REQUIRE(reader.next(push, ec));
    CHECK(push.kind() == value_kind::array);
    CHECK(push.size() == 3);
    CHECK(push[0] == "message");
    CHECK(push[2] == "hi");
    CHECK(push[3].empty());
    REQUIRE(reader.next(push, ec));
    CHECK(push[0] == "subscribe");
    CHECK(push[2].empty());
    REQUIRE(reader.next(push, ec));
    CHECK(push.kind() == value_kind::error);
    CHECK(push[0] == "NOPERM x");
    REQUIRE(reader.next(push, ec));
    CHECK(push.size() == 2);
    CHECK(push[1] == "z");
    REQUIRE(reader.next(push, ec));
    CHECK(push.size() == 4);
    CHECK_FALSE(reader.next(push, ec));
    CHECK_FALSE(ec);
}
