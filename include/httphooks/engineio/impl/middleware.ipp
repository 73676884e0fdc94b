// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/engineio/middleware.hpp>

#include <httphooks/engineio/detail/decision.hpp>

#include <memory>
#include <utility>

namespace httphooks::engineio {

HTTPHOOKS_DECL next::next(std::shared_ptr<detail::decision> d) noexcept : decision_(std::move(d)) {}

HTTPHOOKS_DECL void next::operator()() const {
    decision_->make({});
}

HTTPHOOKS_DECL void next::operator()(response r) const {
    decision_->make({false, std::move(r)});
}

HTTPHOOKS_DECL void next::fail() const {
    decision_->make({true, {}});
}

}  // namespace httphooks::engineio
