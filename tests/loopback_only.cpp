// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/loopback_only.hpp>

#include <httphooks/registry.hpp>
#include <httphooks/testing.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>

#include <string>
#include <string_view>

#include "support/catch.hpp"

using namespace httphooks;

namespace {

/// The status that a client gets behind the guard.
status ask(std::string_view address, std::string_view host, std::string_view header = "Accept") {
    asio::io_context context;
    registry hooks(context.get_executor());
    hooks.pre_responder(any_verb, "/*", loopback_only{});
    hooks.get("/metrics", [](auto&) { return "numbers"; });
    request r(verb::get, "/metrics", 11);
    r.set(field::host, host);
    r.set(header, "x");
    origin const from(transport::http, {asio::ip::make_address(std::string(address)), 5000});
    return testing::inject(hooks, r, from).result();
}

}  // namespace

TEST_CASE("The guard lets pass who is on this machine and calls it by its name") {
    CHECK(ask("127.0.0.1", "localhost:8080") == status::ok);
    CHECK(ask("::1", "[::1]:8080") == status::ok);
    CHECK(ask("192.0.2.1", "localhost") == status::not_found);
    CHECK(ask("127.0.0.1", "example.org") == status::not_found);
    CHECK(ask("127.0.0.1", "localhost", "X-Forwarded-For") == status::not_found);
}
