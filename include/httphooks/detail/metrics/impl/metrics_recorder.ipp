// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/metrics/metrics_recorder.hpp>

#include <httphooks/exchange.hpp>
#include <httphooks/trace.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace httphooks::detail {

HTTPHOOKS_DECL thread_counts::~thread_counts() {
    for (auto* r = newest_.load(std::memory_order_relaxed); r;) delete std::exchange(r, r->older);
}

HTTPHOOKS_DECL thread_counts::replies& thread_counts::find(reply_labels labels) {
    if (auto const at = known_.find(labels); at != known_.end()) return *at->second;
    if (known_.size() >= most_series && labels.pattern != other_patterns) {
        labels.pattern = other_patterns;
        return find(labels);
    }
    auto fresh = std::make_unique<replies>(labels, newest_.load(std::memory_order_relaxed));
    known_.emplace(fresh->labels, fresh.get());
    newest_.store(fresh.get(), std::memory_order_release);
    return *fresh.release();
}

HTTPHOOKS_DECL metrics_counts metrics_recorder::sum() const {
    metrics_counts all;
    counts_.for_each([&](thread_counts const& c) {
        c.for_each_reply([&](reply_labels const& labels, std::uint64_t n, route_counts const& r) {
            all.replies[labels] += n;
            route_counts& route = all.routes[{labels.pattern, labels.method, labels.status / 100}];
            route.times.add(r.times);
            route.bytes.add(r.bytes.get());
        });
        for (std::size_t i = 0; i < all.stages.size(); ++i) all.stages[i].add(c.stages()[i]);
        all.cancelled += c.cancelled();
    });
    return all;
}

}  // namespace httphooks::detail
