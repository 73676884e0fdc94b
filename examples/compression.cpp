// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// Compressed replies, compressed requests, and files that were compressed beforehand. Arguments:
// the port (8080), and a folder of files (none); "app.js.br" and "app.js.gz" in it are sent for
// "app.js".
//
// curl: -s --compressed /rows => "row":0
// curl: -si -H Accept-Encoding:gzip -o/dev/null -w '%header{content-encoding}' /rows => gzip
// curl: -si -H Accept-Encoding:gzip,br -o/dev/null -w '%header{content-encoding}' /rows => br
// curl: -si -H Accept-Encoding:br /secret => the secret is 42
// curl: -s -H Content-Encoding:zstd -d x -w '%{http_code} %header{accept-encoding}' /rows => 415
// br, gzip curl: -s -H Content-Encoding:gzip -d x -w '%{http_code}' /rows => 400

#include <httphooks.hpp>
#include <httphooks/http/brotli_coding.hpp>
#include <httphooks/http/compress.hpp>
#include <httphooks/http/decompress.hpp>
#include <httphooks/http/static_files.hpp>
#include <httphooks/http/zlib_codings.hpp>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

namespace hh = httphooks;

int main(int argc, char** argv) {
    hh::registry hooks;
    hooks.get("/rows", [](auto&) {
        nlohmann::json rows;
        for (int i = 0; i < 1000; ++i) rows.push_back({{"row", i}, {"name", "a name"}});
        return rows;
    });
    hooks.post("/rows", [](auto& c) {
        return hh::text(c.request().body().size(), " bytes when they are decompressed\n");
    });
    hooks.get("/secret", [](auto&) {
        hh::response r = hh::make_response(hh::status::ok, "the secret is 42\n", "text/plain");
        r.body() += std::string(2000, '.');
        r.set(hh::field::cache_control, "no-store, no-transform");
        return r;
    });
    if (argc > 2) hooks.default_responder(hh::http::static_files(argv[2], {.precompressed = true}));

    hh::http::options server;
    server.port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8080);
    server.compress = hh::http::compress({.codings = {hh::http::brotli(), hh::http::gzip()}});
    server.decompress = hh::http::decompress({.codings = {hh::http::brotli(), hh::http::gzip()}});
    hh::http::server web(server, hooks);
    web.listen();
    std::cout << "listening on http://127.0.0.1:" << web.port() << std::endl;
    web.run_until_signal();
}
