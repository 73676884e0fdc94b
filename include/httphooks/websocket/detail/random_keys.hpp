// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Masking keys that nobody can predict (RFC 6455 5.3, 10.3).
*/

#include <httphooks/detail/recycle.hpp>
#include <httphooks/websocket/detail/mask.hpp>

#include <array>
#include <cstddef>
#include <random>

namespace httphooks::websocket::detail {

/// Random numbers of the operating system, fetched in bulk.
class random_keys {
public:
    /// The next key, from the thread's supply.
    static mask_key next() {
        random_keys* const keys = httphooks::detail::thread_cache<random_keys>::get();
        return keys ? keys->take() : std::random_device{}();
    }

private:
    mask_key take() {
        if (used_ == keys_.size()) {
            for (mask_key& k : keys_) k = source_();
            used_ = 0;
        }
        return keys_[used_++];
    }

    std::random_device source_{};
    std::array<mask_key, 64> keys_{};
    std::size_t used_ = 64;
};

}  // namespace httphooks::websocket::detail
