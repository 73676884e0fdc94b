// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/redis/arguments.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"

#include <hiredis/hiredis.h>

namespace redis = httphooks::redis;

namespace {

/// What hiredis writes.
std::string written_by_hiredis(std::vector<std::string_view> const& list) {
    std::vector<char const*> texts;
    std::vector<std::size_t> sizes;
    for (std::string_view const a : list) {
        texts.push_back(a.data());
        sizes.push_back(a.size());
    }
    char* bytes = nullptr;
    int const n =
        redisFormatCommandArgv(&bytes, static_cast<int>(list.size()), texts.data(), sizes.data());
    std::string text(bytes, static_cast<std::size_t>(n));
    redisFreeCommand(bytes);
    return text;
}

}  // namespace

TEST_CASE("commands are written as hiredis writes them") {
    std::string const binary("\0\r\n$", 4);
    std::string const large(100'000, 'x');
    CHECK(redis::arguments{"PING"}.bytes() == written_by_hiredis({"PING"}));
    CHECK(redis::arguments{"SET", binary, ""}.bytes() == written_by_hiredis({"SET", binary, ""}));
    CHECK(redis::arguments{"SET", "key", large}.bytes() ==
          written_by_hiredis({"SET", "key", large}));
    std::vector<std::string_view> const many(1'000, "argument");
    CHECK(redis::arguments(many).bytes() == written_by_hiredis(many));
}

TEST_CASE("arguments may be whole numbers") {
    CHECK(redis::arguments{"A", -1, 2u, std::numeric_limits<std::int64_t>::min(),
                           std::numeric_limits<std::uint64_t>::max()}
              .bytes() ==
          written_by_hiredis({"A", "-1", "2", "-9223372036854775808", "18446744073709551615"}));
    static_assert(!redis::detail::is_argument<bool>);
    static_assert(!redis::detail::is_argument<double>);
}

TEST_CASE("commands of a transaction are between MULTI and EXEC") {
    redis::transaction t;
    t.add({"GET", "a"}).add({"DEL", "a"});
    CHECK(t.replies() == 4);
    CHECK(std::move(t).bytes() == written_by_hiredis({"MULTI"}) + written_by_hiredis({"GET", "a"}) +
                                      written_by_hiredis({"DEL", "a"}) +
                                      written_by_hiredis({"EXEC"}));
}
