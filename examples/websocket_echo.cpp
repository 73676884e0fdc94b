// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// A WebSocket that sends every message back, beside the hooks of the same server.
// Argument: the port (8080).
//
// curl: /ws => This is a WebSocket

#include <httphooks.hpp>
#include <httphooks/websocket/server.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>

namespace asio = boost::asio;
namespace hh = httphooks;
namespace ws = httphooks::websocket;

int main(int argc, char** argv) {
    auto const port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8080);
    asio::io_context context(1);

    ws::server echo(context.get_executor(), {.path = "/ws"});
    echo.on_message([](ws::connection& c, ws::message const& m) { c.send(m); });

    hh::registry hooks(context.get_executor());
    hh::http::server web(context.get_executor(), hooks, {.port = port});
    web.mount(echo);
    web.listen();
    web.async_run(asio::detached);
    std::cout << "listening on http://127.0.0.1:" << web.port() << std::endl;

    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([&](hh::error_code, int) {
        web.async_drain(std::chrono::seconds(5), [](hh::error_code, hh::http::drain_report) {});
    });
    context.run();
}
