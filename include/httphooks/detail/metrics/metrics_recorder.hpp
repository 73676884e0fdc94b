// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What exchanges do, counted.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/per_thread.hpp>
#include <httphooks/exchange.hpp>
#include <httphooks/message.hpp>
#include <httphooks/origin.hpp>
#include <httphooks/response_body.hpp>
#include <httphooks/trace.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

namespace httphooks::detail {

/// A count that one thread adds to while others read it.
class tally {
public:
    tally() = default;
    tally(tally const& other) noexcept : n_(other.get()) {}
    tally& operator=(tally const&) = delete;

    void add(std::uint64_t n = 1) noexcept {
        n_.store(n_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
    std::uint64_t get() const noexcept { return n_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> n_{0};
};

/// Durations in buckets, whose upper bounds are in nanoseconds and, as text, in seconds; one more
/// bucket is without bound.
template <class Bounds>
struct duration_histogram {
    static constexpr auto& labels = Bounds::labels;
    static constexpr auto& bounds = Bounds::nanoseconds;

    std::array<tally, Bounds::nanoseconds.size() + 1> buckets{};
    tally nanoseconds{};

    void add(std::chrono::nanoseconds elapsed) noexcept {
        std::size_t i = 0;
        while (i < bounds.size() && elapsed.count() > bounds[i]) ++i;
        buckets[i].add();
        nanoseconds.add(static_cast<std::uint64_t>(elapsed.count()));
    }
    void add(duration_histogram const& other) noexcept {
        for (std::size_t i = 0; i < buckets.size(); ++i) buckets[i].add(other.buckets[i].get());
        nanoseconds.add(other.nanoseconds.get());
    }
};

/// For stages, which mostly take some microseconds.
struct stage_bounds {
    static constexpr std::array<std::string_view, 12> labels{
        "0.000001", "0.000005", "0.00001", "0.00005", "0.0001", "0.0005",
        "0.001",    "0.005",    "0.01",    "0.1",     "1",      "10"};
    static constexpr std::array<std::int64_t, labels.size()> nanoseconds{
        1'000,     5'000,     10'000,     50'000,      100'000,       500'000,
        1'000'000, 5'000'000, 10'000'000, 100'000'000, 1'000'000'000, 10'000'000'000};
};
using stage_histogram = duration_histogram<stage_bounds>;

/// For whole requests: what clients notice, and what is fast.
struct request_bounds {
    static constexpr std::array<std::string_view, 14> labels{
        "0.0001", "0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025",
        "0.05",   "0.1",    "0.25",  "0.5",    "1",     "2.5",  "10"};
    static constexpr std::array<std::int64_t, labels.size()> nanoseconds{
        100'000,     500'000,       1'000'000,     2'500'000,     5'000'000,
        10'000'000,  25'000'000,    50'000'000,    100'000'000,   250'000'000,
        500'000'000, 1'000'000'000, 2'500'000'000, 10'000'000'000};
};
using request_histogram = duration_histogram<request_bounds>;

/// What replies are counted by.
struct reply_labels {
    std::string_view pattern;
    verb method;
    unsigned status;
    httphooks::transport transport;

    friend auto operator<=>(reply_labels const&, reply_labels const&) = default;
};

/// What the times and sizes of replies are counted by: fewer series than there are of replies.
struct route_labels {
    std::string_view pattern;
    verb method;
    /// The status' first digit.
    unsigned status_class;

    friend auto operator<=>(route_labels const&, route_labels const&) = default;
};

/// What is counted of the replies of a route.
struct route_counts {
    request_histogram times{};
    /// Bytes of bodies.
    tally bytes{};
};

struct reply_labels_hash {
    std::size_t operator()(reply_labels const& l) const noexcept {
        std::size_t const rest = std::size_t{l.status} << 16 |
                                 static_cast<std::size_t>(l.method) << 8 |
                                 static_cast<std::size_t>(l.transport);
        return std::hash<std::string_view>()(l.pattern) ^ rest * 0x9E3779B97F4A7C15u;
    }
};

/// What one thread has counted. It alone calls what begins with "add"; all threads may read.
class alignas(64) thread_counts {
public:
    thread_counts() = default;
    thread_counts(thread_counts const&) = delete;
    thread_counts& operator=(thread_counts const&) = delete;
    ~thread_counts();

    void add_reply(reply_labels const& labels, std::chrono::nanoseconds elapsed,
                   std::uint64_t bytes) {
        // where the pattern's text is says enough to guess; a hook's is elsewhere than another's
        auto const at = reinterpret_cast<std::uintptr_t>(labels.pattern.data());
        replies*& guess = guesses_[(at / 32 + labels.status) % guesses_.size()];
        if (!guess || guess->labels != labels) [[unlikely]]
            guess = &find(labels);
        guess->count.add();
        guess->route.times.add(elapsed);
        guess->route.bytes.add(bytes);
    }
    void add_stage(exchange_stage s, std::chrono::nanoseconds elapsed) noexcept {
        stages_[static_cast<std::size_t>(s)].add(elapsed);
    }
    void add_cancelled() noexcept { cancelled_.add(); }

    /// Calls `f(reply_labels const&, std::uint64_t, route_counts const&)` with each count of
    /// replies.
    template <class Function>
    void for_each_reply(Function f) const {
        for (auto const* r = newest_.load(std::memory_order_acquire); r; r = r->older)
            f(r->labels, r->count.get(), r->route);
    }
    std::array<stage_histogram, 5> const& stages() const noexcept { return stages_; }
    std::uint64_t cancelled() const noexcept { return cancelled_.get(); }

private:
    /// A count of replies, with the text that its labels refer to.
    struct replies {
        replies(reply_labels const& l, replies* o)
            : pattern(l.pattern), labels{pattern, l.method, l.status, l.transport}, older(o) {}

        std::string const pattern;
        reply_labels const labels;
        replies* const older;
        tally count{};
        route_counts route{};
    };

    /// Patterns that come when there are so many series are counted as one.
    static constexpr std::size_t most_series = 10'000;
    static constexpr std::string_view other_patterns = "(other)";

    replies& find(reply_labels labels);

    std::array<stage_histogram, 5> stages_{};
    tally cancelled_{};
    std::array<replies*, 64> guesses_{};
    /// The thread's own way to the counts; others go from the newest to the older ones.
    std::unordered_map<reply_labels, replies*, reply_labels_hash> known_{};
    std::atomic<replies*> newest_{nullptr};
};

/// All that is counted.
struct metrics_counts {
    /// The recorder keeps the texts that the labels refer to.
    std::map<reply_labels, std::uint64_t> replies{};
    std::map<route_labels, route_counts> routes{};
    std::array<stage_histogram, 5> stages{};
    std::uint64_t cancelled = 0;
};

/// Counts; every thread for itself, without locks.
class metrics_recorder final : public exchange_tracer {
public:
    bool watches_hooks() const noexcept override { return false; }

    void on_stage(exchange const&, exchange_stage s, clock::duration elapsed) noexcept override {
        if (auto* const mine = counts_.mine()) mine->add_stage(s, elapsed);
    }
    void on_reply(exchange const& ex) noexcept override {
        auto* const mine = counts_.mine();
        if (!mine) return;
        hook_info const* const hook = ex.responder();
        mine->add_reply({hook ? std::string_view(hook->pattern) : std::string_view(),
                         ex.request().method(), ex.reply().result_int(), ex.origin().transport()},
                        ex.elapsed(), ex.head() ? 0 : response_body::size(ex.reply().body()));
    }
    void on_end(exchange const&, bool cancelled) noexcept override {
        if (!cancelled) return;
        if (auto* const mine = counts_.mine()) mine->add_cancelled();
    }

    metrics_counts sum() const;

private:
    per_thread<thread_counts> counts_{};
};

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/metrics/impl/metrics_recorder.ipp>
#endif
