// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    WebSocket echo: our server against Beast's websocket::stream and the npm package ws; with
    compressed messages, against ws.

    Without arguments: measures and prints a table. The servers are other processes on one core, the
    load is made on another; what counts is messages for each second of the server's CPU time.
    `websocket serve PEER` serves until it is ended: `own`, `deflate`, which compresses, or `beast`
    in the shape of Beast's example websocket_server_async.
*/

#include <httphooks.hpp>
#include <httphooks/websocket/server.hpp>
#include <httphooks/websocket/zlib_deflate.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>

#include "bench/load_generator.hpp"
#include "bench/peer.hpp"

#include <cstdio>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hh = httphooks;
namespace ws = httphooks::websocket;
namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;

namespace {

int serve_own(ws::connection_options const& o = {}) {
    asio::io_context context(1);
    ws::server echo(context.get_executor(), {.path = "/ws", .connection = o});
    echo.on_message([](ws::connection& c, ws::message const& m) { c.send(m); });
    hh::registry hooks(context.get_executor());
    hh::http::server web(context.get_executor(), hooks, {.address = "127.0.0.1"});
    web.mount(echo);
    web.listen();
    web.async_run(asio::detached);
    bench::announce(web.port());
    context.run();
    return 0;
}

int serve_deflate() {
    ws::connection_options o;
    o.per_message_deflate = ws::zlib_deflate({.threshold = 0});
    return serve_own(o);
}

class beast_session : public std::enable_shared_from_this<beast_session> {
    template <class F>
    auto bind(F f) {
        return beast::bind_front_handler(f, shared_from_this());
    }

public:
    explicit beast_session(tcp::socket socket) : stream_(std::move(socket)) {}

    void run() { asio::dispatch(stream_.get_executor(), bind(&beast_session::on_run)); }

private:
    void on_run() {
        stream_.set_option(
            beast::websocket::stream_base::timeout::suggested(beast::role_type::server));
        stream_.async_accept(bind(&beast_session::on_accept));
    }
    void on_accept(beast::error_code ec) {
        if (!ec) read();
    }
    void read() { stream_.async_read(buffer_, bind(&beast_session::on_read)); }
    void on_read(beast::error_code ec, std::size_t) {
        if (ec) return;
        stream_.text(stream_.got_text());
        stream_.async_write(buffer_.data(), bind(&beast_session::on_write));
    }
    void on_write(beast::error_code ec, std::size_t) {
        if (ec) return;
        buffer_.consume(buffer_.size());
        read();
    }

    beast::websocket::stream<beast::tcp_stream> stream_;
    beast::flat_buffer buffer_;
};

int serve_beast() {
    asio::io_context context(1);
    tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
    std::function<void()> const accept = [&] {
        acceptor.async_accept(asio::make_strand(context),
                              [&](beast::error_code ec, tcp::socket socket) {
                                  if (!ec)
                                      std::make_shared<beast_session>(std::move(socket))->run();
                                  accept();
                              });
    };
    accept();
    bench::announce(acceptor.local_endpoint().port());
    context.run();
    return 0;
}

constexpr char npm_program[] =
    "const {WebSocketServer}=require('ws');"
    "const s=new WebSocketServer({port:0,host:'127.0.0.1',perMessageDeflate:false},"
    "()=>console.log('listening on '+s.address().port));"
    "s.on('connection',w=>w.on('message',(d,b)=>w.send(d,{binary:b})));";

constexpr char npm_deflate_program[] =
    "const {WebSocketServer}=require('ws');"
    "const s=new WebSocketServer({port:0,host:'127.0.0.1',perMessageDeflate:{threshold:0,"
    "serverNoContextTakeover:true,clientNoContextTakeover:true}},"
    "()=>console.log('listening on '+s.address().port));"
    "s.on('connection',w=>w.on('message',(d,b)=>w.send(d,{binary:b})));";

/// Where a peer's echo is.
struct target {
    bench::peer server;
    std::string path;

    bench::load_result load(bench::load_options o) const {
        o.port = server.port();
        o.pid = server.pid();
        o.path = path;
        return bench::generator(o).run();
    }
};

target own_server() {
    return {bench::peer({bench::this_program(), "serve", "own"}), "/ws"};
}
target beast_server() {
    return {bench::peer({bench::this_program(), "serve", "beast"}), "/"};
}
target npm_server() {
    return {bench::peer({"node", "-e", npm_program}), "/"};
}

/// Measures all peers in turn; the ratios are medians of the ratios of single runs.
void compare(int in_flight, std::size_t size, double against_beast, double against_ws) {
    target const own = own_server();
    target const beast_peer = beast_server();
    target const npm = npm_server();
    bench::load_options o;
    o.inflight = in_flight;
    o.size = size;
    o.duration = 2;
    o.warmup = 0.5;
    std::vector<double> values[3];
    std::vector<double> ratios[2];
    for (int run = 0; run < 5; ++run) {
        values[0].push_back(own.load(o).per_cpu_second());
        values[1].push_back(beast_peer.load(o).per_cpu_second());
        ratios[0].push_back(values[0].back() / values[1].back());
        if (!npm.server.works()) continue;
        values[2].push_back(npm.load(o).per_cpu_second());
        ratios[1].push_back(values[0].back() / values[2].back());
    }
    std::printf("%2d x %4zu bytes: own %8.0f   Beast %8.0f   ratio %5.2f (at least %.1f)",
                in_flight, size, bench::median(values[0]), bench::median(values[1]),
                bench::median(ratios[0]), against_beast);
    if (npm.server.works())
        std::printf("   ws %8.0f   ratio %5.2f (at least %.1f)", bench::median(values[2]),
                    bench::median(ratios[1]), against_ws);
    std::printf("\n");
    std::fflush(stdout);
}

/// Compressed messages of JSON, against those of ws.
void compare_deflate(int in_flight, std::size_t size, double against_ws) {
    target const own{bench::peer({bench::this_program(), "serve", "deflate"}), "/ws"};
    target const npm{bench::peer({"node", "-e", npm_deflate_program}), "/"};
    if (!npm.server.works()) return;
    bench::load_options o;
    o.inflight = in_flight;
    o.size = size;
    o.duration = 2;
    o.warmup = 0.5;
    o.deflate = true;
    std::vector<double> values[2];
    std::vector<double> ratios;
    for (int run = 0; run < 5; ++run) {
        values[0].push_back(own.load(o).per_cpu_second());
        values[1].push_back(npm.load(o).per_cpu_second());
        ratios.push_back(values[0].back() / values[1].back());
    }
    std::printf(
        "%2d x %4zu bytes of JSON, compressed: own %8.0f   ws %8.0f   ratio %5.2f (at least "
        "%.1f)\n",
        in_flight, size, bench::median(values[0]), bench::median(values[1]), bench::median(ratios),
        against_ws);
    std::fflush(stdout);
}

/// Growth of the resident set for each connection, after ten messages.
double idle_bytes(target const& server) {
    bench::load_options o;
    o.what = bench::mode::idle;
    o.touch = 10;
    o.duration = 1;
    o.conns = 100;
    server.load(o);
    o.conns = 5000;
    return server.load(o).bytes_per_connection;
}

int measure() {
    bench::install_npm_package("ws", "8");
    std::printf("messages for each second of the server's CPU, 64 connections\n");
    compare(1, 64, 1.4, 1.8);
    compare(16, 64, 8, 8);
    compare(16, 4096, 2.5, 2.5);
    compare_deflate(16, 1024, 3);
    bench::raise_descriptor_limit();
    std::printf("idle connection: own %.0f bytes (at most 1024), Beast %.0f\n",
                idle_bytes(own_server()), idle_bytes(beast_server()));
    return 0;
}

}  // namespace

int main(int count, char** argument) {
    try {
        if (count == 3 && std::string_view(argument[1]) == "serve")
            return argument[2] == std::string_view("own")       ? serve_own()
                   : argument[2] == std::string_view("deflate") ? serve_deflate()
                                                                : serve_beast();
        bench::pin(0);
        return measure();
    } catch (std::exception const& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
