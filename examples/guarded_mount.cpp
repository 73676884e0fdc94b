// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// Mounts behind hooks: who has no token gets no WebSocket and no Socket.IO session. At its start
// the server says which mount nothing guards. Argument: the port (8080).
//
// curl: -w ' %{http_code}' '/ws' => who are you? 401
// curl: -w ' %{http_code}' '/ws/../ws' --path-as-is => who are you? 401
// curl: -w ' %{http_code}' '/ws?token=let-me-in' => This is a WebSocket
// curl: -w ' %{http_code}' '/socket.io/?EIO=4&transport=polling' => who are you? 401
// curl: '/socket.io/?EIO=4&transport=polling&token=let-me-in' => "upgrades":["websocket"]
// curl: '/socket.io/?EIO=4&transport=polling' -H 'Authorization: Bearer let-me-in' => "sid"
// curl: -I '/socket.io/?EIO=4&transport=polling&token=let-me-in' => X-User: ann

#include <httphooks.hpp>
#include <httphooks/socketio.hpp>
#include <httphooks/websocket/server.hpp>

#include <nlohmann/json.hpp>

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

void want_token(hh::pre_responder_context& c) {
    if (c.query("token") != "let-me-in" && c.request()["Authorization"] != "Bearer let-me-in")
        return c.end(hh::make_response(hh::status::unauthorized, "who are you?", "text/plain"));
    c.reply_headers().set("X-User", "ann");  // on the mount's reply, too
    hh::fields headers;
    headers.set("X-User", "ann");  // which the mount finds at its request
    c.replace_request(std::move(headers));
}

int main(int argc, char** argv) {
    auto const port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8080);
    asio::io_context context(1);

    hh::websocket::server echo(context.get_executor(), {.path = "/ws"});
    echo.on_message([](auto& c, hh::websocket::message const& m) { c.send(m); });
    hh::socketio::server io(context.get_executor());
    io.on_connection([](hh::socketio::socket s) {
        s.emit("hello", std::string(s.handshake().headers()["X-User"]));
    });

    hh::registry hooks(context.get_executor());
    for (auto const pattern : {"/ws", "/ws/*", "/socket.io", "/socket.io/*"})
        hooks.pre_responder(hh::any_verb, pattern, want_token);

    hh::http::server web(context.get_executor(), hooks, {.port = port});
    web.mount(echo, {.guards = hooks});
    web.mount(io, {.guards = hooks});
    for (hh::hook_description const& d : hooks.describe(web.mounts_beside(hooks)))
        for (hh::hook_warning const w : d.warnings)
            std::cerr << d.hook.pattern << ": " << to_string(w) << '\n';

    web.listen();
    web.async_run(asio::detached);
    std::cout << "listening on http://127.0.0.1:" << web.port() << std::endl;

    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([&](hh::error_code, int) {
        web.async_drain(std::chrono::seconds(5), [](hh::error_code, hh::http::drain_report) {});
    });
    context.run();
}
