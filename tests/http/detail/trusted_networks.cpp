// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/http/detail/trusted_networks.hpp>

#include "support/catch.hpp"

#include <boost/asio/ip/address.hpp>

#include <stdexcept>
#include <string>

using boost::asio::ip::make_address;
using httphooks::field;
using httphooks::request;
using httphooks::http::detail::trusted_networks;

namespace {

trusted_networks const proxies({"10.1.2.3/8", "192.0.2.1", "2001:db8::/32"});

/// The client of a request with one field.
template <class Name>
std::string client(Name name, std::string const& value) {
    request r;
    r.set(name, value);
    auto const found = proxies.client(r);
    return found ? found->to_string() : "nothing";
}

}  // namespace

TEST_CASE("addresses and networks are trusted, IPv4 also when it comes over IPv6") {
    CHECK(proxies.contains(make_address("10.200.0.1")));
    CHECK(proxies.contains(make_address("::ffff:10.0.0.1")));
    CHECK(proxies.contains(make_address("192.0.2.1")));
    CHECK(proxies.contains(make_address("2001:db8:1::1")));
    CHECK_FALSE(proxies.contains(make_address("11.0.0.1")));
    CHECK_FALSE(proxies.contains(make_address("192.0.2.2")));
    CHECK_FALSE(proxies.contains(make_address("2001:db9::1")));
    CHECK(trusted_networks().empty());
    for (auto const* text : {"", "proxy.example", "10.0.0.0/33", "10.0.0.0/x", "::/129", "[::1]"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(trusted_networks({text}), std::invalid_argument);
    }
}

TEST_CASE("the client is the last address that is no trusted proxy's") {
    CHECK(client("X-Forwarded-For", "203.0.113.9") == "203.0.113.9");
    CHECK(client("X-Forwarded-For", "1.2.3.4, 203.0.113.9 , 10.0.0.1") == "203.0.113.9");
    CHECK(client("X-Forwarded-For", "10.0.0.2, 10.0.0.1") == "10.0.0.2");
    CHECK(client(field::forwarded, "for=1.2.3.4, proto=https; For=203.0.113.9;by=10.0.0.1") ==
          "203.0.113.9");
    CHECK(client(field::forwarded, "for=\"[2001:db9::1]:4711\"") == "2001:db9::1");
    CHECK(client("X-Forwarded-For", "::ffff:203.0.113.9") == "203.0.113.9");
}

TEST_CASE("what is no address names no client") {
    for (auto const* text : {"unknown", "_hidden", "1.2.3", "1.2.3.4:", "1.2.3.4:port", "[1.2.3.4]",
                             "1.2.3.4, ", "[2001:db9::1", "fe80::1%eth0"}) {
        CAPTURE(text);
        CHECK(client("X-Forwarded-For", text) == "nothing");
    }
    CHECK(client(field::forwarded, "by=10.0.0.1") == "nothing");
    CHECK_FALSE(proxies.client(request()));
}

TEST_CASE("Forwarded goes before X-Forwarded-For, and the last field of several is read first") {
    request r;
    r.set("X-Forwarded-For", "203.0.113.1");
    r.insert(field::forwarded, "for=203.0.113.2");
    r.insert(field::forwarded, "for=10.0.0.1");
    CHECK(proxies.client(r) == make_address("203.0.113.2"));
    r.insert(field::forwarded, "for=203.0.113.3");
    CHECK(proxies.client(r) == make_address("203.0.113.3"));
}
