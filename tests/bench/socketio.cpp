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

#include "bench/load_generator.hpp"
#include "bench/peer.hpp"
#include "bench/socketio_load.hpp"

#include <cstdio>
#include <exception>
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

bench::peer own_server() {
    return bench::peer({bench::this_program(), "serve"});
}
bench::peer npm_server() {
    return bench::peer({"node", "-e", npm_program});
}

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

template <class Generator>
double measure(bench::peer const& p, bench::load_options o) {
    o.port = p.port();
    o.pid = p.pid();
    return Generator(o).run().per_cpu_second();
}

/// Measures both in turn; the ratio is the median of the ratios of single runs.
template <class Generator = bench::generator>
void compare(char const* what, bench::load_options const& o, double at_least) {
    bench::peer const own = own_server();
    bench::peer const npm = npm_server();
    std::vector<double> values[2];
    std::vector<double> ratios;
    for (int run = 0; run < 5; ++run) {
        values[0].push_back(measure<Generator>(own, o));
        if (!npm.works()) continue;
        values[1].push_back(measure<Generator>(npm, o));
        ratios.push_back(values[0].back() / values[1].back());
    }
    std::printf("%-36s own %8.0f", what, bench::median(values[0]));
    if (npm.works())
        std::printf("   socket.io %8.0f   ratio %5.2f", bench::median(values[1]),
                    bench::median(ratios));
    std::printf(" (at least %.0f)\n", at_least);
    std::fflush(stdout);
}

void compare_broadcast(int subscribers, int in_flight) {
    bench::load_options o = load(in_flight, 64);
    o.what = bench::mode::bcast;
    o.conns = subscribers;
    std::string const what = "broadcast to " + std::to_string(subscribers) + ", " +
                             std::to_string(in_flight) + " at a time:";
    compare(what.c_str(), o, 3);
}

/// Growth of the resident set for each session, after ten events.
double idle_bytes(bench::peer const& p) {
    if (!p.works()) return 0;
    bench::load_options o = load(1, 64, "echo");
    o.what = bench::mode::idle;
    o.touch = 10;
    o.duration = 1;
    o.port = p.port();
    o.pid = p.pid();
    o.conns = 100;
    bench::generator(o).run();
    o.conns = 5000;
    return bench::generator(o).run().bytes_per_connection;
}

int measure_all() {
    bench::install_npm_package("socket.io", "4.8");
    bench::raise_descriptor_limit();
    std::printf("for each second of the server's CPU, 64 clients\n");
    compare("requests,  1 x   64 bytes:", load(1, 64), 3);
    compare("requests, 16 x   64 bytes:", load(16, 64), 10);
    compare("requests,  1 x 4096 bytes:", load(1, 4096), 3);
    compare("requests, 16 x 4096 bytes:", load(16, 4096), 6);
    compare("events, acknowledged,  1 x 64 bytes:", load(1, 64, "echo"), 3);
    compare("events, acknowledged, 16 x 64 bytes:", load(16, 64, "echo"), 8);
    for (int const in_flight : {1, 16})
        for (int const subscribers : {1000, 5000}) compare_broadcast(subscribers, in_flight);
    compare<bench::polling_generator>("requests over polling:", load(1, 64), 2);
    compare<bench::churn_generator>("clients that come and go:", load(1, 64), 3);
    std::printf("idle session over WebSocket: own %.0f bytes (at most 3072), socket.io %.0f\n",
                idle_bytes(own_server()), idle_bytes(npm_server()));
    return 0;
}

}  // namespace

int main(int count, char** argument) {
    try {
        if (count == 2 && std::string_view(argument[1]) == "serve") return serve();
        bench::pin(0);
        return measure_all();
    } catch (std::exception const& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
