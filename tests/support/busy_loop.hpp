// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    An event loop that is busy while a test brings about what it is to find.
*/

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

namespace support {

/// Keeps the thread of an event loop busy while it lives, at most twenty seconds.
class busy_loop {
public:
    explicit busy_loop(boost::asio::any_io_executor loop) : loop_(std::move(loop)) { hold(); }
    busy_loop(busy_loop const&) = delete;
    busy_loop& operator=(busy_loop const&) = delete;
    ~busy_loop() { state_->release(held_); }

    /// Lets the loop turn once: it handles what was ready, and sees what has happened to its
    /// sockets, which is ready now.
    void turn() { hold(); }

private:
    struct state {
        void run(int n) {
            std::unique_lock lock(mutex);
            running = n;
            changed.notify_all();
            changed.wait_for(lock, std::chrono::seconds(20), [&] { return released >= n; });
        }
        void release(int n) {
            std::lock_guard const lock(mutex);
            released = n;
            changed.notify_all();
        }
        void await(int n) {
            std::unique_lock lock(mutex);
            changed.wait_for(lock, std::chrono::seconds(20), [&] { return running >= n; });
        }

        std::mutex mutex{};
        std::condition_variable changed{};
        int running = 0;
        int released = 0;
    };

    void hold() {
        int const n = held_ + 1;
        boost::asio::post(loop_, [s = state_, n] { s->run(n); });
        state_->release(std::exchange(held_, n));
        state_->await(n);
    }

    boost::asio::any_io_executor loop_;
    std::shared_ptr<state> state_ = std::make_shared<state>();
    int held_ = 0;
};

}  // namespace support
