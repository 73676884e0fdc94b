// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    Good requests beside ten thousand clients that send a byte every five seconds.

    A third of them drips a header, a third drips a body, a third says nothing. The table gives how
    long requests take, on a connection of their own each and on one that is kept, before, with the
    slow clients, and while the server's deadlines end all of them at once.

    `slow_clients [N]` takes N slow clients; `slow_clients serve` serves until it is ended.
*/

#include <httphooks.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include "bench/load_generator.hpp"
#include "bench/peer.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace hh = httphooks;
namespace asio = boost::asio;
using asio::ip::tcp;
using clock_type = std::chrono::steady_clock;

namespace {

constexpr auto deadline = std::chrono::seconds(12);

int serve() {
    asio::io_context context(1);
    hh::registry hooks(context.get_executor());
    hooks.get("/hello/:name", [](auto& c) { return hh::text("Hello, ", c.param("name"), "!"); });
    hh::http::options o;
    o.address = "127.0.0.1";
    o.max_connections = 30'000;
    o.header_timeout = o.idle_timeout = o.body_grace = deadline;
    hh::http::server web(context.get_executor(), hooks, o);
    web.listen();
    web.async_run(asio::detached);
    bench::announce(web.port());
    context.run();
    return 0;
}

class bench_run {
public:
    bench_run(bench::peer const& server, std::size_t slow)
        : server_(server),
          to_(asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(server.port())),
          wanted_(slow) {}

    void run() {
        std::printf("%zu slow clients\n%-24s %9s %9s %9s %9s %8s %10s\n", wanted_, "good requests",
                    "number", "p50 ms", "p99 ms", "max ms", "slow", "server KiB");
        measure("alone", clock_type::now() + std::chrono::seconds(2));
        auto const begun = clock_type::now();
        connect_slow();
        measure("beside slow clients", begun + deadline - std::chrono::seconds(2));
        measure("while their time ends", begun + deadline + std::chrono::seconds(3));
    }

private:
    void connect_slow() {
        constexpr std::string_view begins[] = {
            "GET /hello/a HTTP/1.1\r\nHost: a\r\nX: ",
            "POST /hello/a HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n", ""};
        for (std::size_t i = 0; i < wanted_; ++i) {
            tcp::socket& s = slow_.emplace_back(context_);
            s.open(tcp::v4());
            // a few addresses, as one has no more than some thousands of free ports
            auto const own = static_cast<asio::ip::address_v4::uint_type>(0x7f000001 + i % 8);
            s.bind({asio::ip::address_v4(own), 0});
            s.connect(to_);
            s.non_blocking(true);
            send(s, begins[i % 3]);
        }
    }

    static bool send(tcp::socket& s, std::string_view bytes) {
        if (bytes.empty()) return true;
        hh::error_code ec;
        s.write_some(asio::buffer(bytes), ec);
        return !ec;
    }

    /// Whether the server has not closed the connection.
    static bool still_served(tcp::socket& s) {
        if (!s.is_open()) return false;
        char bytes[1024];
        hh::error_code ec;
        while (s.read_some(asio::buffer(bytes), ec) > 0) {
        }
        return ec == asio::error::would_block;
    }

    /// Has each slow client that is not silent send a byte in five seconds.
    void drip() {
        auto const now = clock_type::now();
        double const seconds = std::chrono::duration<double>(now - dripped_).count();
        auto const due = static_cast<std::size_t>(static_cast<double>(slow_.size()) * seconds / 5);
        if (due == 0) return;
        dripped_ = now;
        for (std::size_t i = 0; i < std::min(due, slow_.size()); ++i) {
            next_ = (next_ + 1) % slow_.size();
            if (next_ % 3 == 2 || !slow_[next_].is_open()) continue;
            hh::error_code ignored;
            if (!send(slow_[next_], "a")) slow_[next_].close(ignored);
        }
    }

    double request(tcp::socket& s, std::string_view text) {
        auto const begun = clock_type::now();
        if (!s.is_open()) s.connect(to_);
        asio::write(s, asio::buffer(text));
        std::string reply;
        asio::read_until(s, asio::dynamic_buffer(reply), "Hello, world!");
        if (!reply.starts_with("HTTP/1.1 200")) throw std::runtime_error(reply);
        return std::chrono::duration<double, std::milli>(clock_type::now() - begun).count();
    }

    void measure(char const* what, clock_type::time_point end) {
        constexpr std::string_view keep = "GET /hello/world HTTP/1.1\r\nHost: a\r\n\r\n";
        constexpr std::string_view once =
            "GET /hello/world HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        std::vector<double> times;
        tcp::socket kept(context_);
        dripped_ = clock_type::now();
        while (clock_type::now() < end) {
            drip();
            times.push_back(request(kept, keep));
            tcp::socket fresh(context_);
            times.push_back(request(fresh, once));
        }
        std::sort(times.begin(), times.end());
        auto const slow = std::count_if(slow_.begin(), slow_.end(), still_served);
        std::printf("%-24s %9zu %9.2f %9.2f %9.2f %8ld %10ld\n", what, times.size(),
                    times[times.size() / 2], times[times.size() * 99 / 100], times.back(),
                    static_cast<long>(slow), bench::process_rss_kib(server_.pid()));
        std::fflush(stdout);
    }

    bench::peer const& server_;
    asio::io_context context_{1};
    tcp::endpoint to_;
    std::size_t wanted_;
    std::vector<tcp::socket> slow_;
    std::size_t next_ = 0;
    clock_type::time_point dripped_{};
};

}  // namespace

int main(int argc, char* argv[]) {
    try {
        bench::raise_descriptor_limit();
        std::string const first = argc > 1 ? argv[1] : "10000";
        if (first == "serve") return serve();
        bench::peer const server({bench::this_program(), "serve"});
        bench::pin(0);
        bench_run(server, static_cast<std::size_t>(std::strtoul(first.c_str(), nullptr, 10))).run();
    } catch (std::exception const& e) {
        std::fprintf(stderr, "slow_clients: %s\n", e.what());
        return 1;
    }
    return 0;
}
