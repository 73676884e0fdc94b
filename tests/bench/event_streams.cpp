// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    Server-sent events: what an idle subscriber takes, and an event to ten thousand of them, against
    the same text to as many connections of our own WebSocket server.

    Without arguments: measures and prints. `event_streams events` and `event_streams websocket`
    serve until they are ended. The server has one core, the load the other; what counts is the
    server's CPU time, user and system.
*/

#include <httphooks.hpp>
#include <httphooks/event_source_hub.hpp>
#include <httphooks/websocket/server.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include "bench/load_generator.hpp"
#include "bench/peer.hpp"

#include <array>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace asio = boost::asio;
namespace hh = httphooks;
using asio::ip::tcp;

namespace {

constexpr std::size_t subscribers = 10000;
constexpr int rounds = 40;
std::string const text(64, 'e');

// ------------------------------------------------------------------------------------- the peers

int serve(bool events) {
    asio::io_context context(1);
    hh::registry hooks(context.get_executor());
    hh::event_source_hub const hub;
    hh::websocket::server sockets(context.get_executor(), {.path = "/news"});
    if (events) hooks.get("/news", [hub](auto& c) { return hub.subscribe(c.request()); });
    hooks.post("/publish", [&](auto&) {
        if (events) {
            hub.publish("", text);
        } else {
            hh::websocket::prepared_message const once(text);
            for (auto const& c : sockets.connections()) c.send(once);
        }
        return hh::status::no_content;
    });
    hh::http::server web(context.get_executor(), hooks,
                         {.address = "127.0.0.1", .max_connections = 2 * subscribers});
    if (!events) web.mount(sockets);
    web.listen();
    web.async_run(asio::detached);
    bench::announce(web.port());
    context.run();
    return 0;
}

// -------------------------------------------------------------------------------------- the load

/// Ten thousand who have subscribed to the news of a server.
class audience {
public:
    explicit audience(bench::peer const& server)
        : server_(server), poll_(epoll_create1(EPOLL_CLOEXEC)), publisher_(connected()) {
        idle_ = bench::process_rss_kib(server.pid());
        for (std::size_t i = 0; i < subscribers; ++i) subscribe();
    }
    audience(audience const&) = delete;
    audience& operator=(audience const&) = delete;
    ~audience() { ::close(poll_); }

    /// What each of them takes in the server, in bytes.
    double bytes_each() const {
        return static_cast<double>(bench::process_rss_kib(server_.pid()) - idle_) * 1024 /
               static_cast<double>(subscribers);
    }

    /// Publishes, and waits until everybody has got it. @return how many bytes came
    std::size_t publish() {
        asio::write(publisher_,
                    asio::buffer(std::string_view("POST /publish HTTP/1.1\r\nHost: localhost\r\n"
                                                  "Content-Length: 0\r\n\r\n")));
        std::string reply;
        asio::read_until(publisher_, asio::dynamic_buffer(reply), "\r\n\r\n");
        std::size_t bytes = 0;
        std::size_t left = subscribers;
        std::array<epoll_event, 512> ready;
        while (left > 0) {
            int const n = epoll_wait(poll_, ready.data(), static_cast<int>(ready.size()), 10000);
            if (n <= 0) throw std::runtime_error("somebody got nothing within 10 s");
            for (int i = 0; i < n; ++i) {
                std::array<char, 4096> piece;
                ssize_t const got = ::recv(ready[static_cast<std::size_t>(i)].data.fd, piece.data(),
                                           piece.size(), MSG_DONTWAIT);
                if (got <= 0) throw std::runtime_error("a subscriber was left");
                bytes += static_cast<std::size_t>(got);
                // a frame is sent in one piece
                if (std::string_view(piece.data(), static_cast<std::size_t>(got)).find(text) !=
                    std::string_view::npos)
                    --left;
            }
        }
        return bytes;
    }

private:
    tcp::socket connected() {
        tcp::socket s(context_);
        s.connect(
            {asio::ip::make_address("127.0.0.1"), static_cast<unsigned short>(server_.port())});
        return s;
    }

    void subscribe() {
        tcp::socket s = connected();
        asio::write(s, asio::buffer(std::string_view(
                           "GET /news HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                           "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                           "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")));
        std::string header;
        asio::read_until(s, asio::dynamic_buffer(header), "\r\n\r\n");
        epoll_event e{};
        e.events = EPOLLIN;
        e.data.fd = s.native_handle();
        epoll_ctl(poll_, EPOLL_CTL_ADD, s.native_handle(), &e);
        sockets_.push_back(std::move(s));
    }

    bench::peer const& server_;
    asio::io_context context_;
    int poll_;
    tcp::socket publisher_;
    std::vector<tcp::socket> sockets_;
    long idle_ = 0;
};

/// What a kind of server takes for its subscribers.
struct figures {
    double bytes_each;
    /// Deliveries for each second of the server's CPU time.
    double per_cpu_second;
};

figures measure(bench::peer const& server) {
    audience all(server);
    figures f{all.bytes_each(), 0};
    double const before = bench::process_cpu_seconds(server.pid());
    for (int i = 0; i < rounds; ++i) all.publish();
    f.per_cpu_second = rounds * static_cast<double>(subscribers) /
                       (bench::process_cpu_seconds(server.pid()) - before);
    return f;
}

int measure_all() {
    bench::peer const events({bench::this_program(), "events"});
    bench::peer const websocket({bench::this_program(), "websocket"});
    std::vector<double> values[2];
    std::vector<double> ratios;
    double bytes[2] = {};
    for (int run = 0; run < 5; ++run) {
        figures const own = measure(events);
        figures const other = measure(websocket);
        if (run == 0) {  // what comes later finds memory that was given back
            bytes[0] = own.bytes_each;
            bytes[1] = other.bytes_each;
        }
        values[0].push_back(own.per_cpu_second);
        values[1].push_back(other.per_cpu_second);
        ratios.push_back(own.per_cpu_second / other.per_cpu_second);
    }
    double const ratio = bench::median(ratios);
    std::printf("an idle subscriber: %.0f bytes (at most 1024); a WebSocket connection: %.0f\n",
                bytes[0], bytes[1]);
    std::printf(
        "an event to 10,000: %.0f deliveries a CPU second, by WebSocket %.0f, "
        "ratio %.2f (at least 1.00)\n",
        bench::median(values[0]), bench::median(values[1]), ratio);
    return bytes[0] <= 1024 && ratio >= 1 ? 0 : 1;
}

}  // namespace

int main(int count, char** argument) {
    try {
        bench::raise_descriptor_limit();
        std::string_view const what = count > 1 ? argument[1] : "";
        if (what == "events" || what == "websocket") return serve(what == "events");
        bench::pin(0);
        return measure_all();
    } catch (std::exception const& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
