// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What the fuzz targets of whole servers have in common: an input that tells of steps, and clients
    that take them.
*/

#include "support/memory_stream.hpp"
#include "support/websocket.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>

namespace support {

/// The bytes of the input, taken from the front.
class fuzz_input {
public:
    explicit fuzz_input(std::string_view bytes) : bytes_(bytes) {}

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

/// One step: who does it, what, and with what.
struct fuzz_step {
    explicit fuzz_step(fuzz_input& in)
        : what(in.byte()), more(in.byte()), data(in.take(in.byte())) {}

    std::size_t client() const noexcept { return what & 3; }
    int action() const noexcept { return what >> 2 & 7; }

    std::uint8_t what;
    std::uint8_t more;
    std::string_view data;
};

/// The clients of one server.
class fuzz_clients {
public:
    explicit fuzz_clients(websocket_server& s) : server_(s) {}

    /// The one whose step it is, if it is connected.
    std::optional<memory_client>& of(fuzz_step const& s) noexcept { return clients_[s.client()]; }
    /// The same, connected.
    memory_client& connected(fuzz_step const& s) {
        if (!of(s)) of(s) = server_.connect();
        return *of(s);
    }

    /// One has closed or reset its connection; what it got begins with a status line.
    void leave(std::optional<memory_client>& client) {
        server_.run();
        std::string_view const got = client->received();
        if (!std::string_view("HTTP/1.1 ").starts_with(got.substr(0, 9))) std::abort();
        client.reset();
    }

    /// All reset their connections.
    void all_leave() {
        for (auto& client : clients_) {
            if (!client) continue;
            client->reset();
            leave(client);
        }
    }

    /// Whatever came: when all clients have gone, so have the sessions, and the connections.
    template <class Count>
    void end(Count sessions) {
        all_leave();
        for (int i = 0; i < 50 && sessions() > 0; ++i) server_.run();
        if (sessions() != 0) std::abort();
        for (int i = 0; i < 4; ++i) server_.pass(std::chrono::seconds(31));
        if (server_.loop().size() != 0) std::abort();
    }

private:
    websocket_server& server_;
    std::array<std::optional<memory_client>, 4> clients_{};
};

/// Runs one input. @tparam Bed is made of a byte, and has step(fuzz_step) and end()
template <class Bed>
int fuzz_server(std::uint8_t const* data, std::size_t size) {
    if (size < 2 || size > 4096) return 0;
    fuzz_input in(std::string_view(reinterpret_cast<char const*>(data), size));
    Bed all(in.byte());
    while (!in.empty()) all.step(fuzz_step(in));
    all.end();
    return 0;
}

}  // namespace support
