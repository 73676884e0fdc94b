// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// Replies that are written bit by bit: a table that no memory has to hold, and a copy of what
// another part of the program tells. Argument: the port (8080).
//
// curl: /squares/3 => 3,9
// curl: -N /squares/100000 => 100000,10000000000
// curl: -I /squares/1 => Transfer-Encoding: chunked
// curl: /countdown => lift-off

#include <httphooks.hpp>
#include <httphooks/stream.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

namespace asio = boost::asio;
namespace hh = httphooks;

// Writes down to 0 in its own time: the form for callbacks keeps the writer.
void count_down(std::shared_ptr<asio::steady_timer> timer, hh::stream_writer out, int n) {
    if (n == 0) {
        out.async_write("lift-off\n", asio::detached);
        return out.end();
    }
    out.async_write(std::to_string(n) + "\n", [=](hh::error_code gone) {
        if (gone) return;
        timer->expires_after(std::chrono::milliseconds(50));
        timer->async_wait([=](hh::error_code) { count_down(timer, out, n - 1); });
    });
}

int main(int argc, char** argv) {
    auto const port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8080);
    asio::io_context context(1);
    hh::registry hooks(context.get_executor());

    // A write waits while the client does not read: whatever n is, little is held in memory.
    hooks.get("/squares/:n", [](auto& c) {
        auto const n = std::strtoull(std::string(c.param("n")).c_str(), nullptr, 10);
        return hh::stream("text/csv", [n](auto& out) -> asio::awaitable<void> {
            std::string rows;
            for (std::uint64_t i = 1; i <= n; ++i) {
                rows += std::to_string(i) + "," + std::to_string(i * i) + "\n";
                if (rows.size() < 16'000 && i < n) continue;
                co_await out.async_write(rows);  // throws when the client has gone
                rows.clear();
            }
        });
    });

    hooks.get("/countdown", [](auto&) {
        return hh::stream("text/plain", [](auto& out) {
            count_down(std::make_shared<asio::steady_timer>(out.get_executor()), out, 3);
        });
    });

    hh::http::server web(context.get_executor(), hooks, {.port = port});
    web.listen();
    web.async_run(asio::detached);
    std::cout << "listening on http://127.0.0.1:" << web.port() << std::endl;

    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait(
        [&](hh::error_code, int) { web.async_drain(std::chrono::seconds(5), asio::detached); });
    context.run();
}
