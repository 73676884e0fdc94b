// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// A single-page application and its API. Arguments: the port (8080), the directory of the page.
//
// curl: /api/notes/7 => note 7
// curl: /api/notes/seven => {"error":"Invalid parameter id"}
// curl: /api/notes/latest => the latest note
// curl: -H "Accept: text/html" /notes/7 => <!doctype html>
// curl: -H "Accept: text/html" /missing.js => Not Found
// curl: -i -X PUT /api/notes/7 => Allow: GET, HEAD, OPTIONS
// curl: -I /main.js => Cache-Control: public, max-age=60

#include <httphooks.hpp>
#include <httphooks/http/static_files.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

namespace asio = boost::asio;
namespace hh = httphooks;

int main(int argc, char** argv) {
    auto const port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8080);
    std::string const root = argc > 2 ? argv[2] : "demo/page";
    asio::io_context context(1);
    hh::registry hooks(context.get_executor(), {.responders = hh::responders::best});

    // Only the most specific responder runs: /api/notes/latest does not ask for the note "latest".
    hooks.get("/api/notes/:id", [](hh::responder_context& c) {
        int const id = c.require<int>("id");  // else the reply is a 400
        return hh::text("note ", id);
    });
    hooks.get("/api/notes/latest", [](auto&) { return "the latest note"; });

    // What nothing else answers: the files of the page, and for addresses within it, its start.
    hooks.get("/*path",
              hh::http::static_files(root, {.fallback_file = "index.html",
                                            .cache_rules = {{"*.html", "no-cache"},
                                                            {.hashed = true},
                                                            {"*.js", "public, max-age=60"}}}),
              {.fallback = true});

    hh::http::server web(context.get_executor(), hooks, {.port = port});
    web.listen();
    web.async_run(asio::detached);
    std::cout << "listening on http://127.0.0.1:" << web.port() << std::endl;

    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait(
        [&](hh::error_code, int) { web.async_drain(std::chrono::seconds(5), asio::detached); });
    context.run();
}
