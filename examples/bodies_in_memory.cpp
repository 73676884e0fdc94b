// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// Uploads of up to 8 MiB, of which no more than 64 MiB are in memory however many come at once:
// those for which there is no room wait, the oldest first. Argument: the port (8080).
//
// curl: --data-binary 12345 /upload => 5 bytes
// curl: --data-binary @bodies_in_memory.cpp /upload => bytes
// curl: /metrics => httphooks_server_paused_bodies{server="web"} 0

#include <httphooks.hpp>
#include <httphooks/metrics.hpp>

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
    asio::io_context context(1);
    hh::registry hooks(context.get_executor());
    hooks.post("/upload",
               [](auto& c) { return std::to_string(c.request().body().size()) + " bytes"; });

    hh::http::options options{.port = port};
    options.body_limit = 8 << 20;
    options.bodies_in_memory = 64 << 20;
    hh::http::server web(context.get_executor(), hooks, options);

    hh::metrics numbers(hooks);
    numbers.watch("web", web);
    hooks.get("/metrics", numbers.responder());
    web.listen();
    web.async_run(asio::detached);
    std::cout << "listening on http://127.0.0.1:" << web.port() << std::endl;
    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait(
        [&](hh::error_code, int) { web.async_drain(std::chrono::seconds(5), asio::detached); });
    context.run();
}
