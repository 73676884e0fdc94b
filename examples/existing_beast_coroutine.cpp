// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// A coroutine server of the usual Boost.Beast shape: tcp_stream, time-outs, a strand a connection.
// The hooks are the one statement that is marked; below /files is the working directory. Arguments:
// the port (8080); then, for TLS, the certificate chain and the key, PEM files.
//
// curl: /hello/World => Hello, World!
// curl: -r 3-13 /files/existing_beast_coroutine.cpp => Distributed
// curl: -I /files/existing_beast_coroutine.cpp => X-Content-Type-Options: nosniff

#include <httphooks/http/static_files.hpp>
#include <httphooks/registry.hpp>

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast.hpp>
#include <boost/beast/ssl.hpp>

#include <iostream>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace hh = httphooks;
using asio::ip::tcp;
using tls_stream = beast::ssl_stream<beast::tcp_stream>;

template <class Stream>
asio::awaitable<void> serve(Stream stream, hh::registry hooks) {
    auto& lowest = beast::get_lowest_layer(stream);
    if constexpr (std::is_same_v<Stream, tls_stream>) {
        lowest.expires_after(std::chrono::seconds(30));
        co_await stream.async_handshake(asio::ssl::stream_base::server, asio::use_awaitable);
    }
    beast::flat_buffer buffer;
    for (bool more = true; more;) {
        lowest.expires_after(std::chrono::seconds(30));
        beast::http::request<beast::http::string_body> request;
        co_await beast::http::async_read(stream, buffer, request, asio::use_awaitable);

        // This was: beast::http::message_generator reply = handle_request(std::move(request));
        beast::http::message_generator reply = co_await hooks.async_dispatch(std::move(request));

        more = reply.keep_alive();
        co_await beast::async_write(stream, std::move(reply), asio::use_awaitable);
    }
    beast::error_code ec;
    lowest.socket().shutdown(tcp::socket::shutdown_send, ec);
}

asio::awaitable<void> listen(tcp::acceptor& acceptor, hh::registry hooks, asio::ssl::context* tls) {
    for (;;) {
        auto const strand = asio::make_strand(acceptor.get_executor());
        tcp::socket socket = co_await acceptor.async_accept(strand, asio::use_awaitable);
        beast::tcp_stream stream(std::move(socket));
        // An error ends the coroutine of its connection.
        if (tls) {
            auto serving = serve(tls_stream(std::move(stream), *tls), hooks);
            asio::co_spawn(strand, std::move(serving), asio::detached);
        } else {
            auto serving = serve(std::move(stream), hooks);
            asio::co_spawn(strand, std::move(serving), asio::detached);
        }
    }
}

int main(int argc, char** argv) {
    asio::io_context context;
    hh::registry hooks(context.get_executor());
    hooks.get("/hello/:name", [](auto& c) { return hh::text("Hello, ", c.param("name"), "!\n"); });
    hooks.get("/files/*path", hh::http::static_files("."));

    asio::ssl::context tls(asio::ssl::context::tls_server);
    if (argc > 3) {
        tls.use_certificate_chain_file(argv[2]);
        tls.use_private_key_file(argv[3], asio::ssl::context::pem);
    }
    auto const port = static_cast<unsigned short>(argc > 1 ? std::atoi(argv[1]) : 8080);
    tcp::acceptor acceptor(context, {tcp::v4(), port});
    auto listening = listen(acceptor, hooks, argc > 3 ? &tls : nullptr);
    asio::co_spawn(context, std::move(listening), asio::detached);
    std::cout << "listening on http" << (argc > 3 ? "s" : "")
              << "://127.0.0.1:" << acceptor.local_endpoint().port() << std::endl;

    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([&](beast::error_code, int) { context.stop(); });
    context.run();
}
