// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// A game over Socket.IO: tables that players join, moves that the others see, and a scoreboard that
// HTTP and sockets ask for in the same way. Arguments: the port (8080).
//
// curl: /tables => {}
// curl: '/socket.io/?EIO=4&transport=polling' => "sid"

#include <httphooks.hpp>
#include <httphooks/rate_limit.hpp>
#include <httphooks/socketio.hpp>
#include <httphooks/socketio/dispatch.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <map>
#include <mutex>
#include <string>

namespace hh = httphooks;
namespace sio = httphooks::socketio;

/// The points of each player at each table; handlers of several threads use it.
struct scores {
    std::mutex mutex{};
    std::map<std::string, std::map<std::string, int>> tables{};
};

int main(int argc, char** argv) {
    auto const port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8080);
    scores state;
    hh::registry hooks;
    hooks.get("/tables", [&](auto&) {
        std::lock_guard const lock(state.mutex);
        return nlohmann::json(state.tables);
    });

    hh::http::server web({.port = port, .threads = 2}, hooks);
    sio::server io(web.get_executor());
    sio::dispatch(io.of("/"), hooks);  // the event "request" asks the hooks

    // Who comes too often is refused; who comes has a name.
    io.use(hh::rate_limit({.limit = 60}));
    io.use([](sio::socket s, sio::next next) {
        if (!s.handshake().auth().contains("name"))
            return next(sio::middleware_error{"who are you?"});
        s.data() = s.handshake().auth().at("name");
        next();
    });

    hh::rate_limit const moves({.limit = 10, .window = std::chrono::seconds(1)});
    io.on_connection([&state, moves](sio::socket s) {
        s.use(moves.events(s));
        s.on("sit", [s](std::string table) {
            s.join("table:" + table);
            s.to("table:" + table).emit("joined", s.data());
            return true;  // acknowledges
        });
        s.on("move", [s, &state](std::string table, std::string move) {
            auto const at = s.rooms();
            if (std::ranges::find(at, "table:" + table) == at.end()) return 0;
            s.to("table:" + table).emit("moved", s.data(), move);
            std::lock_guard const lock(state.mutex);
            return ++state.tables[table][s.data().get<std::string>()];
        });
    });

    web.mount(io);
    web.listen();
    std::cout << "listening on http://127.0.0.1:" << web.port() << std::endl;
    web.run_until_signal();
}
