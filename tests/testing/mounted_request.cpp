// Distributed under the Boost Software License, Version 1.0. See LICENSE.

#include <httphooks/engineio/server.hpp>
#include <httphooks/http/mount.hpp>
#include <httphooks/into_response.hpp>
#include <httphooks/testing/mounted_request.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace hh = httphooks;
using namespace std::chrono_literals;
using hh::testing::mounted_request;

namespace {

hh::request get_request(std::string_view target) {
    hh::request r(hh::verb::get, target, 11);
    r.set(hh::field::host, "test");
    return r;
}

/// Answers when it is told to.
struct late_mount {
    std::string_view prefix() const { return "/late"; }
    void async_serve(hh::http::connection c, hh::request, hh::http::mount_handler h) {
        auto const kept = std::make_shared<hh::http::connection>(std::move(c));
        auto const done = std::make_shared<hh::http::mount_handler>(std::move(h));
        *go = [kept, done](hh::response r) {
            kept->async_write(std::move(r), [kept, done](hh::error_code ec) {
                std::move (*done)(ec, std::move(*kept));
            });
        };
    }

    std::shared_ptr<std::function<void(hh::response)>> go =
        std::make_shared<std::function<void(hh::response)>>();
};

}  // namespace

TEST_CASE("a mount's reply is there when it has come, whole") {
    hh::testing::clock clock;
    late_mount mount;
    mounted_request const asked(clock, mount, get_request("/late/x"));
    CHECK_FALSE(asked.reply());
    (*mount.go)(hh::text(std::string(100'000, 'x')));
    clock.run();
    REQUIRE(asked.reply());
    CHECK(asked.reply()->body().size() == 100'000);
}

TEST_CASE("the longest of several mounts serves, and a path that none has is an error") {
    hh::testing::clock clock;
    hh::engineio::server engine(clock.get_executor(), {.path = "/late/engine"});
    hh::http::mounts all;
    all.add(late_mount());
    all.add(engine);
    mounted_request const opened(clock, all, get_request("/late/engine/?EIO=4&transport=polling"));
    CHECK(opened.reply()->body().starts_with("0{\"sid\""));
    CHECK_THROWS_AS(mounted_request(clock, all, get_request("/other")), std::invalid_argument);
}

TEST_CASE("an Engine.IO session that is not polled ends when its ping is not answered in time") {
    hh::testing::clock clock;
    hh::engineio::server engine(clock.get_executor(), {.path = "/engine.io"});
    std::optional<hh::engineio::close_reason> ended;
    engine.on_connection([&](hh::engineio::connection c) {
        CHECK(c.handshake().peer.address().to_string() == "192.0.2.1");
        c.on_close([&](hh::engineio::close_reason why) { ended = why; });
    });
    mounted_request const opened(clock, engine, get_request("/engine.io/?EIO=4&transport=polling"),
                                 "192.0.2.1");
    REQUIRE(opened.reply());
    clock.advance(44'999ms);
    CHECK_FALSE(ended);
    clock.advance(1ms);
    CHECK(ended == hh::engineio::close_reason::ping_timeout);
}
