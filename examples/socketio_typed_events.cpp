// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// Events with typed arguments, and acknowledgements both ways:
//
//     const socket = io('http://127.0.0.1:8080/shop', { auth: { name: 'Ann' } });
//     socket.on('confirm', (order, answer) => answer(order.amount < 10));
//     socket.emit('order', { item: 'book', amount: 2 }, (said) => console.log(said));
//
// Argument: the port (8080).
//
// curl: '/socket.io/?EIO=4&transport=polling' => "pingInterval":25000

#include <httphooks.hpp>
#include <httphooks/socketio.hpp>
#include <httphooks/socketio/middleware_error.hpp>
#include <httphooks/socketio/socket_error.hpp>

#include <nlohmann/json.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>

namespace asio = boost::asio;
namespace hh = httphooks;
namespace sio = httphooks::socketio;

struct order {
    std::string item;
    int amount;
    NLOHMANN_DEFINE_TYPE_INTRUSIVE(order, item, amount)
};

void serve(sio::socket s) {
    // what is returned is the acknowledgement
    s.on("add", [](int a, int b, std::optional<int> c) { return a + b + c.value_or(0); });
    s.on("length", [](sio::bytes const& b) { return b.data.size(); });
    s.on("order", [s](order const& o, sio::acknowledgement reply) {
        // the client is asked back; without an answer in two seconds there is an error
        s.timeout(std::chrono::seconds(2))
            .emit("confirm", o, [reply](hh::error_code ec, bool sure) {
                if (ec) return reply(nullptr, ec.message());
                reply(sure ? "ordered" : "not ordered");
            });
    });
    // events whose arguments do not fit, "add" with a text for one
    s.on_error(
        [](sio::socket_error const& e) { std::cerr << e.event << ": " << e.message << '\n'; });
}

int main(int argc, char** argv) {
    auto const port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8080);
    asio::io_context context(1);

    sio::server io(context.get_executor());
    auto shop = io.of("/shop");
    shop.use([](sio::socket s, sio::next next) {
        if (s.handshake().auth().contains("name")) return next();
        next({"who are you?", nlohmann::json{{"missing", "name"}}});
    });
    shop.on_connection(serve);

    hh::registry hooks(context.get_executor());
    hh::http::server web(context.get_executor(), hooks, {.port = port});
    web.mount(io);
    web.listen();
    web.async_run(asio::detached);
    std::cout << "listening on http://127.0.0.1:" << web.port() << std::endl;

    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait(
        [&](hh::error_code, int) { web.async_drain(std::chrono::seconds(5), asio::detached); });
    context.run();
}
