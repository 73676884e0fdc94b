// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What the hooks do, as events for a page: a tracer that sends what it sees.
*/

#include <httphooks.hpp>
#include <httphooks/trace.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace demo {

namespace asio = boost::asio;
namespace hh = httphooks;

/** Watches exchanges and sends batches of events, 25 times a second at most. Under load only some
    exchanges are told of; of the others it sends how many there were. One thread. */
class pipeline_feed final : public hh::exchange_tracer,
                            public std::enable_shared_from_this<pipeline_feed> {
public:
    /// @param send is given arrays of events
    pipeline_feed(asio::any_io_executor executor, std::function<void(nlohmann::json)> send)
        : timer_(std::move(executor)), send_(std::move(send)) {}

    void on_begin(hh::exchange const& x, clock::time_point at) noexcept override {
        if (!is_shown(x.url().path())) return;
        if (begun_ == most_begun) {
            ++left_out_;
            return schedule();
        }
        ++begun_;
        open_.emplace(x.id(), state());
        auto const method = x.request().method_string();
        auto const target = x.request().target();
        add({{"event", "begin"},
             {"exchange", x.id()},
             {"at", since_start(at)},
             {"method", std::string_view(method.data(), method.size())},
             {"target", std::string(target.data(), target.size())},
             {"via", hh::to_string(x.origin().transport())}});
    }
    void on_hook_begin(hh::exchange const& x, hh::hook_info const& hook,
                       clock::time_point at) noexcept override {
        auto const found = open_.find(x.id());
        if (found == open_.end()) return;
        ++found->second.hooks;
        add({{"event", "run"},
             {"exchange", x.id()},
             {"hook", hook.id.value()},
             {"at", since_start(at)}});
    }
    void on_hook_end(hh::hook_span const& run) noexcept override {
        auto const found = open_.find(run.exchange_id);
        if (found == open_.end()) return;
        add({{"event", "ran"},
             {"exchange", run.exchange_id},
             {"hook", run.hook.id.value()},
             {"at", since_start(run.ended)},
             {"took", in_microseconds(run.elapsed())},
             {"outcome", hh::to_string(run.outcome)},
             {"status", run.status}});
        if (--found->second.hooks == 0 && found->second.ended) open_.erase(found);
    }
    void on_reply(hh::exchange const& x) noexcept override {
        if (!open_.contains(x.id())) return;
        std::string type(x.reply()[hh::field::content_type]);
        type.resize(std::min(type.size(), type.find(';')));
        add({{"event", "reply"},
             {"exchange", x.id()},
             {"at", since_start(clock::now())},
             {"status", x.reply().result_int()},
             {"type", std::move(type)}});
    }
    void on_end(hh::exchange const& x, bool) noexcept override {
        auto const found = open_.find(x.id());
        if (found == open_.end()) return;
        found->second.ended = true;
        if (found->second.hooks == 0) open_.erase(found);
    }

    /// Whether requests for a path are told of, and the hooks of a pattern.
    static bool is_shown(std::string_view path) noexcept {
        return path.starts_with("/notes/") || path.starts_with("/tasks/");
    }

private:
    static constexpr std::size_t most_begun = 4;

    struct state {
        std::size_t hooks = 0;
        bool ended = false;
    };

    static double in_microseconds(clock::duration d) noexcept {
        return std::chrono::duration<double, std::micro>(d).count();
    }
    double since_start(clock::time_point at) const noexcept { return in_microseconds(at - start_); }

    void add(nlohmann::json event) {
        events_.push_back(std::move(event));
        schedule();
    }
    void schedule() {
        if (std::exchange(scheduled_, true)) return;
        timer_.expires_after(std::chrono::milliseconds(40));
        timer_.async_wait([weak = weak_from_this()](hh::error_code ec) {
            auto const self = weak.lock();
            if (self && !ec) self->flush();
        });
    }
    void flush() {
        scheduled_ = false;
        if (left_out_ != 0) events_.push_back({{"event", "leftOut"}, {"exchanges", left_out_}});
        begun_ = left_out_ = 0;
        send_(std::exchange(events_, nlohmann::json::array()));
    }

    asio::steady_timer timer_;
    std::function<void(nlohmann::json)> send_;
    clock::time_point start_ = clock::now();
    std::unordered_map<std::uint64_t, state> open_;
    nlohmann::json events_ = nlohmann::json::array();
    std::size_t begun_ = 0;
    std::size_t left_out_ = 0;
    bool scheduled_ = false;
};

}  // namespace demo
