// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// The same hooks answer HTTP requests and messages of SockJS clients. Argument: the port (8080).
//
// curl: /hello/World => Hello, World! (http)
// curl: -d '' /hooks/0/a/xhr => o
// curl: -i --json '["{\"method\":\"GET\",\"url\":\"/hello/World\"}"]' /hooks/0/a/xhr_send => 204
// curl: -d '' /hooks/0/a/xhr => Hello, World! (sockjs)

#include <httphooks.hpp>
#include <httphooks/sockjs.hpp>
#include <httphooks/sockjs/dispatch.hpp>

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

    hh::sockjs::server sockets(context.get_executor(), {.prefix = "/hooks"});
    hh::sockjs::dispatch(sockets, hooks);

    hh::http::server web(context.get_executor(), hooks, {.port = port});
    web.mount(sockets);
    web.listen();
    web.async_run(asio::detached);
    std::cout << "listening on http://127.0.0.1:" << web.port() << std::endl;

    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait(
        [&](hh::error_code, int) { web.async_drain(std::chrono::seconds(5), asio::detached); });
    context.run();
}
