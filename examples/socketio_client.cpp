// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// A Socket.IO client: events with arguments of their own types, acknowledgements both ways, and a
// connection that is opened again when it is lost. The first argument is the URL of a server, such
// as http://localhost:3000/chat; without one it talks to a server of its own.

#include <httphooks.hpp>
#include <httphooks/socketio/client.hpp>
#include <httphooks/socketio/server.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>

namespace asio = boost::asio;
namespace hh = httphooks;
namespace sio = httphooks::socketio;
using namespace std::chrono_literals;

asio::awaitable<void> talk(sio::client client, std::string url) {
    sio::client_socket const io = co_await client.async_connect(url, asio::use_awaitable);
    std::cout << "connected as " << io.id() << std::endl;
    io.on("hello", [](std::string_view name, int number) {
        std::cout << "hello " << name << ", you are number " << number << std::endl;
    });
    io.on("add", [](int a, int b) { return a + b; });
    io.on_disconnect([](sio::client_disconnect_reason why) {
        std::cout << "disconnected: " << to_string(why) << std::endl;
    });

    io.emit("name", "Ada");
    auto const patient = io.timeout(5s);
    nlohmann::json const answer =
        co_await patient.async_emit_with_ack("sum", 1, 2, 39, asio::use_awaitable);
    std::cout << "the sum is " << answer << std::endl;
    io.disconnect();
}

void serve(sio::server const& io) {
    io.on_connection([](sio::socket client) {
        client.on("name", [client](std::string_view name) { client.emit("hello", name, 1); });
        client.on("sum", [client](int a, int b, int c, sio::acknowledgement done) {
            client.emit("add", a, b, [client, c, done](hh::error_code ec, int sum) {
                if (ec) return client.disconnect();
                client.emit("add", sum, c, [done](hh::error_code, int all) { done(all); });
            });
        });
    });
}

int main(int argc, char** argv) {
    bool const own = argc < 2 || std::string_view(argv[1]) == "0";
    asio::io_context context(1);
    hh::registry hooks(context.get_executor());
    hh::http::server web(context.get_executor(), hooks, {.address = "127.0.0.1", .port = 0});
    sio::server server(context.get_executor());
    serve(server);
    web.mount(server);
    if (own) {
        web.listen();
        web.async_run(asio::detached);
    }
    std::string const url = own ? "http://127.0.0.1:" + std::to_string(web.port()) : argv[1];
    int status = 0;
    asio::co_spawn(context, talk(sio::client(context.get_executor()), url),
                   [&](std::exception_ptr failed) {
                       status = failed ? 1 : 0;
                       web.stop();
                   });
    context.run();
    return status;
}
