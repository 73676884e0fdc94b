// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    A whole server on a memory stream: any bytes, in pieces, and the client may go at any time.
*/

#include <httphooks/into_response.hpp>

#include "support/memory_server.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

namespace hh = httphooks;

void add_hooks(hh::registry& hooks) {
    hooks.get("/a/:name", [](auto& c) { return hh::text("hello ", c.param("name")); });
    hooks.post("/b", [](auto& c) { return hh::text(c.request().body()); });
    hooks.get("/c", [](auto& c, auto done) {
        c.set_response(hh::status::no_content);
        done();
    });
    hooks.put("/d", [](auto&, auto) {});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size < 2 || size > 16'384) return 0;
    std::size_t const piece = data[0] ? data[0] : size;
    std::uint8_t const how = data[1];
    std::string_view all(reinterpret_cast<char const*>(data) + 2, size - 2);
    hh::http::options o;
    o.body_limit = 500;
    o.output_limit = 2000;
    support::memory_server server(o);
    add_hooks(server.registry);
    auto client = server.connect();
    if (how & 1) client.window(100);
    while (!all.empty() && !client.ended()) {
        client.send(all.substr(0, piece));
        all.remove_prefix(std::min(piece, all.size()));
        server.run();
        if (how & 2) server.pass(std::chrono::seconds(3));
    }
    if (how & 4) client.finish();
    if (how & 8) client.reset();
    if (how & 1) client.window(1'000'000);
    server.run();
    for (int i = 0; i < 4; ++i) server.pass(std::chrono::seconds(31));
    // whatever came, the connection is gone now, and what it got begins with a status line
    if (server.loop().size() != 0) std::abort();
    std::string_view const got = client.received();
    if (!got.empty() && !got.starts_with("HTTP/1.1 ")) std::abort();
    return 0;
}
