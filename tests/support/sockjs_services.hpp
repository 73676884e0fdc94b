// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    An HTTP server with the services of the SockJS protocol's tests.
*/

#include <httphooks/http/server.hpp>
#include <httphooks/registry.hpp>
#include <httphooks/sockjs/server.hpp>

#include <boost/asio/io_context.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "support/http_peer.hpp"

namespace support {

namespace hh = httphooks;
namespace asio = boost::asio;

/// Options with delays that tests can wait for.
inline hh::sockjs::options service_options(std::string prefix) {
    hh::sockjs::options o;
    o.prefix = std::move(prefix);
    o.response_limit = 4096;
    return o;
}

/// A server that runs on threads of its own.
class sockjs_services {
public:
    explicit sockjs_services(unsigned threads = 1) : web_(options(threads), hooks_) {}
    ~sockjs_services() { stop(); }

    /// Adds a service that sends back what comes.
    hh::sockjs::server& echo(hh::sockjs::options o) {
        return add(std::move(o), [](hh::sockjs::connection c) {
            c.on_message([c](std::string_view m) mutable { c.send(m); });
        });
    }
    hh::sockjs::server& echo(std::string prefix = "/echo") {
        return echo(service_options(std::move(prefix)));
    }
    /// Adds a service that closes at once.
    hh::sockjs::server& close(std::string prefix = "/close") {
        return add(service_options(std::move(prefix)), [](hh::sockjs::connection c) { c.close(); });
    }
    hh::sockjs::server& add(hh::sockjs::options o,
                            std::function<void(hh::sockjs::connection)> on_connection) {
        servers_.emplace_back(hooks_.get_executor(), std::move(o));
        servers_.back().on_connection(std::move(on_connection));
        return servers_.back();
    }

    /// Starts to serve, when it has not been done.
    std::uint16_t port() {
        if (!running_) {
            for (auto const& s : servers_) web_.mount(s);
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
    http_reply post(std::string_view target, std::string_view body = {}) {
        return ask("POST", target, {}, body);
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

    hh::http::server& web() { return web_; }

private:
    static hh::http::options options(unsigned threads) {
        hh::http::options o;
        o.address = "127.0.0.1";
        o.threads = threads;
        o.max_connections = 20'000;
        return o;
    }
    void stop() {
        if (!running_) return;
        web_.stop();
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, std::chrono::seconds(20), [this] { return ended_; });
    }

    asio::io_context context_{1};
    hh::registry hooks_{context_.get_executor()};
    hh::http::server web_;
    std::list<hh::sockjs::server> servers_{};
    std::mutex mutex_{};
    std::condition_variable changed_{};
    bool running_ = false;
    bool ended_ = false;
};

/// Counts what happens on other threads, and lets a test wait for it.
class tally {
public:
    void add(std::size_t n = 1) {
        std::lock_guard const lock(mutex_);
        count_ += n;
        changed_.notify_all();
    }
    std::size_t count() const {
        std::lock_guard const lock(mutex_);
        return count_;
    }
    /// @return whether it became so many in time
    bool reaches(std::size_t n) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return count_ >= n; });
    }

private:
    mutable std::mutex mutex_{};
    std::condition_variable changed_{};
    std::size_t count_ = 0;
};

}  // namespace support
