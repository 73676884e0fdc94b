// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    A whole Socket.IO server on memory streams: several clients that send any packets, and an
    application that joins, broadcasts, acknowledges and disconnects.
*/

#include <httphooks/socketio/server.hpp>

#include "support/websocket.hpp"

#include <array>
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

/// The bytes of the input, taken from the front.
class input {
public:
    explicit input(std::string_view bytes) : bytes_(bytes) {}

    bool empty() const noexcept { return bytes_.empty(); }
    std::uint8_t byte() noexcept {
        return empty() ? 0 : static_cast<std::uint8_t>(take(1).front());
    }
    std::string_view take(std::size_t n) noexcept {
        std::string_view const taken = bytes_.substr(0, n);
        bytes_.remove_prefix(taken.size());
        return taken;
    }

private:
    std::string_view bytes_;
};

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

    void step(input& in) {
        std::uint8_t const what = in.byte();
        std::uint8_t const more = in.byte();
        std::optional<support::memory_client>& client = clients_[what & 3];
        std::string_view const data = in.take(in.byte());
        if (!client) {
            client = server_.connect();
            client->send(support::handshake(more & 128 ? "/socket.io/?EIO=3&transport=websocket"
                                                       : "/socket.io/?EIO=4&transport=websocket"));
            server_.run();
        }
        switch (what >> 2 & 7) {
            case 0:
            case 1:
            case 2:
                client->send(support::client_text('4' + std::string(data)));
                break;
            case 3:
                client->send(support::client_frame(ws::opcode::binary, data));
                break;
            case 4:
                client->reset();
                server_.run();
                client.reset();
                break;
            case 5:
                client->window(more * 8u);
                break;
            case 6:
                io_.to(std::string(data)).emit("broadcast", sio::bytes{std::string(data)});
                break;
            default:
                for (auto const& go : std::exchange(waiting_, {})) go();
                if (more == 1) io_.of("/a").disconnect_sockets(true);
                if (more == 2) io_.all().sockets_join(std::string(data));
        }
        server_.run();
    }

    /// Whatever came: when the server ends and all clients have gone, so have the sockets.
    void end() {
        io_.drain();
        for (auto& client : clients_) {
            if (!client) continue;
            client->reset();
            server_.run();
            client.reset();
        }
        waiting_.clear();
        for (int i = 0; i < 50 && io_.engine().size() > 0; ++i) server_.run();
        if (io_.engine().size() != 0) std::abort();
        if (io_.of("/").size() != 0 || io_.of("/a").size() != 0) std::abort();
        for (int i = 0; i < 4; ++i) server_.pass(std::chrono::seconds(31));
        if (server_.loop().size() != 0) std::abort();
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
    std::array<std::optional<support::memory_client>, 4> clients_{};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size < 2 || size > 4096) return 0;
    input in(std::string_view(reinterpret_cast<char const*>(data), size));
    bed all(in.byte());
    while (!in.empty()) all.step(in);
    all.end();
    return 0;
}
