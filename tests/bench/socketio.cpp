// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    Socket.IO, and hooks over it, against the npm package socket.io, which does the same by hand.

    Without arguments: measures and prints a table, in the way of websocket.cpp. `socketio serve`
    serves until it is ended. The peer finds the route of each request, and makes the same reply.
*/

#include <httphooks.hpp>
#include <httphooks/socketio.hpp>
#include <httphooks/socketio/dispatch.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "bench/compare.hpp"
#include "bench/load_generator.hpp"
#include "bench/peer.hpp"
#include "bench/socketio_load.hpp"

#include <cstdio>
#include <string>
#include <utility>

namespace hh = httphooks;
namespace asio = boost::asio;

namespace {

int serve() {
    asio::io_context context(1);
    auto const executor = context.get_executor();
    hh::registry hooks(executor);
    hooks.post("/echo",
               [](auto& c) { c.set_response(hh::status::ok, c.request().body(), "text/plain"); });
    hh::socketio::server io(executor);
    hh::socketio::dispatch(io.of("/"), hooks);
    io.on_connection([io](hh::socketio::socket s) {
        s.join("all");
        s.on("echo", [](std::string text) { return text; });
        s.on("bcast", [io](std::string const& text) { io.to("all").emit("bcast", text); });
    });
    hh::http::server web(executor, hooks, {.address = "127.0.0.1"});
    web.mount(io);
    web.listen();
    web.async_run(asio::detached);
    bench::announce(web.port());
    context.run();
    return 0;
}

constexpr char npm_program[] = R"(
    const http = require('http'), { Server } = require('socket.io');
    let date = new Date().toUTCString();
    setInterval(() => date = new Date().toUTCString(), 1000);
    const routes = [{ method: 'POST', pattern: /^\/echo$/, hook: r => r.content }];
    const web = http.createServer();
    const io = new Server(web, { serveClient: false });
    io.on('connection', s => {
        s.join('all');
        s.on('request', (r, reply) => {
            const path = r.url.split('?')[0];
            const found = routes.find(e => e.method === r.method && e.pattern.test(path));
            if (!found) return reply({ statusCode: 404, headers: {}, content: '' });
            const content = found.hook(r);
            reply({ statusCode: 200, headers: { Date: date, 'Content-Type': 'text/plain',
                'Content-Length': String(Buffer.byteLength(content)) }, content });
        });
        s.on('echo', (text, reply) => reply(text));
        s.on('bcast', text => io.to('all').emit('bcast', text));
    });
    web.listen(0, '127.0.0.1', () => console.log('listening on ' + web.address().port));
)";

constexpr bench::rivals both{"socket.io", npm_program};

bench::load_options load(int in_flight, std::size_t size, std::string event = {}) {
    bench::load_options o;
    o.protocol = bench::proto::sio;
    o.event = std::move(event);
    o.inflight = in_flight;
    o.size = size;
    o.duration = 2;
    o.warmup = 0.5;
    return o;
}

void compare_broadcast(int subscribers, int in_flight) {
    bench::load_options o = load(in_flight, 64);
    o.what = bench::mode::bcast;
    o.conns = subscribers;
    std::string const what = "broadcast to " + std::to_string(subscribers) + ", " +
                             std::to_string(in_flight) + " at a time:";
    bench::compare(both, what, o, 3);
}

int measure_all() {
    bench::install_npm_package("socket.io", "4.8");
    bench::raise_descriptor_limit();
    std::printf("for each second of the server's CPU, 64 clients\n");
    bench::compare(both, "requests,  1 x   64 bytes:", load(1, 64), 3);
    bench::compare(both, "requests, 16 x   64 bytes:", load(16, 64), 10);
    bench::compare(both, "requests,  1 x 4096 bytes:", load(1, 4096), 3);
    bench::compare(both, "requests, 16 x 4096 bytes:", load(16, 4096), 6);
    bench::compare(both, "events, acknowledged,  1 x 64 bytes:", load(1, 64, "echo"), 3);
    bench::compare(both, "events, acknowledged, 16 x 64 bytes:", load(16, 64, "echo"), 8);
    for (int const in_flight : {1, 16})
        for (int const subscribers : {1000, 5000}) compare_broadcast(subscribers, in_flight);
    bench::compare<bench::polling_generator>(both, "requests over polling:", load(1, 64), 2);
    bench::compare<bench::churn_generator>(both, "clients that come and go:", load(1, 64), 3);
    std::printf("idle session over WebSocket: own %.0f bytes (at most 3072), socket.io %.0f\n",
                bench::idle_bytes(both.own(), load(1, 64, "echo")),
                bench::idle_bytes(both.npm(), load(1, 64, "echo")));
    return 0;
}

}  // namespace

int main(int count, char** argument) {
    return bench::serve_or_measure(count, argument, serve, measure_all);
}
