// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    How much a connection that is being closed has read for nothing, and the others of its server.
*/

#include <httphooks/http/options.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace httphooks::http::detail {

/// The bytes that one connection has dropped; they count for the server until release().
class dropped_bytes {
public:
    /// @param all what the connections of the server have dropped together; outlives this
    explicit dropped_bytes(std::atomic<std::uint64_t>& all) noexcept : all_(all) {}
    dropped_bytes(dropped_bytes const&) = delete;
    dropped_bytes& operator=(dropped_bytes const&) = delete;
    ~dropped_bytes() { release(); }

    /// Counts more. @return whether that is within the limits
    bool add(std::size_t n, http::options const& o) noexcept {
        own_ += n;
        std::uint64_t const others = all_.fetch_add(n, std::memory_order_relaxed);
        return own_ <= o.linger_bytes && others + n <= o.linger_bytes_total;
    }

    void release() noexcept {
        if (own_ > 0) all_.fetch_sub(std::exchange(own_, 0), std::memory_order_relaxed);
    }

private:
    std::atomic<std::uint64_t>& all_;
    std::uint64_t own_ = 0;
};

}  // namespace httphooks::http::detail
