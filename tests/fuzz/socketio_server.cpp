// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    A whole Socket.IO server on memory streams: several clients that send any packets, and an
    application that joins, broadcasts, acknowledges and disconnects.
*/

#include <httphooks/socketio/server.hpp>

#include "support/fuzz_server.hpp"
#include "support/websocket.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace hh = httphooks;
namespace ws = httphooks::websocket;
namespace sio = httphooks::socketio;

sio::options tight(std::uint8_t how) {
    sio::options o;
    o.engine.allow_eio3 = true;
    o.engine.close_timeout = std::chrono::milliseconds(0);
    o.engine.max_payload = 1000;
    o.engine.queue_bytes = 2000;
    o.depth = 20;
    o.max_namespaces = 4;
    o.max_rooms = 3;
    o.max_acks = 5;
    o.cleanup_empty_child_namespaces = true;
    if (how & 1) o.parser = sio::parser::msgpack;
    if (how & 2) {
        o.recovery.emplace();
        o.recovery->max_packets = 5;
        o.recovery->max_sessions = 2;
        o.recovery->skip_middlewares = (how & 4) != 0;
    }
    return o;
}

class bed {
public:
    explicit bed(std::uint8_t how) : io_(server_.context.get_executor(), tight(how)) {
        for (sio::nsp const& n : {io_.of("/"), io_.of("/a"), io_.of(std::regex("/dyn-\\d"))})
            n.on_connection([n](sio::socket const& s) { serve(n, s); });
        io_.of("/a").use([this](sio::socket const& s, sio::next const& go) {
            s.join("waiting");
            if (s.handshake().auth().contains("no"))
                go({"no", s.handshake().auth()});
            else if (s.handshake().auth().contains("later"))
                waiting_.push_back(go);
            else
                go();
        });
        server_.settings->mounts.add(io_);
    }

    void step(support::fuzz_step const& s) {
        bool const comes = !clients_.of(s);
        support::memory_client& client = clients_.connected(s);
        if (comes) {
            client.send(support::handshake(s.more & 128 ? "/socket.io/?EIO=3&transport=websocket"
                                                        : "/socket.io/?EIO=4&transport=websocket"));
            server_.run();
        }
        switch (s.action()) {
            case 0:
            case 1:
            case 2:
                client.send(support::client_text('4' + std::string(s.data)));
                break;
            case 3:
                client.send(support::client_frame(ws::opcode::binary, s.data));
                break;
            case 4:
                client.reset();
                clients_.leave(clients_.of(s));
                break;
            case 5:
                client.window(s.more * 8u);
                break;
            case 6:
                io_.to(std::string(s.data)).emit("broadcast", sio::bytes{std::string(s.data)});
                break;
            default:
                for (auto const& go : std::exchange(waiting_, {})) go();
                if (s.more == 1) io_.of("/a").disconnect_sockets(true);
                if (s.more == 2) io_.all().sockets_join(std::string(s.data));
        }
        server_.run();
    }

    /// Whatever came: when the server ends and all clients have gone, so have the sockets.
    void end() {
        io_.drain();
        clients_.all_leave();
        waiting_.clear();
        clients_.end([this] { return io_.engine().size(); });
        if (io_.of("/").size() != 0 || io_.of("/a").size() != 0) std::abort();
    }

private:
    static void serve(sio::nsp const& n, sio::socket const& s) {
        s.on("echo", [s](sio::arguments const& a, sio::acknowledgement const& ack) {
            ack(a);
            s.emit("echo", a, [s](hh::error_code, sio::arguments const& b) { s.emit("ack", b); });
        });
        s.on("typed", [](int i, std::optional<std::string> t, std::vector<double> d) {
            return std::to_string(i) + t.value_or("") + std::to_string(d.size());
        });
        s.on("json", [](nlohmann::json j) { return j; });
        s.on("join", [s](std::string room) { return s.join(room); });
        s.on("to", [n](std::string room, nlohmann::json what) {
            n.to(room).emit("r", what);
            n.except(room).volatile_().emit("v", what);
        });
        s.on("ask", [n] { n.emit("q", [](hh::error_code, std::vector<nlohmann::json>) {}); });
        s.on("bye", [s](bool close) { s.disconnect(close); });
        s.on("off", [s] { s.off("off"); });
        s.on("throw", [] { throw 1; });
        s.on_any([](std::string_view, sio::arguments const& a) { a.to_json(); });
        s.on_any_outgoing([](std::string_view, sio::arguments const& a) { a.to_json(); });
        s.on_disconnect([s](sio::disconnect_reason) {
            s.join("late");
            s.emit("late");
        });
        if (n.name() == "/a")
            s.use([](std::string_view name, sio::arguments const&, sio::next const& go) {
                if (name == "no")
                    go({"no", {}});
                else
                    go();
            });
    }

    support::websocket_server server_{};
    sio::server io_;
    std::vector<sio::next> waiting_{};
    support::fuzz_clients clients_{server_};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    return support::fuzz_server<bed>(data, size);
}
