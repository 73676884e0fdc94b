// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/http/detail/home_groups.hpp>

#include "support/catch.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using httphooks::http::detail::for_each_at_home;
using httphooks::http::detail::home;
using httphooks::http::detail::home_groups;

namespace {

struct dweller {
    explicit dweller(home const& h) : where(h) {}
    home const& place() const noexcept { return where; }

    home where;
    int visits = 0;
};

/// An executor of a context that counts how often it is compared.
class counted_executor {
public:
    counted_executor(asio::io_context& c, int number, long& comparisons)
        : context_(&c), number_(number), comparisons_(&comparisons) {}

    asio::execution_context& query(asio::execution::context_t) const noexcept { return *context_; }
    static constexpr asio::execution::blocking_t query(asio::execution::blocking_t) noexcept {
        return asio::execution::blocking.never;
    }
    template <class F>
    void execute(F f) const {
        asio::post(*context_, std::move(f));
    }
    friend bool operator==(counted_executor const& a, counted_executor const& b) noexcept {
        ++*a.comparisons_;
        return a.number_ == b.number_;
    }

private:
    asio::io_context* context_;
    int number_;
    long* comparisons_;
};

std::vector<std::shared_ptr<dweller>> dwellers(std::vector<home> const& where) {
    std::vector<std::shared_ptr<dweller>> all;
    for (home const& h : where) all.push_back(std::make_shared<dweller>(h));
    return all;
}

}  // namespace

TEST_CASE("sessions of one home are one group, wherever they are in the list") {
    asio::io_context one(1), two(1);
    home const a(one.get_executor()), b(two.get_executor());
    home_groups<dweller> groups;
    CHECK(groups.empty());
    for (auto& d : dwellers({a, b, b, a, b})) groups.add(std::move(d));
    REQUIRE(groups.size() == 2);
    CHECK(groups.begin()->where == a);
    CHECK(groups.begin()->sessions.size() == 2);
    CHECK((groups.begin() + 1)->where == b);
    CHECK((groups.begin() + 1)->sessions.size() == 3);
}

TEST_CASE("who lives here is visited at once, the others with one post for each home") {
    asio::io_context here(1), there(1), elsewhere(1);
    home const a(here.get_executor()), b(there.get_executor()), c(elsewhere.get_executor());
    auto const all = dwellers({a, b, c, b, a});
    auto const visits = [&] {
        std::vector<int> counts;
        for (auto const& d : all) counts.push_back(d->visits);
        return counts;
    };
    std::vector<int> at_once;
    asio::post(here, [&] {
        for_each_at_home<dweller>(all, std::identity(), [](dweller& d) { ++d.visits; });
        at_once = visits();
    });
    CHECK(here.poll() == 1);
    CHECK(at_once == std::vector{1, 0, 0, 0, 1});
    CHECK(there.poll() == 1);
    CHECK(visits() == std::vector{1, 1, 0, 1, 1});
    CHECK(elsewhere.poll() == 1);
    CHECK(visits() == std::vector{1, 1, 1, 1, 1});
}

TEST_CASE("sessions that are visited later are kept until then") {
    asio::io_context there(1);
    auto all = dwellers({home(there.get_executor())});
    std::weak_ptr<dweller> const one = all.front();
    int visits = 0;
    for_each_at_home<dweller>(std::move(all), std::identity(), [&](dweller&) { ++visits; });
    all.clear();
    CHECK_FALSE(one.expired());
    there.poll();
    CHECK(visits == 1);
    CHECK(one.expired());
}

TEST_CASE(
    "sessions that live each in a home of its own are grouped without comparing all of them") {
    asio::io_context context(1);
    long comparisons = 0;
    std::vector<home> homes;
    constexpr int count = 1000;
    for (int i = 0; i < count; ++i) homes.emplace_back(counted_executor(context, i, comparisons));
    auto const all = dwellers(homes);
    home_groups<dweller> groups;
    for (int round = 0; round < 3; ++round)
        for (auto const& d : all) groups.add(d);
    REQUIRE(groups.size() == count);
    for (auto const& g : groups) {
        REQUIRE(g.sessions.size() == 3);
        for (auto const& d : g.sessions) CHECK(d == g.sessions.front());
    }
    CHECK(comparisons < 10 * count);
    groups.post([](dweller& d) { ++d.visits; });
    CHECK(groups.empty());
    for (auto const& d : all) groups.add(d);
    CHECK(groups.size() == count);
    CHECK(context.poll() == count);
    for (auto const& d : all) CHECK(d->visits == 3);
}
