// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// A WebSocket of Beast's in a session of yours, behind hooks: they judge the request before the
// upgrade; what they refuse is answered with their response. Argument: the port (8080).
//
// curl: /hello => Hello!
// curl: -w ' %{http_code}' -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H
// 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' /ws => who are you?
// 401 curl: -i -m 2 -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13'
// -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' '/ws?token=let-me-in' => HTTP/1.1 101

#include <httphooks/registry.hpp>

#include <boost/asio.hpp>
#include <boost/beast.hpp>

#include <iostream>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace hh = httphooks;
using asio::ip::tcp;

asio::awaitable<void> echo(beast::tcp_stream stream,
                           beast::http::request<beast::http::string_body> const& request) {
    stream.expires_never();
    beast::websocket::stream<beast::tcp_stream> socket(std::move(stream));
    co_await socket.async_accept(request, asio::use_awaitable);
    for (;;) {
        beast::flat_buffer message;
        co_await socket.async_read(message, asio::use_awaitable);
        co_await socket.async_write(message.data(), asio::use_awaitable);
    }
}

asio::awaitable<void> serve(beast::tcp_stream stream, hh::registry hooks) {
    beast::flat_buffer buffer;
    for (bool more = true; more;) {
        stream.expires_after(std::chrono::seconds(30));
        beast::http::request<beast::http::string_body> request;
        co_await beast::http::async_read(stream, buffer, request, asio::use_awaitable);

        std::optional<hh::response> reply;
        if (beast::websocket::is_upgrade(request)) {
            reply = co_await hooks.async_authorize(request);
            if (!reply) co_return co_await echo(std::move(stream), request);
        } else {
            reply = co_await hooks.async_dispatch(std::move(request));
        }
        more = reply->keep_alive();
        beast::http::message_generator message(std::move(*reply));
        co_await beast::async_write(stream, std::move(message), asio::use_awaitable);
    }
}

asio::awaitable<void> listen(tcp::acceptor& acceptor, hh::registry hooks) {
    for (;;) {
        beast::tcp_stream stream(co_await acceptor.async_accept(asio::use_awaitable));
        asio::co_spawn(acceptor.get_executor(), serve(std::move(stream), hooks), asio::detached);
    }
}

int main(int argc, char** argv) {
    asio::io_context context(1);
    hh::registry hooks(context.get_executor());
    hooks.get("/hello", [](auto&) { return "Hello!\n"; });
    hooks.pre_responder(hh::verb::get, "/ws", [](hh::pre_responder_context& c) {
        if (c.query("token") == "let-me-in") return c.pass();
        c.end(hh::make_response(hh::status::unauthorized, "who are you?", "text/plain"));
    });

    auto const port = static_cast<unsigned short>(argc > 1 ? std::atoi(argv[1]) : 8080);
    tcp::acceptor acceptor(context, {tcp::v4(), port});
    asio::co_spawn(context, listen(acceptor, hooks), asio::detached);
    std::cout << "listening on http://127.0.0.1:" << acceptor.local_endpoint().port() << std::endl;

    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([&](beast::error_code, int) { context.stop(); });
    context.run();
}
