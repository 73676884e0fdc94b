// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    An HTTP server on threads of its own, below which tests mount what they test.
*/

#include <httphooks/http/server.hpp>
#include <httphooks/registry.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/http_peer.hpp"

namespace support {

namespace hh = httphooks;
namespace asio = boost::asio;

/** A server on a free port of the loopback interface, and a place for notes.

    What derives from it calls stop() in its destructor: handlers run until then. */
class threaded_host {
public:
    /// @param bodies_in_memory see http::options
    explicit threaded_host(unsigned threads, std::uint64_t bodies_in_memory = 0)
        : web_(options(threads, bodies_in_memory), hooks_) {}
    threaded_host(threaded_host const&) = delete;
    threaded_host& operator=(threaded_host const&) = delete;

    hh::http::server& web() { return web_; }
    /// The registry's, which nobody runs.
    asio::any_io_executor idle_executor() const { return hooks_.get_executor(); }

    /// Starts to serve, when it has not been done.
    std::uint16_t port() {
        if (!running_) {
            web_.listen();
            web_.async_run([this](hh::error_code) {
                std::lock_guard const lock(mutex_);
                ended_ = true;
                changed_.notify_all();
            });
            running_ = true;
        }
        return web_.port();
    }
    http_peer peer() { return http_peer(port()); }
    http_reply ask(std::string_view method, std::string_view target, field_list const& fields = {},
                   std::string_view body = {}) {
        return peer().ask(method, target, fields, body);
    }

    /// Ends at once.
    void stop() {
        if (!std::exchange(running_, false)) return;
        web_.stop();
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, std::chrono::seconds(20), [this] { return ended_; });
    }
    /// Ends in order. @return what had to be cut
    hh::http::drain_report drain(std::chrono::milliseconds patience) {
        std::optional<hh::http::drain_report> report;
        web_.async_drain(patience, [&](hh::error_code, hh::http::drain_report r) {
            std::lock_guard const lock(mutex_);
            report = r;
            changed_.notify_all();
        });
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, std::chrono::seconds(20), [&] { return report.has_value(); });
        return report.value_or(hh::http::drain_report{999, 999});
    }

    void note(std::string_view what) {
        std::lock_guard const lock(mutex_);
        notes_.emplace_back(what);
        changed_.notify_all();
    }
    /// The next note; empty when none comes in time.
    std::string next_note() {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, std::chrono::seconds(10), [&] { return !notes_.empty(); }))
            return {};
        std::string first = notes_.front();
        notes_.erase(notes_.begin());
        return first;
    }
    std::size_t note_count() {
        std::lock_guard const lock(mutex_);
        return notes_.size();
    }

protected:
    ~threaded_host() { stop(); }

private:
    static hh::http::options options(unsigned threads, std::uint64_t bodies_in_memory) {
        hh::http::options o;
        o.address = "127.0.0.1";
        o.threads = threads;
        o.max_connections = 20'000;
        o.bodies_in_memory = bodies_in_memory;
        return o;
    }

    asio::io_context context_{1};
    hh::registry hooks_{context_.get_executor()};
    hh::http::server web_;
    std::mutex mutex_{};
    std::condition_variable changed_{};
    std::vector<std::string> notes_{};
    bool running_ = false;
    bool ended_ = false;
};

}  // namespace support
