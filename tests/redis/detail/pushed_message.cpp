// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/redis/detail/pushed_message.hpp>

#include <cstddef>
#include <string>
#include <string_view>

#include "support/catch.hpp"

namespace redis = httphooks::redis;
using redis::subscription;
using redis::detail::pushed;
using redis::detail::read_pushed;

namespace {

pushed kind_of(std::string_view bytes) {
    redis::message m;
    std::size_t size = 0;
    return read_pushed(bytes, m, size);
}

}  // namespace

TEST_CASE("messages are read where they are, whatever is behind them") {
    struct {
        std::string bytes;
        redis::message is;
    } const all[] = {
        {"*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$5\r\nhe\r\no\r\n",
         {subscription::channel, "a", {}, "he\r\no"}},
        {"*4\r\n$8\r\npmessage\r\n$2\r\nb*\r\n$12\r\nbxxxxxxxxxxx\r\n$0\r\n\r\n",
         {subscription::pattern, "bxxxxxxxxxxx", "b*", ""}},
        {"*3\r\n$8\r\nsmessage\r\n$0\r\n\r\n$1\r\n\n\r\n", {subscription::shard, "", {}, "\n"}},
    };
    for (auto const& each : all) {
        CAPTURE(each.bytes);
        for (std::string const behind : {"", "*", "+PONG\r\n", "\0"}) {
            redis::message m;
            std::size_t size = 0;
            REQUIRE(read_pushed(each.bytes + behind, m, size) == pushed::message);
            CHECK(size == each.bytes.size());
        }
        redis::message m;
        std::size_t size = 0;
        REQUIRE(read_pushed(each.bytes, m, size) == pushed::message);
        CHECK((m.kind == each.is.kind && m.channel == each.is.channel));
        CHECK((m.pattern == each.is.pattern && m.payload == each.is.payload));
        for (std::size_t n = 0; n < each.bytes.size(); ++n)
            CHECK(kind_of(std::string_view(each.bytes).substr(0, n)) == pushed::unfinished);
    }
}

TEST_CASE("what is no message, or a malformed one, is left to others") {
    for (std::string const text : {"+",
                                   ":1\r\n",
                                   "-ERR\r\n",
                                   "$1\r\na\r\n",
                                   "*0\r\n",
                                   "*2\r\n",
                                   "*3\r\n$9\r\n",
                                   "*3\r\n$7\r\nmessage\r\n:1\r\n",
                                   "*3\r\n$7\r\nmessage\r\n*1\r\n",
                                   "*3\r\n$7\r\nmessage\r\n$\r\n",
                                   "*3\r\n$7\r\nmessage\r\n$-1\r\n",
                                   "*3\r\n$7\r\nmessage\r\n$1x",
                                   "*3\r\n$7\r\nmessage\r\n$01\r\na\r\n",
                                   "*3\r\n$7\r\nmessage\r\n$1\rx",
                                   "*3\r\n$7\r\nmessage\r\n$1\r\naxx",
                                   "*3\r\n$7\r\nmessage\r\n$1\r\na\rx",
                                   "*3\r\n$7\r\nmessage\r\n$99999999999999999999999",
                                   "*3\r\n$8\r\nsmessages\r\n",
                                   "*3\r\n$8\r\npmessage\r\n",
                                   "*4\r\n$7\r\nmessage\r\n"}) {
        CAPTURE(text);
        CHECK(kind_of(text) == pushed::other);
    }
}
