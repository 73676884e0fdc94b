// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// Ends a server without losing a request: what has begun is answered, nothing new is accepted.
// Argument: the port (8080). Try: curl the address, and send SIGTERM while it waits.
//
// curl: /slow/100 => done after 100 ms

#include <httphooks.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

namespace asio = boost::asio;
namespace hh = httphooks;

int main(int argc, char** argv) {
    auto const port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8080);
    asio::io_context context(1);

    hh::registry hooks(context.get_executor());
    hooks.get("/slow/:ms", [](auto& c) -> asio::awaitable<hh::response> {
        int const ms = std::clamp(std::atoi(std::string(c.param("ms")).c_str()), 0, 60'000);
        auto const executor = co_await asio::this_coro::executor;
        asio::steady_timer timer(executor, std::chrono::milliseconds(ms));
        co_await timer.async_wait(asio::use_awaitable);
        co_return hh::text("done after ", ms, " ms\n");
    });

    hh::http::server web(context.get_executor(), hooks, {.port = port});
    web.listen();
    web.async_run(asio::detached);
    std::cout << "listening on http://127.0.0.1:" << web.port() << std::endl;

    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([&](hh::error_code, int signal) {
        std::cout << "signal " << signal << ": draining for at most 10 s" << std::endl;
        web.async_drain(std::chrono::seconds(10), [](hh::error_code, hh::http::drain_report cut) {
            std::cout << "drained; connections cut: " << cut.connections
                      << ", requests without a reply: " << cut.exchanges << std::endl;
        });
    });
    context.run();
}
