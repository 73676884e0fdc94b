// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/hook_type.hpp>

#include "support/catch.hpp"

using namespace httphooks;

TEST_CASE("the hook types are listed in the order in which they run") {
    REQUIRE(hook_types.size() == 7);
    for (std::size_t i = 0; i < hook_types.size(); ++i)
        CHECK(static_cast<std::size_t>(hook_types[i]) == i);
}

TEST_CASE("a hook type is either a responder or a listener") {
    std::size_t responders = 0;
    for (hook_type type : hook_types) {
        CHECK(is_responder(type) != is_listener(type));
        if (is_responder(type)) ++responders;
    }
    CHECK(responders == 3);
    CHECK(is_responder(hook_type::pre_responder));
    CHECK(is_listener(hook_type::response_listener));
}

TEST_CASE("a hook type is found by its name") {
    for (hook_type type : hook_types) CHECK(hook_type_from_string(to_string(type)) == type);
    CHECK(to_string(hook_type::pre_responder) == "pre-responder");
    CHECK_FALSE(hook_type_from_string("Responder"));
    CHECK_FALSE(hook_type_from_string(""));
}
