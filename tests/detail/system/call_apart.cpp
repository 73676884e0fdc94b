// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/detail/system/call_apart.hpp>

#include <boost/asio/io_context.hpp>

#include <stdexcept>

#include "support/catch.hpp"

using httphooks::detail::call_apart;

TEST_CASE("what a function throws that is called apart leaves the event loop by itself") {
    boost::asio::io_context context(1);
    int called = 0;
    boost::asio::post(context, [&] {
        call_apart(context.get_executor(), [&] { ++called; });
        call_apart(context.get_executor(), [] { throw std::runtime_error("one"); });
        call_apart(context.get_executor(), [] { throw std::runtime_error("two"); });
        ++called;
    });
    CHECK_THROWS_WITH(context.run(), "one");
    CHECK(called == 2);
    CHECK_THROWS_WITH(context.run(), "two");
    CHECK(context.run() == 0);
}
