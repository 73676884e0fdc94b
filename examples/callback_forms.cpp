// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// The four forms of a callback: it returns a value, it sets a response, it is a coroutine, or it
// calls `done` when it is ready.

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
#include <memory>

namespace asio = boost::asio;
namespace hh = httphooks;
using namespace std::chrono_literals;

int main() {
    hh::registry hooks;

    // A value: text, JSON, a status, a response, or a type of your own with into_response().
    hooks.get("/value", [](auto& c) {
        return nlohmann::json{{"path", c.path()}, {"greeting", c.query("greeting")}};
    });

    // Nothing: the response is what was set.
    hooks.get("/set", [](auto& c) {
        c.reply_headers().set("X-Form", "void");
        c.set_response(hh::status::accepted, "set", "text/plain");
    });

    // A coroutine; what is awaited delays nobody else.
    hooks.get("/coroutine", [](auto& c) -> asio::awaitable<hh::response> {
        auto const executor = co_await asio::this_coro::executor;
        asio::steady_timer timer(executor, 1ms);
        co_await timer.async_wait(asio::use_awaitable);
        co_return hh::text("waited for ", c.query("whom"));
    });

    // Callbacks, as in node: the context stays valid until the last copy of `done` has gone.
    hooks.get("/callback", [](auto& c, auto done) {
        auto timer = std::make_shared<asio::steady_timer>(c.get_executor(), 1ms);
        timer->async_wait([&c, done, timer](hh::error_code ec) {
            if (!ec) c.set_response("called back");
            done(ec);
        });
    });

    for (auto const* target :
         {"/value?greeting=hi", "/set", "/coroutine?whom=Godot", "/callback"}) {
        hh::request const request(hh::verb::get, target, 11);
        std::cout << target << '\n' << hh::testing::inject(hooks, request) << "\n\n";
    }
}
