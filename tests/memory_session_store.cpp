// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/memory_session_store.hpp>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace {

namespace hh = httphooks;
using namespace std::chrono_literals;

constexpr hh::session_time second(int seconds) {
    return hh::session_time(std::chrono::seconds(seconds));
}

hh::session_record record_of(hh::session_values values, hh::session_time time = second(0)) {
    return {std::make_shared<hh::session_values const>(std::move(values)), time, time};
}

/// A value of a session; "-": no session.
std::string value_in(hh::memory_session_store& store, std::string const& id, char const* name) {
    auto const r = store.load(id);
    if (!r) return "-";
    auto const v = r->values->find(name);
    return v == r->values->end() ? "" : v->second;
}

/// An id whose first half nobody else has.
std::string numbered_id(int n) {
    return std::to_string(1'000'000 + n) + "-------";
}

}  // namespace

TEST_CASE("a store keeps sessions by their ids") {
    hh::memory_session_store store;
    CHECK_FALSE(store.load("one"));
    store.create("one", record_of({{"a", "1"}}), second(10));
    store.create("two", record_of({{"a", "2"}}), second(10));
    CHECK(store.size() == 2);
    CHECK(value_in(store, "one", "a") == "1");
    CHECK(value_in(store, "two", "a") == "2");
    CHECK(value_in(store, "onE", "a") == "-");
    CHECK(value_in(store, "", "a") == "-");
    CHECK_THROWS_AS(store.create("one", record_of({}), second(10)), std::logic_error);
    CHECK(value_in(store, "one", "a") == "1");
    store.remove("one");
    store.remove("three");
    CHECK(value_in(store, "one", "a") == "-");
    CHECK(store.size() == 1);
}

TEST_CASE("a change leaves the values that it does not name") {
    hh::memory_session_store store;
    store.create("one", record_of({{"a", "1"}, {"b", "2"}, {"c", "3"}}), second(10));
    CHECK(store.update("one", {.erase = {"a"}, .set = {{"b", "5"}, {"d", "4"}}}, second(1),
                       second(11)));
    CHECK(value_in(store, "one", "a").empty());
    CHECK(value_in(store, "one", "b") == "5");
    CHECK(value_in(store, "one", "c") == "3");
    CHECK(value_in(store, "one", "d") == "4");
    CHECK(store.load("one")->used == second(1));
    CHECK(store.load("one")->created == second(0));
    CHECK(store.update("one", {.clear = true, .set = {{"e", "6"}}}, second(2), second(12)));
    CHECK(*store.load("one")->values == hh::session_values{{"e", "6"}});
}

TEST_CASE("what was loaded does not change") {
    hh::memory_session_store store;
    store.create("one", record_of({{"a", "1"}}), second(10));
    auto const before = store.load("one");
    store.update("one", {.set = {{"a", "2"}}}, second(1), second(11));
    CHECK(before->values->at("a") == "1");
}

TEST_CASE("a session that is gone is not changed, and does not come back") {
    hh::memory_session_store store;
    store.create("one", record_of({}), second(10));
    store.remove("one");
    CHECK_FALSE(store.update("one", {.set = {{"a", "1"}}}, second(1), second(11)));
    CHECK(store.size() == 0);
}

TEST_CASE("a session gets another id") {
    hh::memory_session_store store;
    store.create("one", record_of({{"a", "1"}}), second(10));
    store.create("two", record_of({}), second(10));
    CHECK(store.update("one", {.set = {{"b", "2"}}, .new_id = "a longer id that is not in place"},
                       second(1), second(11)));
    CHECK_FALSE(store.load("one"));
    CHECK(value_in(store, "a longer id that is not in place", "a") == "1");
    CHECK(value_in(store, "a longer id that is not in place", "b") == "2");
    CHECK(store.size() == 2);
    CHECK_THROWS_AS(
        store.update("two", {.new_id = "a longer id that is not in place"}, second(1), second(11)),
        std::logic_error);
    CHECK(store.load("two"));
}

TEST_CASE("beyond its limit a store drops the sessions that were not used for the longest time") {
    hh::memory_session_store store({.max_sessions = 3});
    for (char const* id : {"1", "2", "3"}) store.create(id, record_of({}), second(100));
    CHECK(store.update("1", {}, second(1), second(100)));
    store.create("4", record_of({}, second(2)), second(100));
    CHECK(store.size() == 3);
    CHECK_FALSE(store.load("2"));
    CHECK(store.load("1"));
}

TEST_CASE("the bytes of a store are bounded") {
    hh::memory_session_store store({.max_bytes = 1000});
    std::string const long_text(300, 'x');
    for (char const* id : {"1", "2", "3", "4"})
        store.create(id, record_of({{"a", long_text}}), second(100));
    CHECK(store.size() == 3);
    CHECK_FALSE(store.load("1"));
    CHECK(store.update("4", {.set = {{"b", long_text}}}, second(1), second(100)));
    CHECK(store.size() == 2);
    CHECK(store.update("4", {.clear = true}, second(1), second(100)));
    store.create("5", record_of({{"a", long_text}}), second(100));
    CHECK(store.size() == 3);
}

TEST_CASE("what has expired is dropped when the store is used") {
    hh::memory_session_store store;
    for (int i = 0; i < 100; ++i) store.create(numbered_id(i), record_of({}), second(10));
    store.create("new", record_of({}, second(5)), second(15));
    CHECK(store.size() == 101);
    CHECK(store.update("new", {}, second(10), second(20)));
    CHECK(store.size() == 1);
}

TEST_CASE("a store of nothing is refused") {
    CHECK_THROWS_AS(hh::memory_session_store({.max_sessions = 0}), std::invalid_argument);
    CHECK_THROWS_AS(hh::memory_session_store({.max_bytes = 0}), std::invalid_argument);
}

TEST_CASE("a store is used by many threads") {
    hh::memory_session_store store({.max_sessions = 50});
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([store, t]() mutable {
            for (int i = 0; i < 1000; ++i) {
                std::string const id = numbered_id(t * 1000 + i);
                store.create(id, record_of({{"a", "1"}}, second(i)), second(i + 100));
                store.update("shared", {.set = {{id, "1"}}}, second(i), second(100));
                store.load(numbered_id((t + 1) % 4 * 1000 + i));
                if (i % 3 == 0) store.remove(id);
            }
        });
    for (auto& t : threads) t.join();
    CHECK(store.size() <= 50);
}
