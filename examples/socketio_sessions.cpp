// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// Sockets for those who have logged in by HTTP: the session is that of the request that opens the
// socket. Argument: the port (8080).
//
// curl: -d ann /login => welcome
// curl: '/echo/info' => "websocket":true
// curl: -w '%{http_code}' -X POST /echo/000/abcdefgh/xhr => 401
// curl: -b '' -d ann /login --next -b '' -w '%{http_code}' -X POST /echo/000/abcdefgh/xhr => 200

#include <httphooks.hpp>
#include <httphooks/sessions.hpp>
#include <httphooks/socketio.hpp>
#include <httphooks/sockjs.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

namespace asio = boost::asio;
namespace hh = httphooks;

int main(int argc, char** argv) {
    auto const port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8080);
    asio::io_context context(1);

    hh::sessions const sessions;
    hh::registry hooks(context.get_executor());
    hooks.post("/login", [sessions](auto& c) {
        sessions.of(c).rotate();
        sessions.of(c).set("user", c.request().body());
        return "welcome\n";
    });

    // Socket.IO: a middleware of the namespace refuses who has no session, and names who has.
    hh::socketio::server io(context.get_executor());
    io.of("/").use([sessions](hh::socketio::socket s, hh::socketio::next next) {
        auto const session = sessions.find(s.handshake().request());
        if (!session.has("user")) return next(hh::socketio::middleware_error{"please log in"});
        s.join("user:" + std::string(session.get("user")));
        next();
    });

    // SockJS: the same before anything is sent.
    hh::sockjs::server echo(context.get_executor(), {.prefix = "/echo"});
    echo.authorize([sessions](hh::sockjs::handshake const& from) {
        return sessions.find(*from.message).has("user") ? hh::status::ok : hh::status::unauthorized;
    });
    echo.on_connection([](hh::sockjs::connection c) {
        c.on_message([c](std::string_view text) mutable { c.send(text); });
    });

    hh::http::server web(context.get_executor(), hooks, {.port = port});
    web.mount(io);
    web.mount(echo);
    web.listen();
    web.async_run(asio::detached);
    std::cout << "listening on http://127.0.0.1:" << web.port() << std::endl;

    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait(
        [&](hh::error_code, int) { web.async_drain(std::chrono::seconds(5), asio::detached); });
    context.run();
}
