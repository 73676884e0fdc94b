// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// Work that blocks, a database or a long calculation, runs on threads of its own; the server's go
// on. Argument: the port (8080).
//
// curl: /sum/1000000 => 500000500000
// curl: /product/20 => 2432902008176640000

#include <httphooks.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>

namespace asio = boost::asio;
namespace hh = httphooks;

std::uint64_t to_number(std::string_view text, std::uint64_t most) {
    return std::min<std::uint64_t>(std::strtoull(std::string(text).c_str(), nullptr, 10), most);
}

/// Takes its time, on the thread that it is spawned on.
asio::awaitable<std::uint64_t> product(std::uint64_t n) {
    std::uint64_t result = 1;
    while (n > 1) result *= n--;
    co_return result;
}

int main(int argc, char** argv) {
    auto const port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8080);
    asio::thread_pool workers(4);
    hh::registry hooks;

    // By callback: the context is this hook's until done() is called, on whatever thread.
    hooks.get("/sum/:n", [&workers](auto& c, auto done) {
        asio::post(workers, [&c, done] {
            std::uint64_t sum = 0;
            for (std::uint64_t n = to_number(c.param("n"), 100'000'000); n > 0; --n) sum += n;
            c.set_response(hh::text(sum, '\n'));
            done();
        });
    });

    // In a coroutine: what is awaited runs over there, the rest here.
    hooks.get("/product/:n", [&workers](auto& c) -> asio::awaitable<hh::response> {
        auto work = product(to_number(c.param("n"), 20));
        std::uint64_t const result =
            co_await asio::co_spawn(workers, std::move(work), asio::use_awaitable);
        co_return hh::text(result, '\n');
    });

    hh::http::server web({.port = port, .threads = 2}, hooks);
    web.listen();
    std::cout << "listening on http://127.0.0.1:" << web.port() << std::endl;
    web.run_until_signal();
    workers.join();
}
