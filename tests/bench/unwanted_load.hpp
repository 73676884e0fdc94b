// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Load for one server of a cluster: messages that it has no use for, by way of Redis.

    They are published by this program, in place of four other servers. Behind each thousand of them
    is one for a client of the server: when the client has it, the thousand were thrown away. Each
    of the four has a thousand under way.
*/

#include "bench/socketio_load.hpp"

#include <poll.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace bench {

/// Uses port, pid and the durations.
class unwanted_generator : socketio_load {
public:
    /// What is published, as commands of Redis.
    struct commands {
        std::string unwanted;
        /// Events "begin" and "mark" for a client.
        std::string begin;
        std::string mark;
    };

    unwanted_generator(load_options o, int redis_port, commands const& all)
        : socketio_load(std::move(o)), client_(connect_one()), begin_(all.begin) {
        for (int& fd : publishers_) fd = connect_one(redis_port);
        for (std::size_t i = 0; i < many; ++i) round_ += all.unwanted;
        round_ += all.mark;
    }
    ~unwanted_generator() {
        close(client_);
        for (int const fd : publishers_) close(fd);
    }

    load_result run() {
        connect_client();
        // the server may not be subscribed yet
        while (!has("begin")) {
            write_all(publishers_[0], begin_);
            pollfd p{client_, POLLIN, 0};
            if (poll(&p, 1, 100) > 0) read_some(client_, in_);
        }
        watch(client_, 0);
        for (std::size_t i = 0; i < publishers_.size(); ++i) watch(publishers_[i], i + 1);
        for (int const fd : publishers_) write_all(fd, round_);
        return measure([this](std::uint64_t name) { readable(static_cast<std::size_t>(name)); });
    }

private:
    static constexpr std::size_t many = 1'000;

    /// Takes the text away, and what is before it. @return whether it is there
    bool has(std::string_view text) {
        std::size_t const at = in_.find(text);
        if (at == in_.npos) return false;
        in_.erase(0, at + text.size());
        return true;
    }

    void connect_client() {
        write_all(client_,
                  "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: " + o_.host +
                      "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                      "Sec-WebSocket-Version: 13\r\n\r\n");
        while (!has("0{\"sid\"")) read_some(client_, in_);
        write_all(client_, client_frame("40"));
        while (!has("40{\"sid\"")) read_some(client_, in_);
    }

    void readable(std::size_t name) {
        if (name != 0) {  // how many subscribers there were
            read_some(publishers_[name - 1], replies_);
            replies_.clear();
            return;
        }
        read_some(client_, in_);
        while (has("\"mark\"")) {
            done_ += many;
            write_all(publishers_[next_++ % publishers_.size()], round_);
        }
    }

    int client_;
    std::array<int, 4> publishers_{};
    std::size_t next_ = 0;
    std::string begin_;
    std::string round_{};
    std::string in_{};
    std::string replies_{};
};

}  // namespace bench
