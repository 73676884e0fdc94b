// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/detail/handler_list.hpp>

#include <memory>
#include <stdexcept>
#include <string>

#include "support/catch.hpp"

namespace sio = httphooks::socketio;

TEST_CASE("handlers are called by name, in order") {
    sio::detail::handler_list<void(std::string*)> l;
    std::string got;
    auto const add = [&](char const* name, std::string text, bool once, bool first) {
        return l.add(
            name, [text](std::string* to) { *to += text; }, once, first);
    };
    add("a", "1", false, false);
    add("b", "x", false, false);
    auto const two = add("a", "2", false, false);
    add("a", "0", false, true);
    add("a", "!", true, false);
    CHECK(l.call("a", &got));
    CHECK(got == "012!");
    got.clear();
    CHECK(l.remove(two));
    CHECK_FALSE(l.remove(two));
    CHECK(l.call("a", &got));
    CHECK(got == "01");
    CHECK(l.count("a") == 2);
    CHECK(l.remove("a"));
    CHECK_FALSE(l.call("a", &got));
    CHECK(l.count("b") == 1);
    l.clear();
    CHECK(l.empty());
}

TEST_CASE("what is added while handlers are called is not called then") {
    sio::detail::handler_list<void()> l;
    int late = 0;
    int first = 0;
    l.add("a", [&] {
        ++first;
        if (first > 1) return;
        for (int i = 0; i < 100; ++i) l.add("a", [&] { ++late; });
        l.add(
            "a", [&] { ++late; }, false, true);
    });
    l.call("a");
    CHECK(late == 0);
    l.call("a");
    CHECK(late == 101);
    CHECK(l.count("a") == 102);
}

TEST_CASE("a handler takes itself and others away while it is called") {
    sio::detail::handler_list<void()> l;
    int calls = 0;
    auto const witness = std::make_shared<int>(0);
    sio::handler_id id{};
    id = l.add("a", [&l, &calls, &id, witness] {
        ++calls;
        l.remove(id);
        l.clear();
        CHECK(witness.use_count() >= 2);
    });
    l.add("a", [&] { ++calls; });
    l.call("a");
    CHECK(calls == 1);
    CHECK(l.empty());
    CHECK(witness.use_count() == 1);
}

TEST_CASE("a handler that throws, or calls again, leaves the list in order") {
    sio::detail::handler_list<void(int)> l;
    int calls = 0;
    l.add(
        "a",
        [&](int n) {
            ++calls;
            if (n > 0) l.call("a", n - 1);
            if (n == 0) throw std::runtime_error("on purpose");
        },
        false);
    CHECK_THROWS_AS(l.call("a", 3), std::runtime_error);
    CHECK(calls == 4);
    l.add(
        "b", [&](int) { ++calls; }, true);
    l.call("b", 1);
    l.call("b", 1);
    CHECK(calls == 5);
}
