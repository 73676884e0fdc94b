// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// A coroutine server of the usual Boost.Beast shape whose hooks read bodies while they come: it
// reads the header, and leaves the rest to the hooks. Argument: the port (8080).
//
// curl: --data-binary @streaming_beast.cpp /count => bytes
// curl: -H 'Expect: 100-continue' -d 12345 /count => 5 bytes
// curl: -d hello /echo => hello
// curl: -d hello /closed => nobody may

#include <httphooks/http/dispatch_streaming.hpp>
#include <httphooks/registry.hpp>
#include <httphooks/request_body.hpp>

#include <boost/asio.hpp>
#include <boost/beast.hpp>

#include <iostream>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace hh = httphooks;
using asio::ip::tcp;

asio::awaitable<void> serve(beast::tcp_stream stream, hh::registry hooks) {
    beast::flat_buffer buffer;
    for (bool more = true; more;) {
        stream.expires_after(std::chrono::seconds(30));
        beast::http::request_parser<beast::http::empty_body> parser;
        parser.body_limit(boost::none);
        co_await beast::http::async_read_header(stream, buffer, parser, asio::use_awaitable);

        hh::origin const from(hh::transport::http, stream.socket().remote_endpoint(), false);
        auto answering =
            hh::http::async_dispatch_streaming(hooks, stream, buffer, std::move(parser), from);
        beast::http::message_generator reply = co_await std::move(answering);

        more = reply.keep_alive();
        co_await beast::async_write(stream, std::move(reply), asio::use_awaitable);
    }
    beast::error_code ec;
    stream.socket().shutdown(tcp::socket::shutdown_send, ec);
}

asio::awaitable<void> listen(tcp::acceptor& acceptor, hh::registry hooks) {
    for (;;) {
        auto const strand = asio::make_strand(acceptor.get_executor());
        beast::tcp_stream stream(co_await acceptor.async_accept(strand, asio::use_awaitable));
        asio::co_spawn(strand, serve(std::move(stream), hooks), asio::detached);
    }
}

asio::awaitable<std::string> count(hh::responder_context& c) {
    std::size_t const bytes = co_await c.body().async_skip();
    co_return std::to_string(bytes) + " bytes\n";
}

int main(int argc, char** argv) {
    asio::io_context context;
    hh::registry hooks(context.get_executor());
    auto const refuse = [](auto& c) {
        c.set_response(hh::status::forbidden, "nobody may", "text/plain");
    };
    hooks.pre_responder(hh::any_verb, "/closed", refuse, {.needs_body = false});
    hooks.post("/count", count, {.body_limit = 0, .body = hh::body::stream});
    hooks.post("/echo", [](auto& c) { return c.request().body(); });

    auto const port = static_cast<unsigned short>(argc > 1 ? std::atoi(argv[1]) : 8080);
    tcp::acceptor acceptor(context, {tcp::v4(), port});
    asio::co_spawn(context, listen(acceptor, hooks), asio::detached);
    std::cout << "listening on http://127.0.0.1:" << acceptor.local_endpoint().port() << std::endl;
    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([&](beast::error_code, int) { context.stop(); });
    context.run();
}
