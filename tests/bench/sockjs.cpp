// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    Hooks over SockJS against the npm package sockjs, which does the same by hand.

    Without arguments: measures and prints a table, in the way of websocket.cpp. `sockjs serve`
    serves until it is ended. The peer parses each request, and makes the same reply; a router
    between these changes its figure by less than a run differs from the next.

    One request in flight, and one publication, are mostly the system's: a receive and a send() for
    each message, or a send() for each delivery. A program that does nothing else, with a constant
    reply, reaches 2.3 to 2.9 times sockjs-node on a quiet machine; a busy one slows sockjs-node
    more.
*/

#include <httphooks.hpp>
#include <httphooks/sockjs/dispatch.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "bench/load_generator.hpp"
#include "bench/peer.hpp"
#include "bench/xhr_load.hpp"

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
    std::size_t const no_end = std::size_t(1) << 40;
    hh::sockjs::server requests(executor, {.prefix = "/hooks", .response_limit = no_end});
    hh::sockjs::dispatch(requests, hooks);
    hh::sockjs::server news(executor, {.prefix = "/news"});
    news.on_connection([&news](hh::sockjs::connection c) {
        c.on_message([&news](std::string_view m) { news.broadcast(m); });
    });
    hh::http::server web(executor, hooks, {.address = "127.0.0.1"});
    web.mount(requests);
    web.mount(news);
    web.listen();
    web.async_run(asio::detached);
    bench::announce(web.port());
    context.run();
    return 0;
}

constexpr char npm_program[] = R"(
    const http = require('http'), sockjs = require('sockjs');
    let date = new Date().toUTCString();
    setInterval(() => date = new Date().toUTCString(), 1000);
    const web = http.createServer();
    const mount = (prefix, open) => {
        const s = sockjs.createServer({log: () => {}, response_limit: 2 ** 40});
        s.on('connection', open);
        s.installHandlers(web, {prefix});
    };
    mount('/hooks', c => c.on('data', m => {
        const r = JSON.parse(m);
        if (r.method !== 'POST' || r.url !== '/echo') return;
        c.write(JSON.stringify({statusCode: 200, headers: {Date: date, 'Content-Type': 'text/plain',
            'Content-Length': String(Buffer.byteLength(r.content))}, content: r.content}));
    }));
    const all = new Set();
    mount('/news', c => {
        all.add(c);
        c.on('close', () => all.delete(c));
        c.on('data', m => { for (const each of all) each.write(m); });
    });
    web.listen(0, '127.0.0.1', () => console.log('listening on ' + web.address().port));
)";

bench::peer own_server() {
    return bench::peer({bench::this_program(), "serve"});
}
bench::peer npm_server() {
    return bench::peer({"node", "-e", npm_program});
}

bench::load_options request_load(int in_flight, std::size_t size) {
    bench::load_options o;
    o.protocol = bench::proto::sockjs;
    o.path = "/hooks";
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
    std::printf("%-34s own %8.0f", what, bench::median(values[0]));
    if (npm.works())
        std::printf("   sockjs-node %8.0f   ratio %5.2f", bench::median(values[1]),
                    bench::median(ratios));
    std::printf(" (at least %.0f)\n", at_least);
    std::fflush(stdout);
}

/// Growth of the resident set for each session, after ten messages.
double idle_bytes(bench::peer const& p) {
    bench::load_options o = request_load(1, 64);
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
    bench::install_npm_package("sockjs", "0.3");
    bench::raise_descriptor_limit();
    std::printf("messages for each second of the server's CPU\n");
    compare("WebSocket, 64 x  1 x   64 bytes:", request_load(1, 64), 3);
    compare("WebSocket, 64 x 16 x   64 bytes:", request_load(16, 64), 10);
    compare("WebSocket, 64 x 16 x 4096 bytes:", request_load(16, 4096), 8);
    compare<bench::xhr_generator>("streaming, 64 x  1 x   64 bytes:", request_load(1, 64), 2);
    bench::load_options news = request_load(1, 64);
    news.what = bench::mode::bcast;
    news.path = "/news";
    news.conns = 1000;
    // one delivery, one send(): nearly all of it is the system's
    compare("broadcast to 1000, one at a time:", news, 3);
    news.inflight = 16;
    compare("broadcast to 1000, 16 at a time:", news, 3);
    std::printf("idle session over WebSocket: own %.0f bytes (at most 2048), sockjs-node %.0f\n",
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
