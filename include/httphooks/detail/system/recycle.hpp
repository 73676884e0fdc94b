// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Memory that the last request left behind, kept for the next: blocks and strings, a cache for
    each thread.

    The caches hold raw memory only, never an object of the user's, so nothing that a hook captured
    lives longer for them. Memory taken on one thread may be given back on another.
*/

#include <array>
#include <bit>
#include <cstddef>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace httphooks::detail {

#if defined(__SANITIZE_ADDRESS__)
#define HTTPHOOKS_DETAIL_CACHING 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HTTPHOOKS_DETAIL_CACHING 0
#endif
#endif
#ifndef HTTPHOOKS_DETAIL_CACHING
#define HTTPHOOKS_DETAIL_CACHING 1
#endif

/// Whether the caches keep anything: not under AddressSanitizer, which is to see every use after
/// free.
inline constexpr bool caching = HTTPHOOKS_DETAIL_CACHING != 0;

#undef HTTPHOOKS_DETAIL_CACHING

/// One `T` a thread, made when it is first asked for.
template <class T>
class thread_cache {
public:
    /// The calling thread's; null when the thread is ending.
    static T* get() noexcept { return current_ ? current_ : make(); }

private:
    struct holder {
        T value{};
        holder() { current_ = &value; }
        holder(holder const&) = delete;
        holder& operator=(holder const&) = delete;
        ~holder() {
            current_ = nullptr;
            ended_ = true;
        }
    };

    static T* make() noexcept;

    // Constant-initialised: reading them costs no check of a guard.
    static inline constinit thread_local T* current_ = nullptr;
    static inline constinit thread_local bool ended_ = false;
};

/// Blocks of 64 bytes to 8 KiB, by powers of two and what is half way between; larger ones are not
/// kept.
class block_cache {
public:
    static constexpr std::size_t smallest = 64;
    static constexpr std::size_t classes = 15;
    static constexpr std::size_t per_class = 32;

    /// The size that a request for `size` bytes is rounded up to.
    static constexpr std::size_t rounded(std::size_t size) noexcept {
        if (size <= smallest) return smallest;
        std::size_t const power = std::bit_ceil(size);
        return size <= power / 4 * 3 ? power / 4 * 3 : power;
    }

    /// A block of `rounded(size)` bytes, aligned as by operator new.
    static void* allocate(std::size_t size);

    /// Gives a block back; `size` as it was asked for.
    static void deallocate(void* block, std::size_t size) noexcept;

    block_cache() = default;
    block_cache(block_cache const&) = delete;
    block_cache& operator=(block_cache const&) = delete;
    ~block_cache();

private:
    struct free_block {
        free_block* next;
    };
    struct free_list {
        free_block* head = nullptr;
        std::size_t count = 0;
    };

    static constexpr std::size_t class_of(std::size_t rounded_size) noexcept {
        auto const above = static_cast<std::size_t>(std::bit_width((rounded_size - 1) / smallest));
        // std::has_single_bit is a call of a function where the processor is not known to count bits
        bool const is_power = (rounded_size & (rounded_size - 1)) == 0;
        return is_power ? 2 * above : 2 * above - 1;
    }

    std::array<free_list, classes> lists_{};
};

/// A standard allocator over block_cache.
template <class T>
struct recycling_allocator {
    using value_type = T;

    recycling_allocator() = default;
    template <class U>
    recycling_allocator(recycling_allocator<U> const&) noexcept {}

    T* allocate(std::size_t n) { return static_cast<T*>(block_cache::allocate(n * sizeof(T))); }
    void deallocate(T* p, std::size_t n) noexcept { block_cache::deallocate(p, n * sizeof(T)); }

    template <class U>
    bool operator==(recycling_allocator<U> const&) const noexcept {
        return true;
    }
};

/// An empty string with the capacity that an earlier one left behind, if there is one.
std::string take_string();

/// Keeps the string's memory for take_string(); does nothing for a short or a very large one.
void give_string(std::string&& s) noexcept;

/// Empties a string; gives its memory away only if there is much.
void clear_string(std::string& s) noexcept;

// ---------------------------------------------------------------------------------------------

template <class T>
T* thread_cache<T>::make() noexcept {
    if (ended_) return nullptr;
    thread_local holder h;
    return &h.value;
}

inline block_cache::~block_cache() {
    for (free_list& list : lists_)
        while (list.head) ::operator delete(std::exchange(list.head, list.head->next));
}

inline void* block_cache::allocate(std::size_t size) {
    std::size_t const bytes = rounded(size);
    if (std::size_t const c = class_of(bytes); caching && c < classes)
        if (block_cache* cache = thread_cache<block_cache>::get())
            if (free_list& list = cache->lists_[c]; list.head) {
                --list.count;
                return std::exchange(list.head, list.head->next);
            }
    return ::operator new(bytes);
}

inline void block_cache::deallocate(void* block, std::size_t size) noexcept {
    if (!block) return;
    if (std::size_t const c = class_of(rounded(size)); caching && c < classes)
        if (block_cache* cache = thread_cache<block_cache>::get())
            if (free_list& list = cache->lists_[c]; list.count < per_class) {
                list.head = ::new (block) free_block{list.head};
                ++list.count;
                return;
            }
    ::operator delete(block);
}

struct string_cache {
    static constexpr std::size_t most = 32;
    static constexpr std::size_t largest = 16 * 1024;

    std::vector<std::string> strings;

    string_cache() { strings.reserve(most); }
};

inline std::string take_string() {
    string_cache* const cache = thread_cache<string_cache>::get();
    if (!cache || cache->strings.empty()) return {};
    std::string s(std::move(cache->strings.back()));
    cache->strings.pop_back();
    return s;
}

inline void give_string(std::string&& s) noexcept {
    std::size_t const inplace = std::string().capacity();
    if (!caching || s.capacity() <= inplace || s.capacity() > string_cache::largest) return;
    if (string_cache* cache = thread_cache<string_cache>::get();
        cache && cache->strings.size() < string_cache::most) {
        s.clear();
        cache->strings.push_back(std::move(s));
    }
}

inline void clear_string(std::string& s) noexcept {
    if (s.capacity() > string_cache::largest) std::string().swap(s);
    s.clear();
}

}  // namespace httphooks::detail
