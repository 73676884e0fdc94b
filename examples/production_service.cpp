// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// A service behind a proxy on this machine: request ids, an access log, rate limits and metrics.
// Arguments: the port (8080); the access log's file, else lines go to the standard output. SIGHUP
// opens the file again: move it away, then send it. SIGTERM answers what has begun, then ends.
//
// curl: /orders/17 => order 17
// curl: -i -H 'X-Request-Id: from-the-proxy' /orders/17 => X-Request-Id: from-the-proxy
// curl: -i -H 'X-Request-Id: no"id' /nowhere => X-Request-Id:
// curl: -i /orders/17 => RateLimit-Policy: "default";q=100;w=60
// curl: -s -X POST -o/dev/null -o/dev/null -w '%{http_code} ' /login /login => 200 429
// curl: /metrics => _seconds_count{pattern="/orders/:id",method="GET",status="2xx"}

#include <httphooks.hpp>
#include <httphooks/access_log.hpp>
#include <httphooks/loopback_only.hpp>
#include <httphooks/metrics.hpp>
#include <httphooks/rate_limit.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <iostream>

namespace asio = boost::asio;
namespace hh = httphooks;

int main(int argc, char** argv) {
    auto const port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8080);
    asio::io_context context(1);

    hh::registry_options options;
    options.request_id = hh::request_id();
    options.error_handler = [](hh::hook_error const& e) {
        std::cerr << "request " << e.request_id << ": " << e.what() << std::endl;
    };
    hh::registry hooks(context.get_executor(), options);

    hh::access_log const log({.file = argc > 2 ? argv[2] : ""});
    hooks.response_listener(hh::any_verb, "/*", log);
    hooks.pre_responder(hh::any_verb, "/orders/*", hh::rate_limit({.limit = 100}));
    hooks.pre_responder(hh::verb::post, "/login",
                        hh::rate_limit({.limit = 1, .window = std::chrono::seconds(10)}));
    hooks.pre_responder(hh::verb::get, "/metrics", hh::loopback_only());

    hooks.get("/orders/:id", [](auto& c) { return hh::text("order ", c.param("id"), "\n"); });
    hooks.post("/login", [](auto&) { return "welcome\n"; });
    hooks.get("/metrics", hh::metrics(hooks).responder());

    hh::http::options server;
    server.port = port;
    server.trusted_proxies = {"127.0.0.1"};
    server.cancel_on_half_close = true;
    hh::http::server web(context.get_executor(), hooks, server);
    web.listen();
    web.async_run(asio::detached);
    std::cout << "listening on http://127.0.0.1:" << web.port() << std::endl;

    asio::signal_set signals(context, SIGHUP, SIGTERM, SIGINT);
    std::function<void()> const wait = [&] {
        signals.async_wait([&](hh::error_code, int signal) {
            if (signal != SIGHUP)
                return web.async_drain(std::chrono::seconds(10),
                                       [](hh::error_code, hh::http::drain_report) {});
            log.reopen();
            wait();
        });
    };
    wait();
    context.run();
}
