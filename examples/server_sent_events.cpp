// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// News for browsers: `new EventSource("/news/sports")` gets what is posted there, from now on or
// from the event that it had last. Argument: the port (8080).
//
// curl: -d "four to two" /news/sports => sent to 0
// curl: -N -m 1 -H "Last-Event-ID: none" /news/sports => data: four to two
// curl: /count => data: 3

#include <httphooks.hpp>
#include <httphooks/event_source_hub.hpp>
#include <httphooks/event_stream.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

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

    // Many clients, and who publishes knows none of them: from any hook, from any thread.
    hh::event_source_hub const news;
    hooks.get("/news/:topic",
              [news](auto& c) { return news.subscribe(c.request(), c.param("topic")); });
    hooks.post("/news/:topic", [news](auto& c) {
        news.publish(c.param("topic"), c.request().body());
        return hh::text("sent to ", news.subscribers(c.param("topic")), "\n");
    });

    // One client, whose events a coroutine sends.
    hooks.get("/count", [](auto& c) {
        return hh::event_stream(c.request(), [](auto& out) -> asio::awaitable<void> {
            int const last = std::atoi(out.last_event_id().c_str());
            for (int i = last + 1; i <= last + 3; ++i) {
                hh::server_event next;
                next.id = next.data = std::to_string(i);
                co_await out.async_send(next);
            }
        });
    });

    hh::http::server web(context.get_executor(), hooks, {.port = port});
    web.listen();
    web.async_run(asio::detached);
    std::cout << "listening on http://127.0.0.1:" << web.port() << std::endl;

    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([&](hh::error_code, int) {
        news.close();  // these streams would not end by themselves
        web.async_drain(std::chrono::seconds(5), asio::detached);
    });
    context.run();
}
