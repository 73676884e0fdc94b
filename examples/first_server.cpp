// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// The smallest server, on port 8080: one hook, two threads, until Ctrl-C.

#include <httphooks.hpp>
namespace hh = httphooks;
int main() {
    hh::registry hooks;
    hooks.get("/hello/:name", [](auto& c) { return hh::text("Hello, ", c.param("name"), "!\n"); });
    hh::http::server web({.port = 8080, .threads = 2}, hooks);
    web.run_until_signal();
}
