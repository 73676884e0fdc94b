// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/detail/client_pool.hpp>

#include <httphooks/http/absolute_url.hpp>

#include <chrono>
#include <utility>

namespace httphooks::http::detail {

inline void client_pool::close_expired() {
    auto const oldest = std::chrono::steady_clock::now() - idle_;
    for (auto at = origins_.begin(); at != origins_.end();) {
        places& origin = at->second;
        std::erase_if(origin.idle, [oldest](auto const& c) { return c->idle_since <= oldest; });
        bool const unused = origin.idle.empty() && origin.taken == 0 && origin.waiting.empty();
        at = unused ? origins_.erase(at) : std::next(at);
    }
}

HTTPHOOKS_DECL void client_pool::acquire(absolute_url const& url, connection_taker& taker) {
    close_expired();
    places& origin = origins_[key_of(url)];
    if (origin.taken >= most_) return origin.waiting.push_back(&taker);
    ++origin.taken;
    while (!origin.idle.empty()) {
        client_connection_ptr const connection = std::move(origin.idle.back());
        origin.idle.pop_back();
        if (connection->quiet()) return taker.take(connection);
    }
    taker.take(nullptr);
}

HTTPHOOKS_DECL void client_pool::forget(absolute_url const& url, connection_taker& taker) noexcept {
    if (auto const at = origins_.find(key_of(url)); at != origins_.end())
        std::erase(at->second.waiting, &taker);
}

HTTPHOOKS_DECL void client_pool::release(absolute_url const& url,
                                         client_connection_ptr connection) {
    auto const at = origins_.find(key_of(url));
    if (at == origins_.end()) return;
    places& origin = at->second;
    if (!origin.waiting.empty()) {
        connection_taker& next = *origin.waiting.front();
        origin.waiting.pop_front();
        return next.take(std::move(connection));
    }
    --origin.taken;
    if (!connection) return;
    connection->idle_since = std::chrono::steady_clock::now();
    origin.idle.push_back(std::move(connection));
}

HTTPHOOKS_DECL void client_pool::close() {
    while (!takers_.empty()) (*takers_.begin())->abort(asio::error::operation_aborted);
    origins_.clear();
}

}  // namespace httphooks::http::detail
