// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    An HTTP server with the services of the SockJS protocol's tests.
*/

#include <httphooks/sockjs/server.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "support/http_peer.hpp"
#include "support/threaded_host.hpp"

namespace support {

/// The Cache-Control of what must not be kept.
inline constexpr char no_cache[] = "no-store, no-cache, no-transform, must-revalidate, max-age=0";

/// Options with delays that tests can wait for.
inline hh::sockjs::options service_options(std::string prefix) {
    hh::sockjs::options o;
    o.prefix = std::move(prefix);
    o.response_limit = 4096;
    return o;
}

/// SockJS servers, each below a prefix of its own.
class sockjs_services : public threaded_host {
public:
    explicit sockjs_services(unsigned threads = 1, std::uint64_t bodies_in_memory = 0)
        : threaded_host(threads, bodies_in_memory) {}
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
        hh::sockjs::server& added = servers_.emplace_back(idle_executor(), std::move(o));
        added.on_connection(std::move(on_connection));
        web().mount(added);
        return added;
    }

    http_reply post(std::string_view target, std::string_view body = {}) {
        return ask("POST", target, {}, body);
    }

private:
    std::list<hh::sockjs::server> servers_{};
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
