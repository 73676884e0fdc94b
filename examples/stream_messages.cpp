// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// Streams and server-sent events over Socket.IO and SockJS: each write is a message of its own.
//
//     const socket = io('http://127.0.0.1:8080');
//     socket.on('response', (m) => console.log(m.id, m.content));
//     socket.emit('request', { id: 1, method: 'GET', url: '/news' }, (end) => console.log(end));
//
// Argument: the port (8080).
//
// curl: /to/2 => 2
// curl: -d '' /hooks/0/a/xhr => o
// curl: -i --json '["{\"id\":7,\"method\":\"GET\",\"url\":\"/to/2\"}"]' /hooks/0/a/xhr_send => 204
// curl: -d '' /hooks/0/a/xhr => \"more\":true,
// curl: '/socket.io/?EIO=4&transport=polling' => "maxPayload":1000000

#include <httphooks.hpp>
#include <httphooks/event_source_hub.hpp>
#include <httphooks/socketio.hpp>
#include <httphooks/socketio/dispatch.hpp>
#include <httphooks/sockjs.hpp>
#include <httphooks/sockjs/dispatch.hpp>
#include <httphooks/stream.hpp>

#include <boost/asio/awaitable.hpp>
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
    hooks.get("/to/:n", [](auto& c) {
        int const n = std::atoi(std::string(c.param("n")).c_str());
        return hh::stream("text/plain", [n](auto& out) -> asio::awaitable<void> {
            for (int i = 1; i <= n; ++i) {
                std::string const line = std::to_string(i) + "\n";
                co_await out.async_write(line);  // waits while the client does not read
            }
        });
    });
    hh::event_source_hub const hub;
    hooks.get("/news", [hub](auto& c) { return hub.subscribe(c.request()); });
    hooks.post("/news", [hub](auto& c) {
        hub.publish("", c.request().body());
        return hh::status::no_content;
    });

    hh::sockjs::server sockets(context.get_executor(), {.prefix = "/hooks"});
    hh::sockjs::dispatch(sockets, hooks, {.stream_messages = true});
    hh::socketio::server io(context.get_executor());
    hh::socketio::dispatch(io.of("/"), hooks, {.stream_messages = true});

    hh::http::server web(context.get_executor(), hooks, {.port = port});
    web.mount(sockets);
    web.mount(io);
    web.listen();
    web.async_run(asio::detached);
    std::cout << "listening on http://127.0.0.1:" << web.port() << std::endl;

    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([&](hh::error_code, int) {
        hub.close();
        web.async_drain(std::chrono::seconds(5), asio::detached);
    });
    context.run();
}
