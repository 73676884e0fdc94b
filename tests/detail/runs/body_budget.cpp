// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/detail/runs/body_budget.hpp>
#include <httphooks/server_counters.hpp>

#include "support/catch.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace hh = httphooks;
namespace asio = boost::asio;
using hh::detail::body_budget;
using hh::detail::body_claim;

namespace {

constexpr std::uint64_t kib = 1024;

/// A reader that notes its name when there is room.
struct noting_reader final : hh::detail::body_reader {
    noting_reader(std::string& to, char c) : notes(to), name(c) {}

    void on_room() noexcept override { notes += name; }

    std::string& notes;
    char name;
};

struct budget_fixture {
    std::uint64_t ask(body_claim& by, std::uint64_t n, noting_reader& r) {
        return by.ask(n, r, context.get_executor());
    }
    void run() {
        context.restart();
        context.poll();
    }

    asio::io_context context{};
    std::shared_ptr<hh::server_counters> counters = std::make_shared<hh::server_counters>();
    std::shared_ptr<body_budget> budget = std::make_shared<body_budget>(100 * kib, counters);
    std::string told{};
    noting_reader a{told, 'a'};
    noting_reader b{told, 'b'};
    noting_reader c{told, 'c'};
    noting_reader d{told, 'd'};
};

}  // namespace

TEST_CASE("bodies get room within the budget, and give it back") {
    budget_fixture f;
    auto first = f.budget->open();
    CHECK(f.ask(*first, 60 * kib, f.a) == 60 * kib);
    CHECK(f.counters->body_bytes() == 60 * kib);
    first->set(10 * kib);
    CHECK(f.ask(*first, 60 * kib, f.a) == 50 * kib);
    CHECK(f.counters->body_bytes() == 60 * kib);
    first->close();
    CHECK(f.counters->body_bytes() == 10 * kib);
    first.reset();
    CHECK(f.counters->body_bytes() == 0);
    CHECK(f.counters->peak_body_bytes() == 60 * kib);
    CHECK(f.counters->paused_bodies() == 0);
}

TEST_CASE("what has come is counted, room or not") {
    budget_fixture f;
    auto const first = f.budget->open();
    first->set(150 * kib);
    CHECK(f.counters->body_bytes() == 150 * kib);
    CHECK(f.budget->read_size(64 * kib) == body_budget::least_read);
    first->set(90 * kib);
    CHECK(f.budget->read_size(64 * kib) == 10 * kib);
    first->set(0);
    CHECK(f.budget->read_size(64 * kib) == 64 * kib);
}

TEST_CASE("of bodies that wait for room the oldest is first, whoever asked first") {
    budget_fixture f;
    auto full = f.budget->open();
    full->set(100 * kib);
    auto const old = f.budget->open();
    auto const young = f.budget->open();
    auto const ahead = f.budget->open();
    CHECK(f.ask(*ahead, 10 * kib, f.c) == 10 * kib);  // goes on beyond the budget
    CHECK(f.ask(*young, 60 * kib, f.b) == 0);
    CHECK(f.ask(*old, 60 * kib, f.a) == 0);
    CHECK(f.ask(*old, 60 * kib, f.a) == 0);
    CHECK(f.counters->paused_bodies() == 2);
    CHECK(f.budget->crowded());
    f.run();
    CHECK(f.told.empty());
    full.reset();
    CHECK(f.counters->body_bytes() == 130 * kib);  // the second goes on ahead
    f.run();
    CHECK(f.told == "ab");
    CHECK(f.counters->paused_bodies() == 0);
    CHECK(f.ask(*old, 1, f.a) == 60 * kib);
}

TEST_CASE("one body at a time goes on although there is no room") {
    budget_fixture f;
    auto first = f.budget->open();
    first->set(100 * kib);
    auto second = f.budget->open();
    second->set(1);
    CHECK(f.ask(*first, 64 * kib, f.a) == 64 * kib);
    CHECK(f.ask(*second, 64 * kib, f.b) == 0);
    first->set(164 * kib);
    CHECK(f.ask(*first, 64 * kib, f.a) == 64 * kib);
    first->close();
    f.run();
    CHECK(f.told.empty());
    SECTION("when it has gone, the next does") {
        first.reset();
        f.run();
        CHECK(f.told == "b");
        CHECK(f.counters->body_bytes() == 64 * kib + 1);
    }
    SECTION("when it is answered, the next does, although it is there") {
        first->settle(f.context.get_executor());
        f.run();
        CHECK(f.told == "b");
        CHECK(f.counters->body_bytes() == 228 * kib + 1);
    }
}

TEST_CASE("a body that waits for room may go, or not be read on") {
    budget_fixture f;
    auto first = f.budget->open();
    first->set(100 * kib);
    auto const ahead = f.budget->open();
    CHECK(f.ask(*ahead, 1, f.d) == 1);
    auto gone = f.budget->open();
    auto const closed = f.budget->open();
    auto const late = f.budget->open();
    CHECK(f.ask(*gone, 10 * kib, f.a) == 0);
    CHECK(f.ask(*closed, 10 * kib, f.b) == 0);
    CHECK(f.ask(*late, 10 * kib, f.c) == 0);
    gone.reset();
    CHECK(closed->waits());
    closed->close();
    CHECK_FALSE(closed->waits());
    CHECK(f.counters->paused_bodies() == 1);
    first.reset();
    SECTION("others are told") {
        f.run();
        CHECK(f.told == "c");
    }
    SECTION("nobody is told who has gone when it is due") {
        late->close();
        f.run();
        CHECK(f.told.empty());
    }
    CHECK(f.counters->paused_bodies() == 0);
}

TEST_CASE("a body that is larger than the budget gets all of it at once, and the rest bit by bit") {
    budget_fixture f;
    auto const first = f.budget->open();
    CHECK(f.ask(*first, 1000 * kib, f.a) == 100 * kib);
    first->set(100 * kib);
    CHECK(f.ask(*first, 64 * kib, f.a) == 64 * kib);
    CHECK(f.counters->body_bytes() == 164 * kib);
}

namespace {

/// A body that comes on a strand of a pool, as soon as there is room.
class pooled_body final : public hh::detail::body_reader,
                          public std::enable_shared_from_this<pooled_body> {
public:
    pooled_body(asio::thread_pool& pool, std::shared_ptr<body_budget> budget,
                std::atomic<int>& done)
        : strand_(asio::make_strand(pool)), budget_(std::move(budget)), done_(done) {}

    void start() {
        asio::post(strand_, [self = shared_from_this()] {
            self->claim_ = self->budget_->open();
            self->go_on();
        });
    }

private:
    static constexpr std::uint64_t size = 50'000;

    void on_room() noexcept override { go_on(); }
    void go_on() {
        while (come_ < size) {
            std::uint64_t const n =
                claim_->ask(std::min<std::uint64_t>(size - come_, 7'000), *this, strand_);
            if (n == 0) return;
            come_ += n;
            claim_->set(come_);
        }
        claim_->close();
        asio::post(strand_, [self = shared_from_this()] {
            self->claim_.reset();
            ++self->done_;
        });
    }

    asio::strand<asio::thread_pool::executor_type> strand_;
    std::shared_ptr<body_budget> budget_;
    std::atomic<int>& done_;
    std::shared_ptr<body_claim> claim_{};
    std::uint64_t come_ = 0;
};

}  // namespace

TEST_CASE("readers on several threads share a budget, and all finish") {
    asio::thread_pool pool(4);
    auto const counters = std::make_shared<hh::server_counters>();
    auto const budget = std::make_shared<body_budget>(120'000, counters);
    std::atomic<int> done{0};
    std::vector<std::shared_ptr<pooled_body>> all;
    for (int i = 0; i < 500; ++i) all.push_back(std::make_shared<pooled_body>(pool, budget, done));
    for (auto const& one : all) one->start();
    pool.join();
    CHECK(done == 500);
    CHECK(counters->body_bytes() == 0);
    CHECK(counters->paused_bodies() == 0);
    CHECK(counters->peak_body_bytes() <= 170'000);
}
