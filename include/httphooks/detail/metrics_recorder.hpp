// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What exchanges do, counted.
*/

#include <httphooks/exchange.hpp>
#include <httphooks/message.hpp>
#include <httphooks/origin.hpp>
#include <httphooks/trace.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace httphooks::detail {

/// Durations in buckets.
struct stage_histogram {
    /// The upper bounds of the buckets in seconds, as text; one more bucket is without bound.
    static constexpr std::array<std::string_view, 12> labels{
        "0.000001", "0.000005", "0.00001", "0.00005", "0.0001", "0.0005",
        "0.001",    "0.005",    "0.01",    "0.1",     "1",      "10"};
    /// The same in nanoseconds.
    static constexpr std::array<std::int64_t, labels.size()> bounds{
        1'000,     5'000,     10'000,     50'000,      100'000,       500'000,
        1'000'000, 5'000'000, 10'000'000, 100'000'000, 1'000'000'000, 10'000'000'000};

    std::array<std::uint64_t, bounds.size() + 1> buckets{};
    std::int64_t nanoseconds = 0;

    void add(std::chrono::nanoseconds elapsed) noexcept {
        std::size_t i = 0;
        while (i < bounds.size() && elapsed.count() > bounds[i]) ++i;
        ++buckets[i];
        nanoseconds += elapsed.count();
    }
    void add(stage_histogram const& other) noexcept {
        for (std::size_t i = 0; i < buckets.size(); ++i) buckets[i] += other.buckets[i];
        nanoseconds += other.nanoseconds;
    }
};

/// What replies are counted by.
struct reply_labels {
    std::string_view pattern;
    verb method;
    unsigned status;
    httphooks::transport transport;

    friend auto operator<=>(reply_labels const&, reply_labels const&) = default;
};

struct reply_labels_hash {
    std::size_t operator()(reply_labels const& l) const noexcept {
        std::size_t const rest = std::size_t{l.status} << 16 |
                                 static_cast<std::size_t>(l.method) << 8 |
                                 static_cast<std::size_t>(l.transport);
        return std::hash<std::string_view>()(l.pattern) ^ rest * 0x9E3779B97F4A7C15u;
    }
};

/// A count of replies, with the text that its labels refer to.
struct reply_count {
    std::unique_ptr<std::string const> pattern;
    std::uint64_t count = 0;
};

/// All that is counted.
struct metrics_counts {
    std::unordered_map<reply_labels, reply_count, reply_labels_hash> replies{};
    std::map<std::pair<transport, unsigned>, std::uint64_t> refusals{};
    std::array<stage_histogram, 5> stages{};
    std::uint64_t cancelled = 0;

    void add_reply(reply_labels labels, std::uint64_t n = 1) {
        auto at = replies.find(labels);
        if (at == replies.end()) {
            auto pattern = std::make_unique<std::string const>(labels.pattern);
            labels.pattern = *pattern;
            at = replies.emplace(labels, reply_count{std::move(pattern)}).first;
        }
        at->second.count += n;
    }
    void add(metrics_counts const& other) {
        for (auto const& [labels, r] : other.replies) add_reply(labels, r.count);
        for (auto const& [labels, n] : other.refusals) refusals[labels] += n;
        for (std::size_t i = 0; i < stages.size(); ++i) stages[i].add(other.stages[i]);
        cancelled += other.cancelled;
    }
};

/** Counts; threads have counts of their own, as long as there are not too many of them. */
class metrics_recorder final : public exchange_tracer {
public:
    bool watches_hooks() const noexcept override { return false; }

    void on_stage(exchange const&, exchange_stage s, clock::duration elapsed) noexcept override {
        change([&](metrics_counts& c) { c.stages[static_cast<std::size_t>(s)].add(elapsed); });
    }
    void on_reply(exchange const& ex) noexcept override {
        hook_info const* const hook = ex.responder();
        reply_labels const labels{hook ? std::string_view(hook->pattern) : std::string_view(),
                                  ex.request().method(), ex.reply().result_int(),
                                  ex.origin().transport()};
        change([&](metrics_counts& c) { c.add_reply(labels); });
    }
    void on_end(exchange const&, bool cancelled) noexcept override {
        if (cancelled) change([](metrics_counts& c) { ++c.cancelled; });
    }
    void on_refusal(transport t, status s) noexcept override {
        change([&](metrics_counts& c) { ++c.refusals[{t, static_cast<unsigned>(s)}]; });
    }

    metrics_counts sum() const {
        metrics_counts all;
        for (shard& s : shards_) {
            std::lock_guard const lock(s.mutex);
            all.add(s.counts);
        }
        return all;
    }

private:
    struct alignas(64) shard {
        std::mutex mutex{};
        metrics_counts counts{};
    };

    template <class Change>
    void change(Change f) noexcept {
        static std::atomic<std::size_t> threads{0};
        thread_local std::size_t const mine = threads.fetch_add(1, std::memory_order_relaxed);
        shard& s = shards_[mine % shards_.size()];
        std::lock_guard const lock(s.mutex);
        f(s.counts);
    }

    mutable std::array<shard, 16> shards_{};
};

}  // namespace httphooks::detail
