// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// Socket.IO in a Boost.Beast server that you have: your coroutine reads the requests; those below
// /socket.io are served by the mount, which gives the connection back, or keeps it for WebSocket.
// Argument: the port (8080).
//
// curl: / => Hello from your own handler
// curl: -I -w 'connects:%{num_connects} ' -o/dev/null -o/dev/null / / => connects:1 connects:0
// curl: --ignore-content-length -w 'exit:%{exitcode}' -H 'Connection: close' / => exit:0
// curl: --ignore-content-length -w 'exit:%{exitcode}' -0 / => exit:0
// curl: -0 -i / => HTTP/1.0 200 OK
// curl: '/socket.io/?EIO=4&transport=polling' => "upgrades":["websocket"]
// curl: '/socket.io/?EIO=4&transport=x' => {"code":0,"message":"Transport unknown"}

#include <httphooks/http/mount.hpp>
#include <httphooks/into_response.hpp>
#include <httphooks/socketio.hpp>

#include <nlohmann/json.hpp>

#include <boost/asio.hpp>
#include <boost/beast.hpp>

#include <iostream>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace hh = httphooks;
using asio::ip::tcp;

asio::awaitable<void> serve(tcp::socket stream, hh::http::mounts const& mounts) {
    beast::flat_buffer buffer;
    for (bool more = true; more;) {
        beast::http::request<beast::http::string_body> message;
        co_await beast::http::async_read(stream, buffer, message, asio::use_awaitable);
        more = message.keep_alive();
        hh::request request = hh::convert(std::move(message));

        if (mounts.matches(request)) {
            hh::http::connection connection(std::move(stream), std::move(buffer));
            auto serving =
                mounts.async_serve(std::move(connection), std::move(request), asio::use_awaitable);
            auto back = co_await std::move(serving);
            auto released = back ? back->release<tcp::socket>() : std::nullopt;
            if (!released) co_return;
            stream = std::move(released->stream);
            buffer = {};
            beast::ostream(buffer) << released->input;
        } else {
            hh::response reply = hh::text("Hello from your own handler\n");
            reply.version(request.version());
            reply.keep_alive(more);
            reply.prepare_payload();
            if (request.method() == hh::verb::head) reply.body().clear();
            co_await beast::http::async_write(stream, reply, asio::use_awaitable);
        }
    }
}

asio::awaitable<void> listen(tcp::acceptor& acceptor, hh::http::mounts const& mounts) {
    for (;;) {
        tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
        auto serving = serve(std::move(socket), mounts);
        asio::co_spawn(acceptor.get_executor(), std::move(serving), asio::detached);
    }
}

int main(int argc, char** argv) {
    asio::io_context context(1);
    hh::socketio::server io(context.get_executor());
    io.on_connection([](hh::socketio::socket s) {
        s.on("echo", [](nlohmann::json anything) { return anything; });
    });
    hh::http::mounts mounts;
    mounts.add(io);

    auto const port = static_cast<unsigned short>(argc > 1 ? std::atoi(argv[1]) : 8080);
    tcp::acceptor acceptor(context, {tcp::v4(), port});
    auto listening = listen(acceptor, mounts);
    asio::co_spawn(context, std::move(listening), asio::detached);
    std::cout << "listening on http://127.0.0.1:" << acceptor.local_endpoint().port() << std::endl;

    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([&](beast::error_code, int) { context.stop(); });
    context.run();
}
