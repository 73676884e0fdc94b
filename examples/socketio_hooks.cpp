// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// The same hooks answer HTTP requests and the event "request" of Socket.IO clients:
//
//     const socket = io('http://127.0.0.1:8080');
//     socket.emit('request', { method: 'GET', url: '/hello/World' }, (r) =>
//     console.log(r.content));
//
// Argument: the port (8080).
//
// curl: /hello/World => Hello, World! (http)
// curl: '/socket.io/?EIO=4&transport=polling' => "maxPayload":1000000

#include <httphooks.hpp>
#include <httphooks/socketio.hpp>
#include <httphooks/socketio/dispatch.hpp>

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

int main(int argc, char** argv) {
    auto const port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8080);
    asio::io_context context(1);

    hh::registry hooks(context.get_executor());
    hooks.get("/hello/:name", [](auto& c) {
        return hh::text("Hello, ", c.param("name"), "! (", hh::to_string(c.origin().transport()),
                        ")\n");
    });

    hh::socketio::server io(context.get_executor());
    hh::socketio::dispatch(io.of("/"), hooks);

    hh::http::server web(context.get_executor(), hooks, {.port = port});
    web.mount(io);
    web.listen();
    web.async_run(asio::detached);
    std::cout << "listening on http://127.0.0.1:" << web.port() << std::endl;

    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait(
        [&](hh::error_code, int) { web.async_drain(std::chrono::seconds(5), asio::detached); });
    context.run();
}
