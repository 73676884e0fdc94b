// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    Socket.IO, and hooks over it, against the npm package socket.io, which does the same by hand.

    Without arguments: measures and prints a table, in the way of websocket.cpp. `socketio serve`
    serves until it is ended. The peer finds the route of each request, and makes the same reply.
    Broadcasts, one at a time, are also compared with a bare loop of send() (`socketio bare`), which
    tells how much of their cost is the system's.
*/

#include <httphooks.hpp>
#include <httphooks/socketio.hpp>
#include <httphooks/socketio/dispatch.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "bench/bare_broadcast.hpp"
#include "bench/compare.hpp"
#include "bench/load_generator.hpp"
#include "bench/peer.hpp"
#include "bench/socketio_load.hpp"

#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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
constexpr std::size_t broadcast_size = 64;

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

bench::load_options broadcast_load(int subscribers, int in_flight) {
    bench::load_options o = load(in_flight, broadcast_size);
    o.what = bench::mode::bcast;
    o.conns = subscribers;
    return o;
}

void compare_broadcast(int subscribers, int in_flight) {
    bench::load_options const o = broadcast_load(subscribers, in_flight);
    std::string const what = "broadcast to " + std::to_string(subscribers) + ", " +
                             std::to_string(in_flight) + " at a time:";
    bench::compare(both, what, o, 3);
}

/// How near a broadcast is to what the system alone takes for it.
void compare_with_bare_loop(int subscribers) {
    bench::peer const own = both.own();
    bench::peer const bare({bench::this_program(), "bare"});
    bench::load_options const o = broadcast_load(subscribers, 1);
    std::vector<double> of_bare;
    std::vector<double> shares;
    for (int run = 0; run < 5; ++run) {
        double const mine = bench::messages_per_cpu_second<bench::generator>(own, o);
        of_bare.push_back(bench::messages_per_cpu_second<bench::generator>(bare, o));
        shares.push_back(mine / of_bare.back());
    }
    std::printf("the same, a loop of send() alone:    %12.0f   own is %.2f of it\n",
                bench::median(of_bare), bench::median(shares));
    std::fflush(stdout);
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
    for (int const subscribers : {1000, 5000}) {
        compare_broadcast(subscribers, 1);
        compare_with_bare_loop(subscribers);
    }
    for (int const subscribers : {1000, 5000}) compare_broadcast(subscribers, 16);
    bench::compare<bench::polling_generator>(both, "requests over polling:", load(1, 64), 2);
    bench::compare<bench::churn_generator>(both, "clients that come and go:", load(1, 64), 3);
    std::printf("idle session over WebSocket: own %.0f bytes (at most 3072), socket.io %.0f\n",
                bench::idle_bytes(both.own(), load(1, 64, "echo")),
                bench::idle_bytes(both.npm(), load(1, 64, "echo")));
    return 0;
}

}  // namespace

int main(int count, char** argument) {
    if (count == 2 && std::string_view(argument[1]) == "bare")
        bench::bare_broadcast(broadcast_size).run();
    return bench::serve_or_measure(count, argument, serve, measure_all);
}
