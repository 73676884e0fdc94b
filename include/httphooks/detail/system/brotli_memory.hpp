// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The memory of libbrotli's encoders and decoders, which cannot be begun again: what one leaves
    is for the next.
*/

#include <algorithm>
#include <cstddef>
#include <new>
#include <vector>

namespace httphooks::detail {

/// Blocks of memory, some of which are kept when they are given back.
class brotli_memory {
public:
    brotli_memory() { free_.reserve(most_blocks); }
    brotli_memory(brotli_memory const&) = delete;
    brotli_memory& operator=(brotli_memory const&) = delete;
    ~brotli_memory() {
        for (block* const b : free_) ::operator delete(b);
    }

    /// As libbrotli calls it. @param self the object
    static void* allocate(void* self, std::size_t size) noexcept {
        return static_cast<brotli_memory*>(self)->take(size);
    }
    /// @copydoc allocate
    static void deallocate(void* self, void* p) noexcept {
        if (p) static_cast<brotli_memory*>(self)->give(static_cast<block*>(p) - 1);
    }

private:
    struct alignas(std::max_align_t) block {
        std::size_t size;
    };

    static constexpr std::size_t most_blocks = 32;
    static constexpr std::size_t most_bytes = 1024 * 1024;

    void* take(std::size_t size) noexcept {
        auto const fits = std::find_if(free_.begin(), free_.end(),
                                       [size](block const* b) { return b->size == size; });
        if (fits != free_.end()) {
            block* const b = *fits;
            free_.erase(fits);
            kept_ -= size;
            return b + 1;
        }
        void* const p = ::operator new(sizeof(block) + size, std::nothrow);
        return p ? ::new (p) block{size} + 1 : nullptr;
    }

    void give(block* b) noexcept {
        // what was used last is likelier to be wanted again
        while (!free_.empty() && (free_.size() == most_blocks || kept_ + b->size > most_bytes)) {
            kept_ -= free_.front()->size;
            ::operator delete(free_.front());
            free_.erase(free_.begin());
        }
        if (b->size > most_bytes) return ::operator delete(b);
        free_.push_back(b);
        kept_ += b->size;
    }

    std::vector<block*> free_{};
    std::size_t kept_ = 0;
};

}  // namespace httphooks::detail
