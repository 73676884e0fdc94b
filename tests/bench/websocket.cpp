// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    WebSocket echo: our server against Beast's websocket::stream and the npm package ws.

    Without arguments: measures and prints a table. The servers are other processes on one core, the
    load is made on another; what counts is messages for each second of the server's CPU time.
    `websocket serve PEER` serves until it is ended: `own`, or `beast` in the shape of Beast's
   example websocket_server_async.
*/

#include <httphooks.hpp>
#include <httphooks/websocket/server.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>

#include "bench/load_generator.hpp"

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <stdexcept>
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

std::string self;

void announce(unsigned port) {
    std::cout << "listening on " << port << std::endl;
}

int serve_own() {
    asio::io_context context(1);
    ws::server echo(context.get_executor(), {.path = "/ws"});
    echo.on_message([](ws::connection& c, ws::message const& m) { c.send(m); });
    hh::registry hooks(context.get_executor());
    hh::http::server web(context.get_executor(), hooks, {.address = "127.0.0.1"});
    web.mount(echo);
    web.listen();
    web.async_run(asio::detached);
    announce(web.port());
    context.run();
    return 0;
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
    announce(acceptor.local_endpoint().port());
    context.run();
    return 0;
}

constexpr char npm_server[] =
    "const {WebSocketServer}=require('ws');"
    "const s=new WebSocketServer({port:0,host:'127.0.0.1',perMessageDeflate:false},"
    "()=>console.log('listening on '+s.address().port));"
    "s.on('connection',w=>w.on('message',(d,b)=>w.send(d,{binary:b})));";

void pin(int core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    sched_setaffinity(0, sizeof set, &set);
}

/// A server in another process, until it is destroyed.
class peer {
public:
    explicit peer(std::string name) : name_(std::move(name)) {
        int ends[2];
        if (pipe(ends) != 0) throw std::runtime_error("pipe");
        pid_ = fork();
        if (pid_ == 0) {
            dup2(ends[1], STDOUT_FILENO);
            close(ends[0]);
            pin(1);
            if (name_ == "ws")
                execlp("node", "node", "-e", npm_server, static_cast<char*>(nullptr));
            else
                execl(self.c_str(), self.c_str(), "serve", name_.c_str(),
                      static_cast<char*>(nullptr));
            _exit(127);
        }
        close(ends[1]);
        std::string line;
        for (char c = 0; read(ends[0], &c, 1) == 1 && c != '\n';) line += c;
        close(ends[0]);
        std::size_t const at = line.rfind(' ');
        port_ = at == line.npos ? 0 : std::atoi(line.c_str() + at);
    }
    peer(peer const&) = delete;
    peer& operator=(peer const&) = delete;
    ~peer() {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }

    bool works() const { return port_ != 0; }

    bench::load_result load(bench::load_options o) const {
        o.port = port_;
        o.pid = pid_;
        o.path = name_ == "own" ? "/ws" : "/";
        return bench::generator(o).run();
    }

private:
    std::string name_;
    pid_t pid_ = -1;
    int port_ = 0;
};

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

/// Where npm puts ws; NODE_PATH points there.
void install_npm_peer() {
    std::string const folder = self + ".npm";
    setenv("NODE_PATH", (folder + "/node_modules").c_str(), 1);
    if (std::filesystem::exists(folder + "/node_modules/ws")) return;
    std::string const command =
        "mkdir -p '" + folder + "' && npm install --silent --prefix '" + folder + "' ws@8 >&2";
    if (std::system(command.c_str()) != 0) std::printf("npm cannot install ws: without it\n");
}

/// Measures all peers in turn; the ratios are medians of the ratios of single runs.
void compare(int in_flight, std::size_t size, double against_beast, double against_ws) {
    peer const own("own");
    peer const beast_peer("beast");
    peer const npm("ws");
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
        if (!npm.works()) continue;
        values[2].push_back(npm.load(o).per_cpu_second());
        ratios[1].push_back(values[0].back() / values[2].back());
    }
    std::printf("%2d x %4zu bytes: own %8.0f   Beast %8.0f   ratio %5.2f (at least %.1f)",
                in_flight, size, median(values[0]), median(values[1]), median(ratios[0]),
                against_beast);
    if (npm.works())
        std::printf("   ws %8.0f   ratio %5.2f (at least %.1f)", median(values[2]),
                    median(ratios[1]), against_ws);
    std::printf("\n");
    std::fflush(stdout);
}

/// Growth of the resident set for each connection, after ten messages.
double idle_bytes(std::string const& name) {
    peer const server(name);
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
    install_npm_peer();
    std::printf("messages for each second of the server's CPU, 64 connections\n");
    compare(1, 64, 1.4, 1.8);
    compare(16, 64, 8, 8);
    compare(16, 4096, 2.5, 2.5);
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    std::printf("idle connection: own %.0f bytes (at most 1024), Beast %.0f\n", idle_bytes("own"),
                idle_bytes("beast"));
    return 0;
}

}  // namespace

int main(int count, char** argument) {
    try {
        self = std::filesystem::read_symlink("/proc/self/exe").string();
        if (count == 3 && std::string_view(argument[1]) == "serve")
            return argument[2] == std::string_view("own") ? serve_own() : serve_beast();
        pin(0);
        return measure();
    } catch (std::exception const& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
