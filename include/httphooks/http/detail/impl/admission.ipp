// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/detail/admission.hpp>

#include <httphooks/http/detail/connection_ticket.hpp>

#include <boost/asio/ip/address.hpp>

#include <memory>
#include <mutex>
#include <utility>

namespace httphooks::http::detail {

HTTPHOOKS_DECL std::unique_ptr<connection_ticket> admission::admit(asio::ip::address const& from) {
    bool const counted = !from.is_unspecified();
    auto self = shared_from_this();
    std::lock_guard const lock(mutex_);
    if (all_ >= most_) {
        counters_->refuse("Too many connections");
        return nullptr;
    }
    if (counted && !by_address_.enter(from)) {
        counters_->refuse("Too many connections of an address");
        return nullptr;
    }
    ++all_;
    counters_->open_session();
    return std::make_unique<ticket>(std::move(self), from, counted, false);
}

HTTPHOOKS_DECL std::unique_ptr<connection_ticket> admission::refuse() {
    auto self = shared_from_this();
    std::lock_guard const lock(mutex_);
    if (refused_ >= most_refused) return nullptr;
    ++refused_;
    return std::make_unique<ticket>(std::move(self), asio::ip::address(), false, true);
}

HTTPHOOKS_DECL void admission::leave(asio::ip::address const& from, bool counted,
                                     bool refused) noexcept {
    std::lock_guard const lock(mutex_);
    if (refused) {
        --refused_;
        return;
    }
    --all_;
    counters_->end_session();
    if (counted) by_address_.leave(from);
}

}  // namespace httphooks::http::detail
