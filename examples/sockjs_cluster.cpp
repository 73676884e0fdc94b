// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// Two servers with one conversation: start it on two ports, and what a client of one says, over
// SockJS or a plain WebSocket (/chat/websocket), is heard by the clients of both, by way of Redis.
// The arguments are the port (8080) and the URL of Redis. Without Redis each is for itself.
//
// curl: -d hello /say => said
// curl: -d '' /chat/0/a/xhr => o
// curl: -d '' /say => 422

#include <httphooks.hpp>
#include <httphooks/redis.hpp>
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
    hh::redis::options const redis{.url = argc > 2 ? argv[2] : "redis://127.0.0.1"};
    asio::io_context context(1);
    hh::redis::connection publisher(context.get_executor(), redis);
    hh::redis::subscriber subscriber(context.get_executor(), redis);
    hh::sockjs::server chat(context.get_executor(), {.prefix = "/chat"});

    auto const tell_all = [&](std::string_view text) {
        if (subscriber.is_connected())
            publisher.async_command({"PUBLISH", "chat", text}, asio::detached);
        else
            chat.broadcast(text);
    };
    subscriber.on_message([&](hh::redis::message const& m) { chat.broadcast(m.payload); });
    subscriber.subscribe("chat");

    chat.on_connection([&](hh::sockjs::connection c) { c.on_message(tell_all); });
    hh::registry hooks(context.get_executor());
    hooks.post("/say", [&](auto& c) {
        if (c.request().body().empty()) return hh::make_response(hh::status(422), "422: say what?");
        tell_all(c.request().body());
        return hh::make_response(hh::status::ok, "said");
    });

    hh::http::server web(context.get_executor(), hooks, {.port = port});
    web.mount(chat);
    web.listen();
    web.async_run(asio::detached);
    std::cout << "listening on http://127.0.0.1:" << web.port() << std::endl;

    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([&](hh::error_code, int) {
        web.async_drain(std::chrono::seconds(5), asio::detached);
        publisher.close();
        subscriber.close();
    });
    context.run();
}
