// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#include <httphooks/socketio/detail/ack_table.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;
namespace hh = httphooks;
namespace sio = httphooks::socketio;

namespace {

/// A table, and what its functions noted.
struct noted_table {
    bool add(std::uint64_t id, std::optional<std::chrono::milliseconds> timeout = {}) {
        return table.add(
            id, [this, id](hh::error_code, sio::arguments const&) { got += std::to_string(id); },
            timeout, now);
    }
    void call(std::vector<sio::detail::ack_handler> const& all) {
        for (auto const& f : all) f({}, {});
    }

    sio::detail::ack_table::time_point now = sio::detail::ack_table::clock::now();
    sio::detail::ack_table table{};
    std::string got{};
};

}  // namespace

TEST_CASE("an acknowledgement is taken once, by its number") {
    noted_table f;
    for (std::uint64_t const id : {1u, 2u, 3u}) CHECK_FALSE(f.add(id));
    CHECK_FALSE(f.table.take(4));
    f.table.take(1)({}, {});
    f.table.take(3)({}, {});
    CHECK_FALSE(f.table.take(1));
    CHECK(f.table.size() == 1);
    f.call(f.table.take_all());
    CHECK(f.got == "132");
    CHECK(f.table.size() == 0);
}

TEST_CASE("a time-out that is longer than the clock counts never ends") {
    noted_table f;
    CHECK_FALSE(f.add(1, std::chrono::milliseconds::max()));
    CHECK_FALSE(f.table.deadline());
    CHECK(f.add(2, 1h));
    CHECK(f.table.deadline() == f.now + 1h);
    f.call(f.table.expire(f.now + 2h));
    CHECK(f.got == "2");
}

TEST_CASE("acknowledgements expire when their time is over") {
    noted_table f;
    CHECK_FALSE(f.table.deadline());
    CHECK_FALSE(f.add(1));
    CHECK(f.add(2, 20ms));
    CHECK(f.add(3, 10ms));
    CHECK_FALSE(f.add(4, 30ms));
    CHECK(f.table.deadline() == f.now + 10ms);
    CHECK(f.table.expire(f.now).empty());
    f.call(f.table.expire(f.now + 10ms));
    CHECK(f.got == "3");
    CHECK(f.table.deadline() == f.now + 20ms);
    f.table.take(2);
    CHECK(f.table.expire(f.now + 25ms).empty());
    f.call(f.table.expire(f.now + 1h));
    CHECK(f.got == "34");
    CHECK_FALSE(f.table.deadline());
    CHECK(f.table.size() == 1);
}
