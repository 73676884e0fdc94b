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

#include "bench/compare.hpp"
#include "bench/load_generator.hpp"
#include "bench/peer.hpp"
#include "bench/xhr_load.hpp"

#include <cstdio>
#include <string>
#include <string_view>
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

constexpr bench::rivals both{"sockjs-node", npm_program};

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

int measure_all() {
    bench::install_npm_package("sockjs", "0.3");
    bench::raise_descriptor_limit();
    std::printf("messages for each second of the server's CPU\n");
    bench::compare(both, "WebSocket, 64 x  1 x   64 bytes:", request_load(1, 64), 3);
    bench::compare(both, "WebSocket, 64 x 16 x   64 bytes:", request_load(16, 64), 10);
    bench::compare(both, "WebSocket, 64 x 16 x 4096 bytes:", request_load(16, 4096), 8);
    bench::compare<bench::xhr_generator>(
        both, "streaming, 64 x  1 x   64 bytes:", request_load(1, 64), 2);
    bench::load_options news = request_load(1, 64);
    news.what = bench::mode::bcast;
    news.path = "/news";
    news.conns = 1000;
    // one delivery, one send(): nearly all of it is the system's
    bench::compare(both, "broadcast to 1000, one at a time:", news, 3);
    news.inflight = 16;
    bench::compare(both, "broadcast to 1000, 16 at a time:", news, 3);
    std::printf("idle session over WebSocket: own %.0f bytes (at most 2048), sockjs-node %.0f\n",
                bench::idle_bytes(both.own(), request_load(1, 64)),
                bench::idle_bytes(both.npm(), request_load(1, 64)));
    return 0;
}

}  // namespace

int main(int count, char** argument) {
    return bench::serve_or_measure(count, argument, serve, measure_all);
}
