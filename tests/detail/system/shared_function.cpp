// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/detail/system/shared_function.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "support/catch.hpp"

using httphooks::detail::shared_function;

TEST_CASE("copies of a shared function are one closure") {
    shared_function<int(int)> f = [sum = 0](int n) mutable { return sum += n; };
    auto const copy = f;
    CHECK(f(1) == 1);
    CHECK(copy(2) == 3);
    CHECK(f(3) == 6);
}

TEST_CASE("a shared function may be one that can only be moved, and take what can only be moved") {
    using pointer = std::unique_ptr<int>;
    shared_function<int(pointer)> const f = [held = std::make_unique<int>(40)](pointer p) {
        return *held + *p;
    };
    CHECK(f(std::make_unique<int>(2)) == 42);
}

TEST_CASE("an empty function makes no shared function") {
    CHECK_FALSE(shared_function<void()>());
    CHECK_FALSE(shared_function<void()>(std::function<void()>()));
    CHECK(shared_function<void()>(std::function<void()>([] {})));
}

TEST_CASE("a shared function that goes while it runs goes when it has run") {
    auto const token = std::make_shared<std::string>("there");
    shared_function<void()> f;
    std::string seen;
    f = [&f, &seen, token] {
        f = {};
        seen = *token;
    };
    auto const copy = f;
    copy();
    CHECK_FALSE(f);
    CHECK(seen == "there");
}
