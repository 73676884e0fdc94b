// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// Several responders for one request run together; their responses come back as one, in the order
// in which the responders were registered.

#include <httphooks/multi_response.hpp>
#include <httphooks/registry.hpp>
#include <httphooks/testing.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/write.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <iostream>
#include <string_view>

namespace asio = boost::asio;
namespace hh = httphooks;

asio::awaitable<hh::response> slow_price(std::string_view book) {
    auto const executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, std::chrono::milliseconds(5));
    co_await timer.async_wait(asio::use_awaitable);
    co_return hh::json({{"book", book}, {"price", 12}});
}

int main() {
    hh::registry hooks;
    hooks.get("/books/:id", [](auto& c) { return slow_price(c.param("id")); });
    hooks.get("/books/:id", [](auto&) { return hh::json({{"stock", 3}}); });
    hooks.get("/books/:id", [](auto&) { return hh::status::not_found; });

    hh::request const request(hh::verb::get, "/books/moby-dick", 11);
    hh::response const reply = hh::testing::inject(hooks, request);
    std::cout << reply << '\n';

    auto const parts = hh::parse_multi_response(reply);
    if (!parts) {
        std::cerr << parts.error().message() << '\n';
        return 1;
    }
    for (hh::response const& part : *parts)
        std::cout << part.result_int() << ' ' << part.body() << '\n';
    return parts->size() == 3 ? 0 : 1;
}
