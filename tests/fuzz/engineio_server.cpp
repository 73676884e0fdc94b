// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    A whole Engine.IO server on memory streams: several clients whose requests concern the same
    sessions, upgrades, any bytes, and an application that sends and closes.
*/

#include <httphooks/engineio/server.hpp>

#include "support/websocket.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace {

namespace hh = httphooks;
namespace engineio = httphooks::engineio;

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

    void step(input& in) {
        std::uint8_t const what = in.byte();
        std::uint8_t const more = in.byte();
        std::optional<support::memory_client>& client = clients_[what & 3];
        if (!client) client = server_.connect();
        std::string_view const data = in.take(in.byte());
        switch (what >> 2 & 7) {
            case 0:
                client->send(data);
                break;
            case 1:
            case 2:
                client->send(a_request(more, data));
                break;
            case 3:
                client->send(support::client_text(data));
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
                engine_.broadcast(engineio::prepared_message(data, (more & 1) != 0));
                break;
            default:
                for (engineio::connection& c : engine_.connections()) c.close();
        }
        server_.run();
    }

    /// Whatever came: when the server ends and all clients have gone, so have the sessions.
    void end() {
        engine_.drain();
        for (auto& client : clients_) {
            if (!client) continue;
            client->reset();
            server_.run();
            client.reset();
        }
        for (int i = 0; i < 50 && engine_.size() > 0; ++i) server_.run();
        if (engine_.size() != 0) std::abort();
        for (int i = 0; i < 4; ++i) server_.pass(std::chrono::seconds(31));
        if (server_.loop().size() != 0) std::abort();
    }

private:
    support::websocket_server server_{};
    engineio::server engine_;
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
