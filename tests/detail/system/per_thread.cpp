// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/detail/system/per_thread.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

#include "support/catch.hpp"

using httphooks::detail::per_thread;

namespace {

using counts = per_thread<std::atomic<int>>;

std::size_t values(counts const& c) {
    std::size_t n = 0;
    c.for_each([&n](auto const&) { ++n; });
    return n;
}

}  // namespace

TEST_CASE("a thread has one value of each store") {
    counts a;
    counts b;
    std::atomic<int>* const mine = a.mine();
    REQUIRE(mine);
    CHECK(b.mine() != mine);
    CHECK(a.mine() == mine);
    std::atomic<int>* others = nullptr;
    std::thread([&] { others = a.mine(); }).join();
    CHECK(others != mine);
}

TEST_CASE("threads that come and go use the same value again, which keeps what was counted") {
    counts c;
    c.mine();
    for (int i = 0; i < 10; ++i) std::thread([&] { ++*c.mine(); }).join();
    CHECK(values(c) == 2);
    int sum = 0;
    c.for_each([&sum](std::atomic<int> const& n) { sum += n; });
    CHECK(sum == 10);
}

TEST_CASE("a store may go before the threads that used it") {
    auto first = std::make_unique<counts>();
    ++*first->mine();
    first.reset();
    counts second;
    CHECK(*second.mine() == 0);
    std::thread([] {
        counts shorter;
        ++*shorter.mine();
    }).join();
}

TEST_CASE("an object that a thread destroys at its end gets no value any more") {
    struct late {
        counts* c = nullptr;
        std::atomic<bool>* null = nullptr;
        ~late() {
            if (c) *null = c->mine() == nullptr;
        }
    };
    counts c;
    std::atomic<bool> null{false};
    bool has_one = false;
    std::thread([&] {
        static thread_local late before;  // destroyed behind what mine() makes
        before.c = &c;
        before.null = &null;
        has_one = c.mine() != nullptr;
    }).join();
    CHECK(has_one);
    CHECK(null);
}
