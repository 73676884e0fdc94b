// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    What a dispatch costs: one responder that completes when it returns, among 130 routes.
*/

#include <httphooks/registry.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "support/allocations.hpp"

using namespace httphooks;
using httphooks::test::allocations;

namespace {

using clock_type = std::chrono::steady_clock;

constexpr std::string_view target = "/hello/abcdefghijklmnopqrstuvwxyz0123456789abcd";

struct figures {
    double nanoseconds = 0;
    double allocated = 0;
};

class stopwatch {
public:
    figures stop(int rounds) const {
        auto const time = clock_type::now() - start_;
        return {std::chrono::duration<double, std::nano>(time).count() / rounds,
                static_cast<double>(allocations() - allocated_) / rounds};
    }

private:
    std::uint64_t allocated_ = allocations();
    clock_type::time_point start_ = clock_type::now();
};

registry make_hooks(asio::io_context& context) {
    registry hooks(context.get_executor());
    for (int i = 0; i < 129; ++i)
        hooks.get("/api/v" + std::to_string(i % 3) + "/resource" + std::to_string(i) + "/:id",
                  [](auto&) { return status::ok; });
    hooks.get("/hello/:name", [](auto& c) {
        return text("Hello, ", c.param("name"), "! This is it.");  // 60 bytes and some
    });
    return hooks;
}

request make_request() {
    request req(verb::get, target, 11);
    req.set(field::host, "localhost");
    return req;
}

figures through_loop(int rounds) {
    asio::io_context context(1);
    registry const hooks = make_hooks(context);
    auto const loop = hooks.make_loop();
    asio::any_io_executor const executor = context.get_executor();
    auto const round = [&] {
        exchange_ptr const ex = loop->make_exchange(executor, nullptr);
        request& req = ex->incoming();
        req.method(verb::get);
        req.target(target);
        req.version(11);
        req.set(field::host, "localhost");
        if (!ex->start() || ex->reply().body().size() < 60) std::abort();
        ex->handed_over();
    };
    for (int i = 0; i < rounds / 10; ++i) round();
    stopwatch const watch;
    for (int i = 0; i < rounds; ++i) round();
    return watch.stop(rounds);
}

figures through_callback(int rounds) {
    asio::io_context context(1);
    registry hooks = make_hooks(context);
    figures result;
    std::optional<stopwatch> watch;
    int round = -rounds / 10;
    struct again {
        registry& hooks;
        int& round;
        int rounds;
        std::optional<stopwatch>& watch;
        figures& result;
        void operator()(error_code, response r) const {
            recycle(std::move(r));
            if (round == rounds) {
                result = watch->stop(rounds);
                return;
            }
            if (round++ == 0) watch.emplace();
            hooks.async_dispatch(make_request(), *this);
        }
    };
    asio::post(context, [&] { again{hooks, round, rounds, watch, result}({}, {}); });
    context.run();
    return result;
}

figures through_coroutine(int rounds) {
    asio::io_context context(1);
    figures result;
    auto const client = [&](registry hooks) -> asio::awaitable<void> {
        std::optional<stopwatch> watch;
        for (int i = -rounds / 10; i < rounds; ++i) {
            if (i == 0) watch.emplace();
            request req = make_request();
            auto dispatched = hooks.async_dispatch(std::move(req));
            response r = co_await std::move(dispatched);
            recycle(std::move(r));
        }
        result = watch->stop(rounds);
    };
    asio::co_spawn(context, client(make_hooks(context)), asio::detached);
    context.run();
    return result;
}

constexpr int tries = 20;

void print(char const* name, figures (*run)(int), int rounds) {
    figures best = run(rounds);
    for (int i = 1; i < tries; ++i)
        if (figures const f = run(rounds); f.nanoseconds < best.nanoseconds) best = f;
    std::printf("%-28s %8.0f ns %8.2f allocations\n", name, best.nanoseconds, best.allocated);
}

}  // namespace

int main(int argc, char* argv[]) {
    int const rounds = argc > 1 ? std::atoi(argv[1]) : 50'000;
    std::printf("a dispatch, best of %d times %d\n", tries, rounds);
    print("through a transport's loop", through_loop, rounds);
    print("with a callback", through_callback, rounds);
    print("awaited by a coroutine", through_coroutine, rounds);
}
