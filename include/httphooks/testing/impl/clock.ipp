// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/testing/clock.hpp>

#include <chrono>
#include <ctime>
#include <optional>
#include <stdexcept>

namespace httphooks::testing {

HTTPHOOKS_DECL clock::clock(std::chrono::system_clock::time_point start)
    : time_(httphooks::detail::virtual_time::create(context_)),
      started_(time_->now()),
      start_(start) {}

HTTPHOOKS_DECL clock::~clock() = default;

HTTPHOOKS_DECL void clock::run() {
    context_.restart();
    context_.poll();
}

HTTPHOOKS_DECL void clock::advance(duration d) {
    if (d.count() < 0) throw std::invalid_argument("testing::clock: time does not go back");
    auto const until = now() + d;
    run();
    for (auto next = time_->next(); next && *next <= until; next = time_->next()) {
        time_->go_to(*next);
        run();
    }
    time_->go_to(until);
    run();
}

HTTPHOOKS_DECL std::optional<clock::duration> clock::advance_to_next() {
    run();
    auto const next = time_->next();
    if (!next) return std::nullopt;
    auto const passed = *next - now();
    advance(passed);
    return passed;
}

HTTPHOOKS_DECL std::chrono::system_clock::time_point clock::system_now() const noexcept {
    return start_ +
           std::chrono::duration_cast<std::chrono::system_clock::duration>(now() - started_);
}

HTTPHOOKS_DECL std::time_t clock::seconds() const noexcept {
    return std::chrono::system_clock::to_time_t(system_now());
}

}  // namespace httphooks::testing
