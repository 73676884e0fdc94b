// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Random bits that nobody can predict.
*/

#include <httphooks/detail/system/recycle.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>

#if __has_include(<sys/random.h>)
#include <sys/random.h>
#include <unistd.h>
#endif

namespace httphooks::detail {

/// Random numbers of the operating system, fetched in bulk for each thread.
class random_bits {
public:
    /// The next 32 bits, from the thread's supply.
    static std::uint32_t next() {
        random_bits* const supply = thread_cache<random_bits>::get();
        return supply ? supply->take() : std::random_device{}();
    }

private:
    std::uint32_t take() {
        if (used_ == bits_.size()) fill();
        return bits_[used_++];
    }

    void fill() {
        used_ = 0;
#if __has_include(<sys/random.h>)
        // one call of the system; an instruction of the processor may take far longer
        if (getentropy(bits_.data(), sizeof bits_) == 0) return;
#endif
        std::random_device source;
        for (std::uint32_t& b : bits_) b = source();
    }

    /// As many bytes as getentropy() gives at a time.
    std::array<std::uint32_t, 64> bits_{};
    std::size_t used_ = 64;
};

}  // namespace httphooks::detail
