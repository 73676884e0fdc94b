// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    Two Socket.IO servers and a real Redis between them, against the npm packages socket.io and
    @socket.io/redis-adapter, which do the same.

    Without arguments: measures and prints a table. Both servers have one core together, the load
    and Redis the other; what counts is the CPU time of both servers, in rows that begin with
    "thrown away by one server" that of the one that does. `cluster only TEXT` measures the rows
    that have TEXT in their names. `cluster serve ADAPTER URL` serves until it is ended;
    adapters are `memory`, `classic` and `sharded`.
*/

#include <httphooks.hpp>
#include <httphooks/redis/arguments.hpp>
#include <httphooks/socketio.hpp>
#include <httphooks/socketio/cluster_message.hpp>
#include <httphooks/socketio/detail/redis_codec.hpp>
#include <httphooks/socketio/redis_adapter.hpp>
#include <httphooks/socketio/sharded_redis_adapter.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "bench/compare.hpp"
#include "bench/load_generator.hpp"
#include "bench/peer.hpp"
#include "bench/unwanted_load.hpp"
#include "support/redis_server.hpp"

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hh = httphooks;
namespace asio = boost::asio;

namespace {

constexpr std::size_t text_size = 64;
constexpr int clients = 1000;
/// Broadcasts of one event "burst".
constexpr int burst = 100;
/// What the names of channels begin with, as long for the one as for the other: what is measured is
/// not heard by who waits for his turn.
constexpr char own_key[] = "httphooks";
constexpr char npm_key[] = "socket.io";

hh::socketio::adapter_factory adapter(std::string_view kind, std::string url) {
    hh::redis::options store;
    store.url = std::move(url);
    if (kind == "classic") return hh::socketio::redis_adapter(std::move(store), {.key = own_key});
    if (kind == "sharded")
        return hh::socketio::sharded_redis_adapter(std::move(store), {.channel_prefix = own_key});
    return {};
}

int serve(std::string_view kind, std::string url) {
    asio::io_context context(1);
    auto const executor = context.get_executor();
    hh::registry hooks(executor);
    hh::socketio::options o;
    o.adapter = adapter(kind, std::move(url));
    hh::socketio::server io(executor, std::move(o));
    io.on_connection([io](hh::socketio::socket s) {
        s.join("all");
        s.on("echo", [](std::string text) { return text; });
        s.on("bcast", [io](std::string const& text) { io.to("all").emit("bcast", text); });
        s.on("alone", [io, s](std::string const& text) {
            s.join("alone");
            io.to("alone").emit("alone", text);
        });
        s.on("burst", [io](std::string const& text, hh::socketio::acknowledgement answer) {
            for (int i = 0; i < burst; ++i) io.to("nobody").emit("alone", text);
            // answered when the other server has thrown them away
            io.to("nobody").async_fetch_sockets(
                [text, answer](hh::error_code, auto const& sockets) {
                    answer(text, sockets.size());
                });
        });
        s.on("fetch", [io](std::string const& text, hh::socketio::acknowledgement answer) {
            io.of("/").async_fetch_sockets([text, answer](hh::error_code, auto const& sockets) {
                answer(text, sockets.size());
            });
        });
        s.on("ask", [io](std::string const& text, hh::socketio::acknowledgement answer) {
            io.to("all").emit("ask", text, [text, answer](hh::error_code, auto const& answers) {
                answer(text, answers.size());
            });
        });
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
    const [kind, url] = process.argv.slice(1);
    const { Server } = require('socket.io');
    const { createClient } = require('redis');
    const { createAdapter, createShardedAdapter } = require('@socket.io/redis-adapter');
    const web = require('http').createServer();
    (async () => {
        const options = { serveClient: false };
        if (kind !== 'memory') {
            const pub = createClient({ url }), sub = pub.duplicate();
            await Promise.all([pub.connect(), sub.connect()]);
            options.adapter = kind === 'classic' ? createAdapter(pub, sub) : createShardedAdapter(pub, sub);
        }
        const io = new Server(web, options);
        io.on('connection', s => {
            s.join('all');
            s.on('echo', (text, reply) => reply(text));
            s.on('bcast', text => io.to('all').emit('bcast', text));
            s.on('alone', text => { s.join('alone'); io.to('alone').emit('alone', text); });
            s.on('burst', async (text, reply) => {
                for (let i = 0; i < 100; ++i) io.to('nobody').emit('alone', text);
                reply(text, (await io.in('nobody').fetchSockets()).length);
            });
            s.on('fetch', async (text, reply) => reply(text, (await io.fetchSockets()).length));
            s.on('ask', (text, reply) =>
                io.to('all').timeout(5000).emit('ask', text, (e, answers) => reply(text, answers.length)));
        });
        web.listen(0, '127.0.0.1', () => console.log('listening on ' + web.address().port));
    })();
)";

using command = std::vector<std::string>;

/// What the names of rows have in them that are measured.
std::string_view chosen;

bool is_chosen(std::string const& row) {
    return row.find(chosen) != row.npos;
}

command own(std::string const& kind, std::string const& url) {
    return {bench::this_program(), "serve", kind, url};
}

command npm(std::string const& kind, std::string const& url) {
    return {"node", "-e", npm_program, kind, url};
}

/// Two servers of one kind, who know each other after a while.
struct pair {
    explicit pair(command const& how) : a(how), b(how) {}

    bool works() const { return a.works() && b.works(); }

    bench::peer a;
    bench::peer b;
};

/// One server, which nobody talks to but its client.
struct lone {
    explicit lone(command const& how)
        : server(how), key(how.front() == "node" ? npm_key : own_key) {}

    bool works() const { return server.works(); }

    bench::peer server;
    std::string key;
};

bench::load_options load(std::string event, int in_flight) {
    bench::load_options o;
    o.protocol = bench::proto::sio;
    o.event = std::move(event);
    o.inflight = in_flight;
    o.size = text_size;
    o.duration = 2;
    o.warmup = 0.5;
    return o;
}

/// One client of the first server publishes or asks, the others are with the second.
double across(pair const& servers, bench::load_options o, int others) {
    o.conns = 1 + others;
    o.publisher_port = servers.a.port();
    o.port = servers.b.port();
    o.pid = servers.a.pid();
    o.other_pid = servers.b.pid();
    return bench::generator(o).run().per_cpu_second();
}

/// One client of the first server publishes to itself, while others are with the second.
double alone(pair const& servers, bench::load_options o) {
    o.conns = 1;
    o.port = servers.a.port();
    o.pid = servers.a.pid();
    o.other_pid = servers.b.pid();
    return bench::generator(o).run().per_cpu_second();
}

template <class Servers = pair, class Measure>
void compare(std::string const& what, std::string const& kind, std::string const& url,
             double at_least, Measure measure) {
    std::string const row = what + ", " + kind + ":";
    if (!is_chosen(row)) return;
    Servers const mine(own(kind, url));
    Servers const theirs(npm(kind, url));
    std::vector<double> values[2];
    std::vector<double> ratios;
    for (int run = 0; run < 5; ++run) {
        values[0].push_back(measure(mine));
        if (!theirs.works()) continue;
        values[1].push_back(measure(theirs));
        ratios.push_back(values[0].back() / values[1].back());
    }
    std::printf("%-58s own %9.0f", row.c_str(), bench::median(values[0]));
    if (theirs.works())
        std::printf("   node %9.0f   ratio %6.2f", bench::median(values[1]), bench::median(ratios));
    std::printf(" (at least %.1f)\n", at_least);
    std::fflush(stdout);
}

void compare_broadcasts(std::string const& kind, std::string const& url) {
    for (int const in_flight : {16, 1}) {
        bench::load_options o = load("bcast", in_flight);
        o.what = bench::mode::bcast;
        compare("to 1,000 clients of the other, " + std::to_string(in_flight) + " under way", kind,
                url, in_flight == 1 ? 1.8 : 8,
                [&](pair const& servers) { return across(servers, o, clients); });
    }
    bench::load_options o = load("alone", 16);
    o.what = bench::mode::bcast;
    compare("to a client of its own, in a room without others", kind, url, 2,
            [&](pair const& servers) { return alone(servers, o); });
    compare("to a room without members, 100 at a time", kind, url, 4,
            [&](pair const& servers) { return burst * alone(servers, load("burst", 2)); });
}

/// The command that publishes an event as servers of this kind do.
std::string publication(std::string const& key, std::string const& kind, std::string const& event,
                        std::vector<std::string> rooms) {
    hh::socketio::cluster_message m;
    m.type = hh::socketio::cluster_message_type::broadcast;
    m.uid = "elsewhere";
    m.nsp = "/";
    m.packet.text = "[\"" + event + "\",\"" + std::string(text_size, 'x') + "\"]";
    m.to.rooms = std::move(rooms);
    hh::socketio::detail::redis_channels const channels(key, m.nsp);
    if (kind == "sharded")
        return hh::redis::arguments{"SPUBLISH", channels.broadcasts, encode(m)}.bytes();
    return hh::redis::arguments{"PUBLISH", channels.of(m.to),
                                hh::socketio::detail::encode_redis_broadcast(m)}
        .bytes();
}

/// What a server has no use for: others have no part in it.
void compare_throwing_away(std::string const& kind, support::redis_server const& redis) {
    using rooms = std::vector<std::string>;
    auto const measure = [&](rooms const& to) {
        return [&, to](lone const& one) {
            bench::load_options o = load("", 1);
            o.port = one.server.port();
            o.pid = one.server.pid();
            auto const published = [&](char const* event, rooms const& names) {
                return publication(one.key, kind, event, names);
            };
            bench::unwanted_generator load(
                o, redis.port(),
                {published("alone", to), published("begin", {"all"}), published("mark", {"all"})});
            return load.run().per_cpu_second();
        };
    };
    std::string const row = "thrown away by one server, to ";
    // a sharded server is not sent what is for one room that it has no members of
    if (kind == "classic")
        compare<lone>(row + "a room without members", kind, redis.url(), 3.5, measure({"nobody"}));
    compare<lone>(row + "two such rooms", kind, redis.url(), 8, measure({"nobody", "no one"}));
}

/// Clients that do nothing, as long as it lives.
struct idle_clients {
    idle_clients(int port, int count) : all(options(port, count)) { all.run(); }

    static bench::load_options options(int port, int count) {
        bench::load_options o = load("echo", 1);
        o.what = bench::mode::idle;
        o.duration = 0.1;
        o.port = port;
        o.conns = count;
        return o;
    }

    bench::generator all;
};

void compare_requests(std::string const& kind, std::string const& url) {
    compare("async_fetch_sockets of 2 x 1,000 sockets", kind, url, 5, [](pair const& servers) {
        idle_clients const others(servers.a.port(), clients - 1);
        return across(servers, load("fetch", 1), clients);
    });
    for (int const in_flight : {16, 1})
        compare("acknowledged by 1,000 of the other, " + std::to_string(in_flight) + " under way",
                kind, url, in_flight == 1 ? 3 : 8, [&](pair const& servers) {
                    return across(servers, load("ask", in_flight), clients);
                });
}

/// What an adapter costs whose clients only talk to their server.
void compare_with_memory(std::string const& kind, std::string const& url) {
    std::string const row = "events of one server's own clients, " + kind + ":";
    if (!is_chosen(row)) return;
    bench::peer const with(own(kind, url));
    bench::peer const without(own("memory", url));
    std::vector<double> ratios;
    for (int run = 0; run < 5; ++run) {
        bench::load_options const o = load("echo", 16);
        double const memory = bench::messages_per_cpu_second<bench::generator>(without, o);
        ratios.push_back(memory / bench::messages_per_cpu_second<bench::generator>(with, o));
    }
    std::printf("%-58s CPU %.3f of that with the memory adapter (at most 1.02)\n", row.c_str(),
                bench::median(ratios));
    std::fflush(stdout);
}

/// How it grows: each of `count` servers has clients, one publishes.
void measure_growth(std::string const& kind, support::redis_server const& redis, int count) {
    std::string const row = std::to_string(count) + " servers, " + kind + ":";
    if (!is_chosen(row)) return;
    std::vector<std::unique_ptr<bench::peer>> servers;
    for (int i = 0; i < count; ++i)
        servers.push_back(std::make_unique<bench::peer>(own(kind, redis.url())));
    bench::load_options o = load("bcast", 16);
    o.what = bench::mode::bcast;
    o.conns = 1 + 100;
    o.publisher_port = servers.front()->port();
    o.port = servers.back()->port();
    double const store = bench::process_cpu_seconds(redis.pid());
    double const first = bench::process_cpu_seconds(servers.front()->pid());
    double const last = bench::process_cpu_seconds(servers.back()->pid());
    bench::load_result const r = bench::generator(o).run();
    double const broadcasts = r.per_second / 100;
    double const seconds = o.duration + o.warmup;
    double const others = count > 1 ? bench::process_cpu_seconds(servers.back()->pid()) - last : 0;
    std::printf(
        "%s %7.0f broadcasts a second to 100 clients of the last; "
        "CPU of the publisher %.2f, the last server %.2f, Redis %.2f\n",
        row.c_str(), broadcasts,
        (bench::process_cpu_seconds(servers.front()->pid()) - first) / seconds, others / seconds,
        (bench::process_cpu_seconds(redis.pid()) - store) / seconds);
    std::fflush(stdout);
}

int measure_all() {
    bench::install_npm_package("socket.io", "4.8");
    bench::install_npm_package("redis", "5");
    bench::install_npm_package("@socket.io/redis-adapter", "8.3");
    bench::raise_descriptor_limit();
    support::redis_server const redis;
    std::printf("for each second of both servers' CPU, or of that of the one that throws away\n");
    for (std::string const kind : {"classic", "sharded"}) {
        compare_broadcasts(kind, redis.url());
        compare_throwing_away(kind, redis);
        compare_requests(kind, redis.url());
        compare_with_memory(kind, redis.url());
    }
    for (int const count : {1, 2, 4}) measure_growth("sharded", redis, count);
    return 0;
}

}  // namespace

int main(int count, char** argument) {
    try {
        if (count == 4 && std::string_view(argument[1]) == "serve")
            return serve(argument[2], argument[3]);
        if (count == 3 && std::string_view(argument[1]) == "only") chosen = argument[2];
        bench::pin(0);
        return measure_all();
    } catch (std::exception const& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
