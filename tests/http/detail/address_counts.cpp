// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/http/detail/address_counts.hpp>

#include "support/catch.hpp"

#include <boost/asio/ip/address.hpp>

using boost::asio::ip::make_address;
using httphooks::http::detail::address_counts;

TEST_CASE("so many clients may come from one address, and as many again when they have gone") {
    address_counts counts(2);
    auto const one = make_address("192.0.2.1");
    auto const other = make_address("2001:db8::1");
    CHECK(counts.enter(one));
    CHECK(counts.enter(one));
    CHECK_FALSE(counts.enter(one));
    CHECK(counts.enter(other));
    counts.leave(one);
    CHECK(counts.enter(one));
    CHECK_FALSE(counts.enter(one));
}

TEST_CASE("clients on this machine are not counted, in whatever way their address is written") {
    address_counts counts(1);
    for (auto const* text : {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"})
        for (int i = 0; i < 3; ++i) CHECK(counts.enter(make_address(text)));
    CHECK(counts.size() == 0);
}

TEST_CASE("an address of IPv4 is the same one when it comes over IPv6") {
    address_counts counts(1);
    CHECK(counts.enter(make_address("::ffff:192.0.2.1")));
    CHECK_FALSE(counts.enter(make_address("192.0.2.1")));
    counts.leave(make_address("192.0.2.1"));
    CHECK(counts.enter(make_address("192.0.2.1")));
}

TEST_CASE("clients that have gone, and those that were refused, leave nothing behind") {
    address_counts counts(1);
    auto const a = make_address("192.0.2.1");
    CHECK(counts.enter(a));
    CHECK_FALSE(counts.enter(a));
    counts.leave(a);
    counts.leave(a);
    CHECK(counts.size() == 0);
    address_counts nobody(0);
    CHECK_FALSE(nobody.enter(a));
    CHECK(nobody.size() == 0);
}
