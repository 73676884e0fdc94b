// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/http/options.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <type_traits>

using namespace std::chrono_literals;

namespace hh = httphooks;

TEST_CASE("the defaults of a server's options suit a public server with small requests") {
    STATIC_REQUIRE(std::is_aggregate_v<hh::http::options>);
    hh::http::options const o;
    CHECK(o.threads == 1);
    CHECK(o.header_timeout == 10s);
    CHECK(o.body_grace == 10s);
    CHECK(o.idle_timeout == 60s);
    CHECK(o.handler_timeout == 30s);
    CHECK(o.write_timeout == 30s);
    CHECK(o.body_limit == 1024 * 1024);
    CHECK(o.pipeline_limit == 16);
    CHECK(o.max_connections == 10'000);
    CHECK(o.max_connections_per_address == 256);
    CHECK(o.server_name.empty());
    CHECK(o.trusted_proxies.empty());
    CHECK_FALSE(o.cancel_on_half_close);
    CHECK_FALSE(o.compress);
    CHECK_FALSE(o.decompress);
}

TEST_CASE("options are given by name, the others stay") {
    hh::http::options const o{.port = 8080, .threads = 2};
    CHECK(o.port == 8080);
    CHECK(o.threads == 2);
    CHECK(o.address == hh::http::options().address);
}
