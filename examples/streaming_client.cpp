// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// A client that holds neither what it sends nor what it reads: a table that is made while it goes
// out, and a reply that is read while it comes. The first argument is the URL of a server that has
// /count and /squares; without one it talks to a server of its own.

#include <httphooks.hpp>
#include <httphooks/http/client.hpp>
#include <httphooks/http/streamed_body.hpp>
#include <httphooks/request_body.hpp>
#include <httphooks/stream.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>

namespace asio = boost::asio;
namespace hh = httphooks;

asio::awaitable<void> squares(hh::stream_writer& out) {
    for (int i = 1; i <= 10'000; ++i)
        co_await out.async_write(std::to_string(i * i) + "\n");  // waits while nobody takes it
}

asio::awaitable<void> talk(hh::http::client client, std::string url) {
    hh::request post(hh::verb::post, "/", 11);
    post.set(hh::field::content_type, "text/plain");
    auto const content = hh::http::streamed_body(squares);
    auto const counted = co_await client.async_stream(
        url + "/count", post, content, {.continue_timeout = std::chrono::seconds(1)});
    std::string_view const count = co_await counted.async_read_chunk();
    std::cout << "sent: " << counted.header().result_int() << ", " << count << std::endl;

    auto const reply =
        co_await client.async_stream(url + "/squares", hh::request(hh::verb::get, "/", 11));
    std::size_t bytes = 0;
    for (;;) {
        std::string_view const chunk = co_await reply.async_read_chunk();
        if (chunk.empty()) break;  // the end; one that is not the end throws
        bytes += chunk.size();
    }
    std::cout << "read: " << bytes << " bytes, " << reply.trailers()["X-Rows"] << std::endl;
}

int main(int argc, char** argv) {
    bool const own = argc < 2 || std::string_view(argv[1]) == "0";
    asio::io_context context(1);
    hh::registry hooks(context.get_executor());
    auto const count = [](hh::responder_context& c) -> asio::awaitable<std::string> {
        std::size_t const bytes = co_await c.body().async_skip();
        co_return std::to_string(bytes) + " bytes";
    };
    hooks.post("/count", count, {.body_limit = 0, .body = hh::body::stream});
    hooks.get("/squares", [](auto&) {
        return hh::stream("text/plain", [](auto& out) -> asio::awaitable<void> {
            co_await squares(out);
            out.trailer("X-Rows", "10000 rows");
        });
    });
    hh::http::server web(context.get_executor(), hooks, {.address = "127.0.0.1", .port = 0});
    if (own) web.listen();
    if (own) web.async_run(asio::detached);
    std::string const url = own ? "http://127.0.0.1:" + std::to_string(web.port()) : argv[1];
    hh::http::client const client(context.get_executor());
    int status = 0;
    asio::co_spawn(context, talk(client, url), [&](std::exception_ptr failed) {
        status = failed ? 1 : 0;
        web.stop();
    });
    context.run();
    return status;
}
