// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/detail/system/recycle.hpp>

#include <cstring>
#include <thread>
#include <vector>

#include "support/catch.hpp"

using namespace httphooks::detail;

TEST_CASE("blocks are rounded up to powers of two, or half way between") {
    CHECK(block_cache::rounded(0) == 64);
    CHECK(block_cache::rounded(1) == 64);
    CHECK(block_cache::rounded(64) == 64);
    CHECK(block_cache::rounded(65) == 96);
    CHECK(block_cache::rounded(96) == 96);
    CHECK(block_cache::rounded(97) == 128);
    CHECK(block_cache::rounded(129) == 192);
    CHECK(block_cache::rounded(193) == 256);
    CHECK(block_cache::rounded(8192) == 8192);
    CHECK(block_cache::rounded(8193) == 12288);
}

TEST_CASE("a block that was given back is given out again") {
    for (std::size_t size : {std::size_t{1}, std::size_t{100}, std::size_t{8192}}) {
        void* const first = block_cache::allocate(size);
        std::memset(first, 1, block_cache::rounded(size));
        block_cache::deallocate(first, size);
        void* const second = block_cache::allocate(size);
        if (caching) CHECK(first == second);
        block_cache::deallocate(second, size);
    }
}

TEST_CASE("blocks of any size and number are whole and apart") {
    std::vector<std::pair<unsigned char*, std::size_t>> blocks;
    for (int round = 0; round < 3; ++round) {
        for (std::size_t size = 1; size < 100'000; size = size * 3 / 2 + 1)
            for (int i = 0; i < 50; ++i) {
                auto* const p = static_cast<unsigned char*>(block_cache::allocate(size));
                std::memset(p, static_cast<int>(blocks.size() % 251), size);
                blocks.emplace_back(p, size);
            }
        bool whole = true;
        for (std::size_t i = 0; i < blocks.size(); ++i) {
            auto const [p, size] = blocks[i];
            whole = whole && p[0] == i % 251 && p[size - 1] == i % 251;
            block_cache::deallocate(p, size);
        }
        CHECK(whole);
        blocks.clear();
    }
    block_cache::deallocate(nullptr, 10);
}

TEST_CASE("memory may be given back on another thread, and as a thread ends") {
    std::vector<void*> blocks;
    for (int i = 0; i < 100; ++i) blocks.push_back(block_cache::allocate(200));
    bool empty = false;
    std::thread([&] {
        struct at_exit {
            void* block = nullptr;
            std::string text{};
            ~at_exit() {
                block_cache::deallocate(block, 200);
                give_string(std::move(text));
            }
        };
        thread_local at_exit last;
        for (void* p : blocks) block_cache::deallocate(p, 200);
        last.block = block_cache::allocate(200);
        last.text = std::string(1000, 'x');
        give_string(std::string(1000, 'y'));
        empty = take_string().empty();
    }).join();
    CHECK(empty);
}

TEST_CASE("a string that was given back is empty, and keeps its capacity") {
    while (take_string().capacity() > std::string().capacity()) {
    }
    std::string s(1000, 'x');
    give_string(std::move(s));
    std::string const again = take_string();
    CHECK(again.empty());
    if (caching) CHECK(again.capacity() >= 1000);
    CHECK(take_string().capacity() == std::string().capacity());
}

TEST_CASE("short and very large strings are not kept") {
    while (take_string().capacity() > std::string().capacity()) {
    }
    give_string(std::string("short"));
    give_string(std::string(1'000'000, 'x'));
    CHECK(take_string().capacity() == std::string().capacity());
}

TEST_CASE("the recycling allocator serves containers") {
    std::vector<int, recycling_allocator<int>> v;
    for (int i = 0; i < 10'000; ++i) v.push_back(i);
    CHECK(v[9'999] == 9'999);
    CHECK(recycling_allocator<int>() == recycling_allocator<char>());
}
