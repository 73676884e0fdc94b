// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/http/detail/trusted_networks.hpp>

#include "support/catch.hpp"

#include <boost/asio/ip/address.hpp>

#include <optional>
#include <stdexcept>
#include <string>

using boost::asio::ip::make_address;
using httphooks::field;
using httphooks::request;
using httphooks::http::proxy_field;
using httphooks::http::detail::trusted_networks;

namespace {

trusted_networks const proxies({"10.1.2.3/8", "192.0.2.1", "2001:db8::/32"});

std::string client(request const& r, proxy_field by) {
    auto const found = proxies.client(r, by).address;
    return found ? found->to_string() : "nothing";
}

/// The client of a request with one field.
template <class Name>
std::string client(Name name, std::string const& value) {
    request r;
    r.set(name, value);
    return client(r, std::string(r.begin()->name_string()) == "Forwarded"
                         ? proxy_field::forwarded
                         : proxy_field::x_forwarded_for);
}

/// Whether the client came by TLS, as X-Forwarded-Proto says.
std::optional<bool> tls(std::string const& scheme) {
    request r;
    r.set("X-Forwarded-Proto", scheme);
    return proxies.client(r, proxy_field::x_forwarded_for).tls;
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
    CHECK(client(request(), proxy_field::forwarded) == "nothing");
    CHECK(client(request(), proxy_field::x_forwarded_for) == "nothing");
}

TEST_CASE("Only the field that is named has an effect, and its last one is read first") {
    request r;
    r.set("X-Forwarded-For", "203.0.113.1");
    r.set("X-Forwarded-Proto", "http");
    r.insert(field::forwarded, "for=203.0.113.2;proto=https");
    r.insert(field::forwarded, "for=10.0.0.1");
    CHECK(client(r, proxy_field::forwarded) == "203.0.113.2");
    CHECK(proxies.client(r, proxy_field::forwarded).tls == true);
    CHECK(client(r, proxy_field::x_forwarded_for) == "203.0.113.1");
    CHECK(proxies.client(r, proxy_field::x_forwarded_for).tls == false);
    r.insert(field::forwarded, "for=203.0.113.3");
    CHECK(client(r, proxy_field::forwarded) == "203.0.113.3");
    CHECK_FALSE(proxies.client(r, proxy_field::forwarded).tls.has_value());
}

TEST_CASE("the last scheme that a proxy names says whether the client came by TLS") {
    CHECK(tls("https") == true);
    CHECK(tls("HTTPS") == true);
    CHECK(tls("wss") == true);
    CHECK(tls("http") == false);
    CHECK(tls("https, http") == false);
    CHECK_FALSE(tls("gopher").has_value());
    CHECK_FALSE(tls("").has_value());
}
