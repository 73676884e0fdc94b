// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// What a program for Crow has, with the hooks; what it was is above. Argument: the port (18080).
//
// curl: /hello/99 => 99 bottles of beer!
// curl: /hello/x => Bad Request
// curl: -d \{\"a\":1,\"b\":2\} /add => {"sum":3}
// curl: /search?q=beer => beer
// curl: /admin/x => who are you?
// curl: -i /search => X-Served-By: hooks
// curl: /nowhere => nothing here

#include <httphooks.hpp>
#include <httphooks/websocket/server.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <nlohmann/json.hpp>

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <iostream>

namespace asio = boost::asio;
namespace hh = httphooks;
namespace ws = httphooks::websocket;

int main(int argc, char** argv) {
    asio::io_context context(1);
    hh::registry hooks(context.get_executor());

    // CROW_ROUTE(app, "/hello/<int>")([](int count) { ... });
    hooks.get("/hello/:count", [](auto& c) -> hh::response {
        auto const text = c.param("count");
        int count = 0;
        if (std::from_chars(text.data(), text.data() + text.size(), count).ec != std::errc())
            return hh::error_response(hh::status::bad_request);
        return hh::text(count, " bottles of beer!");
    });

    // auto x = crow::json::load(req.body); ... return crow::json::wvalue({{"sum", sum}});
    hooks.post("/add", [](auto& c) -> hh::response {
        auto const x = nlohmann::json::parse(c.request().body(), nullptr, false);
        if (!x.is_object()) return hh::error_response(hh::status::bad_request);
        return hh::json({{"sum", x.value("a", 0) + x.value("b", 0)}});
    });

    // req.url_params.get("q")
    hooks.get("/search", [](auto& c) { return hh::text(c.query("q")); });

    // before_handle of a middleware, which ends the request by res.end()
    hooks.pre_responder(hh::any_verb, "/admin/*", [](auto& c) {
        c.request()["Authorization"] == "Bearer secret"
            ? c.pass()
            : c.end(hh::make_response(hh::status::unauthorized, "who are you?", "text/plain"));
    });

    // after_handle of a middleware
    hooks.post_responder(hh::any_verb, "/*",
                         [](auto& c) { c.reply_headers().set("X-Served-By", "hooks"); });

    // CROW_CATCHALL_ROUTE(app)
    hooks.no_match([](auto&) { return hh::make_response(hh::status::not_found, "nothing here"); });

    // CROW_WEBSOCKET_ROUTE(app, "/ws").onmessage([](crow::websocket::connection& c, ...) { ... });
    ws::server sockets(context.get_executor(), {.path = "/ws"});
    sockets.on_message([](ws::connection& c, ws::message const& m) { c.send(m); });

    // app.port(18080).run();
    auto const port = static_cast<unsigned short>(argc > 1 ? std::atoi(argv[1]) : 18080);
    hh::http::server web(context.get_executor(), hooks, {.port = port});
    web.mount(sockets);
    web.async_run(asio::detached);
    std::cout << "listening on http://127.0.0.1:" << web.port() << std::endl;
    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([&](hh::error_code, int) { web.stop(); });
    context.run();
}
