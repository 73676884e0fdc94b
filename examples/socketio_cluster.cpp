// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// One of several servers that act as one over Redis: start it on two ports, and what is said to one
// is heard at both, and by clients of node's servers with createAdapter(). The arguments are the
// port (8080) and the URL of Redis.
//
// curl: '/socket.io/?EIO=4&transport=polling' => "upgrades":["websocket"]
// curl: / => there are 0 clients

#include <httphooks.hpp>
#include <httphooks/metrics.hpp>
#include <httphooks/socketio.hpp>
#include <httphooks/socketio/redis_adapter.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <utility>

namespace asio = boost::asio;
namespace hh = httphooks;

int main(int argc, char** argv) {
    auto const port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8080);
    std::string const url = argc > 2 ? argv[2] : "redis://127.0.0.1";
    asio::io_context context(1);

    // the one line that makes several servers of one
    hh::socketio::server io{context.get_executor(),
                            {.adapter = hh::socketio::redis_adapter({.url = url})}};
    io.on_error([](std::exception_ptr what) {
        try {
            std::rethrow_exception(what);
        } catch (std::exception const& e) {
            std::cerr << e.what() << '\n';  // such as: Redis: Connection refused
        }
    });
    io.on_connection([&io](hh::socketio::socket s) {
        s.on("join", [s](std::string const& room) { s.join(room); });
        s.on("say", [&io, s](std::string const& room, std::string const& text) {
            io.to(room).emit("said", s.id(), text);  // on all servers
        });
    });

    hh::registry hooks(context.get_executor());
    hh::metrics numbers(hooks);
    numbers.watch("socketio", io);  // what was dropped is there
    hooks.get("/metrics", numbers.responder());
    // without Redis: the clients of this server, and an error beside them
    hooks.get("/", [&io](auto&) -> asio::awaitable<hh::response> {
        auto asked = io.all().async_fetch_sockets(asio::as_tuple(asio::use_awaitable));
        auto const [ec, all] = co_await std::move(asked);
        co_return hh::text("there are ", all.size(), " clients", ec ? ", and more?\n" : "\n");
    });

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
