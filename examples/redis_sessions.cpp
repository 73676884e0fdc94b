// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// Sessions in Redis: started several times, behind a proxy, each server knows who has logged in.
// Arguments: the port (8080), where Redis is (redis://127.0.0.1).
//
// curl: /account => Please log in
// curl: -b '' -d ann /login --next -b '' /account => Hello, ann
// curl: -b '' -d ann /login --next -b '' -X DELETE /login --next -b '' /account => Please log in
// curl: -w '%{http_code}' -X POST /echo/000/abcdefgh/xhr => 401
// curl: -b '' -d ann /login --next -b '' -w '%{http_code}' -X POST /echo/000/abcdefgh/xhr => 200

#include <httphooks.hpp>
#include <httphooks/redis.hpp>
#include <httphooks/sessions.hpp>
#include <httphooks/sockjs.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>

namespace asio = boost::asio;
namespace hh = httphooks;

int main(int argc, char** argv) {
    auto const port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8080);
    std::string const where = argc > 2 ? argv[2] : "redis://127.0.0.1";
    asio::io_context context(1);

    hh::redis::connection const redis(context.get_executor(), {.url = where});
    hh::sessions const sessions({.cookie = {.name = "sid"}}, hh::redis::session_store(redis));

    hh::registry hooks(context.get_executor());
    hooks.pre_responder(hh::any_verb, "/*", sessions);  // loads the session, and waits for it

    hooks.post("/login", [sessions](auto& c) {
        sessions.of(c).rotate();
        sessions.of(c).set("user", c.request().body());
        return "welcome\n";
    });
    hooks.delete_("/login", [sessions](auto& c) {
        sessions.of(c).destroy();
        return hh::status::no_content;
    });
    hooks.get("/account", [sessions](auto& c) {
        auto const& session = sessions.of(c);
        return session.has("user") ? hh::text("Hello, ", session.get("user"), "\n")
                                   : hh::text("Please log in\n");
    });

    // Sockets are for those who have logged in, on whichever server.
    hh::sockjs::server echo(context.get_executor(), {.prefix = "/echo"});
    echo.authorize([sessions](hh::sockjs::handshake const& from, auto decide) {
        sessions.async_find(*from.message, [decide](std::exception_ptr e, auto session) {
            decide(!e && session.has("user") ? hh::status::ok : hh::status::unauthorized);
        });
    });
    echo.on_connection([](hh::sockjs::connection c) {
        c.on_message([c](std::string_view text) mutable { c.send(text); });
    });

    hh::http::server web(context.get_executor(), hooks, {.port = port});
    web.mount(echo);
    web.listen();
    web.async_run(asio::detached);
    std::cout << "listening on http://127.0.0.1:" << web.port() << std::endl;
    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([&](hh::error_code, int) {
        web.async_drain(std::chrono::seconds(5), [redis](auto...) { redis.close(); });
    });
    context.run();
}
