// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    A whole Engine.IO server on memory streams: several clients whose requests concern the same
    sessions, upgrades, any bytes, and an application that sends and closes.
*/

#include <httphooks/engineio/server.hpp>

#include "support/fuzz_server.hpp"
#include "support/websocket.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace {

namespace hh = httphooks;
namespace engineio = httphooks::engineio;

/// Sessions are named a, b, c, ... in the order in which they are opened.
engineio::options tight(std::uint8_t how) {
    engineio::options o;
    o.allow_eio3 = true;
    o.close_timeout = std::chrono::milliseconds(0);
    o.max_payload = 1000;
    o.queue_bytes = 500;
    o.queue_packets = 20;
    o.max_sessions = 6;
    o.overflow = how & 1 ? engineio::overflow_policy::drop : engineio::overflow_policy::close;
    if (how & 4) o.initial_packet = "first";
    if (how & 8) o.cors.emplace();
    o.generate_id = [next = std::make_shared<char>('a')](hh::request const&) {
        return std::string(1, *next < 'z' ? (*next)++ : 'z');
    };
    return o;
}

/// A request of a client. Bits of `which`: session, method, transport, revision, script.
std::string a_request(std::uint8_t which, std::string_view body) {
    bool const socket = (which & 8) != 0;
    std::string target = "/engine.io/?EIO=";
    target += which & 32 ? '3' : '4';
    target += socket ? "&transport=websocket" : "&transport=polling";
    if (int const session = which & 3; session != 0 || which & 16)
        target.append("&sid=").push_back(static_cast<char>('a' + session));
    if (which & 64) target += "&j=1";
    if (socket) return support::handshake(target);
    std::string const type = which & 128 ? "application/octet-stream" : "text/plain";
    return (which & 4 ? "POST " : "GET ") + target + " HTTP/1.1\r\nHost: example.org\r\n" +
           "Content-Type: " + type + "\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + std::string(body);
}

class bed {
public:
    explicit bed(std::uint8_t how) : engine_(server_.context.get_executor(), tight(how)) {
        engine_.on_connection([how](engineio::connection c) {
            c.on_message([c, how](std::string_view m, bool binary) mutable {
                if (m == "throw") throw 1;
                if (m == "close") c.close();
                for (int i = 0; i < (how & 2 ? 5 : 1); ++i) binary ? c.send_binary(m) : c.send(m);
            });
            c.on_close([c](engineio::close_reason) mutable { c.send("late"); });
        });
        server_.settings->mounts.add(engine_);
    }

    void step(support::fuzz_step const& s) {
        support::memory_client& client = clients_.connected(s);
        switch (s.action()) {
            case 0:
                client.send(s.data);
                break;
            case 1:
            case 2:
                client.send(a_request(s.more, s.data));
                break;
            case 3:
                client.send(support::client_text(s.data));
                break;
            case 4:
                client.reset();
                clients_.leave(clients_.of(s));
                break;
            case 5:
                client.window(s.more * 8u);
                break;
            case 6:
                engine_.broadcast(engineio::prepared_message(s.data, (s.more & 1) != 0));
                break;
            default:
                for (engineio::connection& c : engine_.connections()) c.close();
        }
        server_.run();
    }

    /// Whatever came: when the server ends and all clients have gone, so have the sessions.
    void end() {
        engine_.drain();
        clients_.end([this] { return engine_.size(); });
    }

private:
    support::websocket_server server_{};
    engineio::server engine_;
    support::fuzz_clients clients_{server_};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    return support::fuzz_server<bed>(data, size);
}
