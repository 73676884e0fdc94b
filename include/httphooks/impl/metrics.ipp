// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/metrics.hpp>

#include <httphooks/detail/metrics/metrics_recorder.hpp>
#include <httphooks/detail/metrics/metrics_writer.hpp>
#include <httphooks/message.hpp>
#include <httphooks/registry.hpp>
#include <httphooks/server_counters.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks {

namespace detail {

inline void write_replies(metrics_writer& out, metrics_counts const& all) {
    out.begin("httphooks_requests_total", "counter", "Replies, by the pattern that matched.");
    for (auto const& [labels, n] : all.replies) {
        auto const method = beast::http::to_string(labels.method);
        out.line()
            .label("pattern", labels.pattern)
            .label("method", {method.data(), method.size()})
            .label("status", std::to_string(labels.status))
            .label("transport", to_string(labels.transport))
            .value(n);
    }
}

/// Writes a histogram. @param begin begins a line with a suffix, and its labels
template <class Bounds, class Begin>
void write_histogram(duration_histogram<Bounds> const& h, Begin begin) {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < h.buckets.size(); ++i) {
        count += h.buckets[i].get();
        std::string_view const bound = i < h.labels.size() ? h.labels[i] : "+Inf";
        begin("_bucket").label("le", bound).value(count);
    }
    begin("_sum").value(static_cast<double>(h.nanoseconds.get()) * 1e-9);
    begin("_count").value(count);
}

inline metrics_writer& begin_route(metrics_writer& out, std::string_view suffix,
                                   route_labels const& labels) {
    auto const method = beast::http::to_string(labels.method);
    return out.line(suffix)
        .label("pattern", labels.pattern)
        .label("method", {method.data(), method.size()})
        .label("status", std::to_string(labels.status_class) + "xx");
}

inline void write_routes(metrics_writer& out, metrics_counts const& all) {
    out.begin("httphooks_request_seconds", "histogram",
              "Time from the beginning of an exchange until its reply was ready.");
    for (auto const& [labels, route] : all.routes)
        write_histogram(route.times, [&](std::string_view suffix) -> metrics_writer& {
            return begin_route(out, suffix, labels);
        });
    out.begin("httphooks_response_bytes_total", "counter",
              "Bytes of the bodies of replies, of files too.");
    for (auto const& [labels, route] : all.routes)
        begin_route(out, {}, labels).value(route.bytes.get());
}

inline void write_stages(metrics_writer& out, metrics_counts const& all) {
    out.begin("httphooks_stage_seconds", "histogram", "Time that the hooks of a stage took.");
    for (std::size_t s = 0; s < all.stages.size(); ++s)
        write_histogram(all.stages[s], [&](std::string_view suffix) -> metrics_writer& {
            return out.line(suffix).label("stage", to_string(static_cast<exchange_stage>(s)));
        });
}

inline void write_stats(metrics_writer& out, registry_stats const& stats) {
    auto const one = [&out](std::string_view name, std::string_view type, std::string_view help,
                            std::uint64_t value) {
        out.begin(name, type, help);
        out.line().value(value);
    };
    one("httphooks_exchanges", "gauge", "Exchanges under way.", stats.exchanges);
    one("httphooks_listeners", "gauge", "Asynchronous listeners that run.", stats.listeners);
    one("httphooks_late_calls_total", "counter", "Calls that came after a hook's part was over.",
        stats.late_calls);
    one("httphooks_timeouts_total", "counter", "Runs of hooks that exceeded their time limit.",
        stats.timeouts);
    one("httphooks_dropped_listeners_total", "counter", "Listeners that were not started.",
        stats.dropped_listeners);
    one("httphooks_spoofed_control_headers_total", "counter",
        "Requests from which control headers were removed.", stats.spoofed_control_headers);
}

inline void write_servers(metrics_writer& out, std::vector<named_counters> const& servers) {
    if (servers.empty()) return;
    auto const each = [&](std::string_view name, std::string_view type, std::string_view help,
                          std::uint64_t (server_counters::*read)() const noexcept) {
        out.begin(name, type, help);
        for (auto const& [server, counters] : servers)
            out.line().label("server", server).value(((*counters).*read)());
    };
    each("httphooks_server_sessions", "gauge", "Sessions or connections.",
         &server_counters::sessions);
    each("httphooks_server_opened_total", "counter", "Sessions or connections there have been.",
         &server_counters::opened);
    each("httphooks_server_waiting_bytes", "gauge", "Bytes that wait for clients.",
         &server_counters::waiting_bytes);
    each("httphooks_server_body_bytes", "gauge", "Bytes of bodies that are in memory.",
         &server_counters::body_bytes);
    each("httphooks_server_peak_body_bytes", "gauge", "The most that they have been.",
         &server_counters::peak_body_bytes);
    each("httphooks_server_paused_bodies", "gauge", "Bodies not read on until others are done.",
         &server_counters::paused_bodies);
    each("httphooks_server_dropped_messages_total", "counter",
         "Messages not sent since too much waited for the client.", &server_counters::dropped);
    out.begin("httphooks_server_refused_total", "counter", "Clients and input that were refused.");
    for (auto const& [server, counters] : servers)
        for (auto const& [reason, n] : counters->refusals())
            out.line().label("server", server).label("reason", reason).value(n);
}

inline bool is_metric_name(std::string_view name) noexcept {
    auto const letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
    };
    return !name.empty() && letter(name.front()) &&
           std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

}  // namespace detail

HTTPHOOKS_DECL void metrics::gauge(std::string name, std::string help,
                                   std::function<double()> read) {
    add({std::move(name), std::move(help), "gauge", std::move(read)});
}

HTTPHOOKS_DECL void metrics::counter(std::string name, std::string help,
                                     std::function<double()> read) {
    add({std::move(name), std::move(help), "counter", std::move(read)});
}

inline void metrics::add(number n) {
    if (!detail::is_metric_name(n.name))
        throw std::invalid_argument("metrics: no name of a number: " + n.name);
    std::lock_guard const lock(state_->mutex);
    state_->numbers.push_back(std::move(n));
}

HTTPHOOKS_DECL std::string metrics::text() const {
    detail::metrics_writer out;
    detail::metrics_counts const all = state_->recorder->sum();
    detail::write_replies(out, all);
    detail::write_routes(out, all);
    detail::write_stages(out, all);
    out.begin("httphooks_cancelled_total", "counter", "Exchanges whose client went.");
    out.line().value(all.cancelled);
    detail::write_stats(out, state_->services->stats());
    std::vector<detail::named_counters> servers;
    std::vector<number> numbers;
    {
        std::lock_guard const lock(state_->mutex);
        servers = state_->servers;
        numbers = state_->numbers;
    }
    detail::write_servers(out, servers);
    for (number const& n : numbers) {
        out.begin(n.name, n.type, n.help);
        out.line().value(n.read());
    }
    return out.take();
}

}  // namespace httphooks
