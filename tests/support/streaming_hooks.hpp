// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Hooks whose replies are streams, for tests of what carries them.
*/

#include <httphooks.hpp>
#include <httphooks/stream.hpp>

#include <boost/asio/awaitable.hpp>

#include <atomic>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>

namespace support {

/// Has `/lines/:n` be so many lines, each written by itself. @param line makes one of its number
inline void add_lines(httphooks::registry& hooks, std::function<std::string(int)> line) {
    hooks.get("/lines/:n", [line = std::move(line)](httphooks::responder_context& c) {
        int const n = std::stoi(std::string(c.param("n")));
        return httphooks::stream(
            "text/plain", [n, line](httphooks::stream_writer& out) -> boost::asio::awaitable<void> {
                for (int i = 0; i < n; ++i) {
                    std::string text = line(i);
                    co_await out.async_write(std::move(text));
                }
            });
    });
}

/// Streams that do not end by themselves.
struct endless_streams {
    /// How many writes of 1,000 bytes have been taken.
    std::atomic<std::size_t> made{0};
    /// How many streams are over.
    std::atomic<int> gone{0};

    /// Has `/endless` be one.
    void add_to(httphooks::registry& hooks) {
        hooks.get("/endless", [this](httphooks::responder_context&) {
            return httphooks::stream(
                "text/plain",
                [this](httphooks::stream_writer& out) -> boost::asio::awaitable<void> {
                    struct last {
                        std::atomic<int>& gone;
                        ~last() { ++gone; }
                    } const l{gone};
                    for (;;) {
                        std::string text(1000, 'x');
                        co_await out.async_write(std::move(text));
                        ++made;
                    }
                });
        });
    }
};

}  // namespace support
