// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What servers count: sessions, what waits for clients, what was dropped, what was refused.
*/

#include <httphooks/config.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks {

/** The numbers of one server, as its counters() gives them; there when the server is gone, too.

    A mount of one's own can have them as well: metrics::watch() takes whatever has counters().

    @par Thread safety
    All members may be called from all threads.
*/
class server_counters {
public:
    class backlog;

    server_counters() = default;
    server_counters(server_counters const&) = delete;
    server_counters& operator=(server_counters const&) = delete;

    /// How many there are now: sessions, or of an HTTP server connections, those of mounts too.
    std::uint64_t sessions() const noexcept { return get(sessions_); }
    /// How many there have been.
    std::uint64_t opened() const noexcept { return get(opened_); }
    /// Bytes that wait for clients, for they do not take them as fast as they are sent.
    std::uint64_t waiting_bytes() const noexcept { return get(waiting_bytes_); }
    /// Messages that were not sent since too much waited for the client.
    std::uint64_t dropped() const noexcept { return get(dropped_); }
    /// Bytes of bodies that are in memory, as far as they are counted: of an HTTP server with
    /// options::bodies_in_memory, those that came over its mounts, too.
    std::uint64_t body_bytes() const noexcept { return get(body_bytes_); }
    /// The most that they have been.
    std::uint64_t peak_body_bytes() const noexcept { return get(peak_body_bytes_); }
    /// How many bodies are not read on until others are done.
    std::uint64_t paused_bodies() const noexcept { return get(paused_bodies_); }
    /// Clients and input that were refused: reasons in alphabetical order, and how often.
    std::vector<std::pair<std::string, std::uint64_t>> refusals() const;

    // for servers -------------------------------------------------------------------------

    /// A session has begun.
    void open_session() noexcept {
        sessions_.fetch_add(1, std::memory_order_relaxed);
        opened_.fetch_add(1, std::memory_order_relaxed);
    }
    /// One has ended.
    void end_session() noexcept { sessions_.fetch_sub(1, std::memory_order_relaxed); }
    /// A message was not sent, since too much waited.
    void drop() noexcept { dropped_.fetch_add(1, std::memory_order_relaxed); }
    /// So many bytes of bodies are in memory now, and so many bodies wait. One call at a time.
    void set_bodies(std::uint64_t bytes, std::uint64_t paused) noexcept {
        body_bytes_.store(bytes, std::memory_order_relaxed);
        paused_bodies_.store(paused, std::memory_order_relaxed);
        if (bytes > get(peak_body_bytes_)) peak_body_bytes_.store(bytes, std::memory_order_relaxed);
    }
    /** A client, or what it sent, was refused.
        @param reason one of a few texts of the program's own, never what the client says */
    void refuse(std::string_view reason) noexcept;

private:
    static std::uint64_t get(std::atomic<std::uint64_t> const& n) noexcept {
        return n.load(std::memory_order_relaxed);
    }

    std::atomic<std::uint64_t> sessions_{0};
    std::atomic<std::uint64_t> opened_{0};
    std::atomic<std::uint64_t> waiting_bytes_{0};
    std::atomic<std::uint64_t> dropped_{0};
    std::atomic<std::uint64_t> body_bytes_{0};
    std::atomic<std::uint64_t> peak_body_bytes_{0};
    std::atomic<std::uint64_t> paused_bodies_{0};
    mutable std::mutex mutex_{};
    std::map<std::string, std::uint64_t, std::less<>> refusals_{};
};

/// What waits for one client: its part of server_counters::waiting_bytes(). Not thread-safe.
class server_counters::backlog {
public:
    /// @param all where it is counted, which outlives this; null: nowhere
    explicit backlog(server_counters* all) noexcept : all_(all) {}
    backlog(backlog const&) = delete;
    backlog& operator=(backlog const&) = delete;
    ~backlog() { set(0); }

    /// So much waits now.
    void set(std::size_t bytes) noexcept {
        if (bytes == bytes_ || !all_) return;
        // modulo 2^64, as the sum
        all_->waiting_bytes_.fetch_add(std::uint64_t{bytes} - bytes_, std::memory_order_relaxed);
        bytes_ = bytes;
    }

private:
    server_counters* all_;
    std::size_t bytes_ = 0;
};

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/server_counters.ipp>
#endif
