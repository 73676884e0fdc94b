// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/parameter_value.hpp>

#include <httphooks/registry.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "support/catch.hpp"
#include "support/hooks.hpp"

using namespace httphooks;
using httphooks::test::fixture;

namespace {

static_assert(parameter_value<std::int8_t> && parameter_value<std::uint64_t>);
static_assert(parameter_value<std::string> && parameter_value<double>);
static_assert(!parameter_value<char> && !parameter_value<void*> && !parameter_value<int&>);

}  // namespace

TEST_CASE("A whole text is read as an integer, or nothing is") {
    CHECK(parameter_from<int>("42") == 42);
    CHECK(parameter_from<int>("-7") == -7);
    CHECK(parameter_from<int>("007") == 7);
    for (auto const* text : {"", " 1", "1 ", "+1", "1x", "0x10", "1.0", "--1", "\xD9\xA1", "-"})
        CHECK_FALSE(parameter_from<int>(text));
    CHECK(parameter_from<std::uint8_t>("255") == 255);
    CHECK_FALSE(parameter_from<std::uint8_t>("256"));
    CHECK_FALSE(parameter_from<std::uint8_t>("-1"));
    CHECK(parameter_from<std::int8_t>("-128") == -128);
    CHECK_FALSE(parameter_from<std::int8_t>("128"));
    CHECK(parameter_from<std::int64_t>("-9223372036854775808") ==
          std::numeric_limits<std::int64_t>::min());
    CHECK(parameter_from<std::uint64_t>("18446744073709551615") ==
          std::numeric_limits<std::uint64_t>::max());
    CHECK_FALSE(parameter_from<std::uint64_t>("18446744073709551616"));
    CHECK_FALSE(parameter_from<int>(std::string(100'000, '9')));
}

TEST_CASE("Other types are read, too") {
    CHECK(parameter_from<double>("-1.5e3") == -1500.0);
    CHECK(parameter_from<float>("0.25") == 0.25f);
    CHECK_FALSE(parameter_from<float>("1e300"));
    for (auto const* text : {"inf", "nan", "-inf", "1e999", "", "1,5", "0x1p3"})
        CHECK_FALSE(parameter_from<double>(text));
    CHECK(parameter_from<bool>("true") == true);
    CHECK(parameter_from<bool>("0") == false);
    CHECK_FALSE(parameter_from<bool>("yes"));
    CHECK(parameter_from<std::string>("a b") == "a b");
    CHECK(parameter_from<std::string_view>("") == "");
}

TEST_CASE("A parameter is given as a number, if it is one") {
    fixture t;
    t.hooks.get("/a/:id?n=:n&*", [](responder_context& c) {
        return std::to_string(c.param<int>("id").value_or(-1)) + " " +
               std::to_string(c.param<double>("n").has_value()) + " " +
               std::to_string(c.param<int>("none").has_value());
    });
    CHECK(t.get("/a/12?n=1.5").body() == "12 1 0");
    CHECK(t.get("/a/1%32?n=x").body() == "12 0 0");
    CHECK(t.get("/a/x?n=").body() == "-1 0 0");
}

TEST_CASE("A parameter that is required ends with a 400 when it is no number") {
    fixture t;
    bool const asynchronous = GENERATE(false, true);
    if (asynchronous)
        t.hooks.get("/a/:id", [](responder_context& c) -> asio::awaitable<std::string> {
            co_await test::turns();
            co_return std::to_string(c.require<int>("id") + 1);
        });
    else
        t.hooks.get("/a/:id",
                    [](responder_context& c) { return std::to_string(c.require<int>("id") + 1); });
    CHECK(t.get("/a/41").body() == "42");
    auto const r = t.get("/a/%22%3Cx");
    CHECK(r.result() == status::bad_request);
    CHECK(r.body() == R"({"error":"Invalid parameter id"})");
    CHECK(r[field::content_type] == "application/json");
}

TEST_CASE("A guard that requires a parameter is closed without it") {
    fixture t;
    t.hooks.pre_responder(any_verb, "/a/:id", [](pre_responder_context& c) {
        if (c.require<unsigned>("id") < 10) c.pass();
    });
    t.hooks.get("/a/*", [](responder_context&) { return "reached"; });
    CHECK(t.get("/a/1").body() == "reached");
    CHECK(t.get("/a/x").result() == status::bad_request);
    CHECK(t.get("/a/10").result() == status::internal_server_error);
}
