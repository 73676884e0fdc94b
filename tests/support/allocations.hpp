// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Counts the allocations of a thread. Replaces operator new: for one source file of a program.
*/

#include <cstddef>
#include <cstdlib>
#include <new>

#include "support/allocation_count.hpp"

namespace httphooks::test {

inline void* counted_allocation(std::size_t size, std::size_t alignment = 0) {
    ++allocations();
    void* const p =
        alignment ? std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment)
                  : std::malloc(size ? size : 1);
    if (!p) throw std::bad_alloc();
    return p;
}

}  // namespace httphooks::test

void* operator new(std::size_t size) {
    return httphooks::test::counted_allocation(size);
}
void* operator new[](std::size_t size) {
    return httphooks::test::counted_allocation(size);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    return httphooks::test::counted_allocation(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
    return httphooks::test::counted_allocation(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, std::nothrow_t const&) noexcept {
    return httphooks::test::counted_allocation(size);
}
void* operator new[](std::size_t size, std::nothrow_t const&) noexcept {
    return httphooks::test::counted_allocation(size);
}
void operator delete(void* p) noexcept {
    std::free(p);
}
void operator delete[](void* p) noexcept {
    std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
    std::free(p);
}
void operator delete[](void* p, std::size_t) noexcept {
    std::free(p);
}
void operator delete(void* p, std::align_val_t) noexcept {
    std::free(p);
}
void operator delete[](void* p, std::align_val_t) noexcept {
    std::free(p);
}
void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
    std::free(p);
}
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept {
    std::free(p);
}
