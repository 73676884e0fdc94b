// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/detail/server_state.hpp>

#include <httphooks/detail/system/function_ref.hpp>
#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/http/detail/admission.hpp>
#include <httphooks/http/detail/later.hpp>
#include <httphooks/http/detail/listener_base.hpp>
#include <httphooks/http/options.hpp>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

namespace httphooks::http {

namespace detail {

HTTPHOOKS_DECL server_state::server_state(http::options o)
    : settings_(std::make_shared<server_settings>()),
      admission_(std::make_shared<admission>(o.max_connections, o.max_connections_per_address,
                                             settings_->counters)) {
    if (o.pipeline_limit == 0 || o.output_limit == 0)
        throw std::invalid_argument("server: pipeline_limit and output_limit must not be 0");
    if (!httphooks::detail::is_field_text(o.server_name))
        throw std::invalid_argument("server: server_name is not a field's value");
    if (o.trusted_field != http::options().trusted_field && o.trusted_proxies.empty())
        throw std::invalid_argument("server: trusted_field has no effect without trusted_proxies");
    settings_->proxies = trusted_networks(o.trusted_proxies);
    if (o.bodies_in_memory > 0)
        settings_->bodies = std::make_shared<httphooks::detail::body_budget>(
            o.bodies_in_memory, settings_->counters, o.body_grace, o.body_rate);
    settings_->options = std::move(o);
}

template <class Handler, class... Results>
void server_state::finish(waiting<Handler> w, Results... results) {
    auto const on = w.work.get_executor();
    auto const kept = std::make_shared<waiting<Handler>>(std::move(w));
    httphooks::detail::call_by_way_of(get_executor(), on, [kept, results...] {
        auto handler = std::move(kept->handler);
        std::move(handler)(results...);
    });
}

HTTPHOOKS_DECL asio::io_context& server_state::add_worker() {
    workers_.push_back(std::make_shared<worker>());
    return workers_.back()->context;
}

HTTPHOOKS_DECL std::shared_ptr<server_state> server_state::handle() {
    struct owner {
        std::shared_ptr<server_state> state;
        explicit owner(std::shared_ptr<server_state> s) : state(std::move(s)) {}
        owner(owner const&) = delete;
        owner& operator=(owner const&) = delete;
        ~owner() { state->end_threads(); }
    };
    return {std::make_shared<owner>(shared_from_this()), this};
}

inline void server_state::end_threads() noexcept {
    if (workers_.empty()) return;
    for (auto const& w : workers_) w->context.stop();
    for (auto const& w : workers_) {
        if (!w->thread.joinable()) continue;
        if (w->thread.get_id() == std::this_thread::get_id())
            w->thread.detach();  // it keeps its worker until it has left the event loop
        else
            w->thread.join();
    }
    patience_.reset();
    // sockets and handlers go before their contexts, which may hold the last of this state
    auto const workers = std::move(workers_);
    auto const runs = std::move(runs_);
    auto const drains = std::move(drains_);
    listeners_.clear();
}

HTTPHOOKS_DECL http::mounts& server_state::mounts() {
    std::lock_guard const lock(mutex_);
    if (running_) throw std::logic_error("server: mounts are added before the server runs");
    return settings_->mounts;
}

HTTPHOOKS_DECL void server_state::listen() {
    if (std::exchange(listening_, true)) return;
    http::options const& o = settings_->options;
    error_code ec;
    asio::ip::tcp::endpoint where(asio::ip::make_address(o.address, ec), o.port);
    listener_base& first = *listeners_.front();
    for (auto const& l : listeners_) {
        if (ec) break;
        if (o.share_port || l.get() == &first)
            l->open(where, o.share_port, o.backlog, ec);
        else
            l->join(first, ec);
        if (!ec) where = l->local_endpoint();
    }
    if (!ec) {
        endpoint_ = where;
        return;
    }
    for (auto const& l : listeners_) l->close();
    listening_ = false;
    throw system_error(ec, "cannot listen on " + o.address);
}

HTTPHOOKS_DECL void server_state::begin_run(run_handler handler) {
    waiting<run_handler> w(std::move(handler), get_executor());
    try {
        listen();
    } catch (system_error const& e) {
        finish(std::move(w), e.code());
        std::lock_guard const lock(mutex_);
        start_threads();
        return;
    }
    std::unique_lock lock(mutex_);
    if (ended_) {
        lock.unlock();
        finish(std::move(w), error_code{});
        return;
    }
    runs_.push_back(std::move(w));
    if (std::exchange(running_, true)) return;
    for (auto const& l : listeners_) {
        call_later(l->get_executor(), [l] { l->accept(); });
    }
    start_threads();
}

inline void server_state::start_threads() {
    for (auto const& w : workers_)
        if (!w->thread.joinable()) w->thread = std::thread([w] { w->context.run(); });
}

HTTPHOOKS_DECL void server_state::run() {
    run_to_end([] {});
}

inline void server_state::run_to_end(httphooks::detail::function_ref<void()> last) {
    if (workers_.empty())
        throw std::logic_error("server: run() is for a server with threads of its own");
    listen();
    std::mutex m;
    std::condition_variable ended;
    bool done = false;
    begin_run([&](error_code) {
        last();
        std::lock_guard const lock(m);
        done = true;
        ended.notify_all();
    });
    std::unique_lock lock(m);
    ended.wait(lock, [&] { return done; });
}

HTTPHOOKS_DECL void server_state::run_until_signal(std::chrono::milliseconds patience) {
    listen();
    asio::signal_set signals(get_executor(), SIGINT, SIGTERM);
    signals.async_wait([&](error_code ec, int) {
        if (ec) return;
        signals.async_wait([this](error_code again, int) {
            if (!again) stop();
        });
        begin_drain(patience, [](error_code, drain_report) {});
    });
    run_to_end([&] { signals.cancel(); });
}

HTTPHOOKS_DECL void server_state::begin_drain(std::chrono::milliseconds patience,
                                              drain_handler handler) {
    waiting<drain_handler> w(std::move(handler), get_executor());
    std::unique_lock lock(mutex_);
    if (ended_) {
        lock.unlock();
        finish(std::move(w), error_code{}, report_);
        return;
    }
    drains_.push_back(std::move(w));
    if (std::exchange(draining_, true)) return;
    running_ = true;
    start_threads();
    left_ = listeners_.size();
    patience_ = std::make_unique<asio::steady_timer>(get_executor(), patience);
    lock.unlock();

    settings_->mounts.drain();
    auto const self = shared_from_this();
    for (auto const& l : listeners_) {
        call_later(l->get_executor(), [self, l] { l->drain([self] { self->on_ended(); }); });
    }
    call_later(get_executor(), [self] {
        if (self->patience_)
            call_at_expiry(*self->patience_, [self](error_code ec) {
                if (!ec) self->cut_all();
            });
    });
}

inline void server_state::cut_all() {
    auto const self = shared_from_this();
    for (auto const& l : listeners_) {
        call_later(l->get_executor(), [self, l] {
            auto const [connections, exchanges] = l->cut();
            std::lock_guard const lock(self->mutex_);
            self->report_.connections += connections;
            self->report_.exchanges += exchanges;
        });
    }
}

HTTPHOOKS_DECL void server_state::stop() {
    begin_drain(std::chrono::milliseconds(0), [](error_code, drain_report) {});
    std::unique_lock lock(mutex_);
    bool const ended = ended_;
    lock.unlock();
    if (!ended) cut_all();  // a drain with more patience may be under way
}

/// One loop has no connections any more.
inline void server_state::on_ended() {
    std::unique_lock lock(mutex_);
    if (--left_ > 0) return;
    lock.unlock();
    // behind the cuts that other loops may still be counting, and on the timer's own thread
    call_later(get_executor(), [self = shared_from_this()] { self->complete(); });
}

inline void server_state::complete() {
    std::unique_lock lock(mutex_);
    ended_ = true;
    patience_.reset();
    auto runs = std::move(runs_);
    auto drains = std::move(drains_);
    drain_report const report = report_;
    lock.unlock();
    for (auto& w : runs) finish(std::move(w), error_code{});
    for (auto& w : drains) finish(std::move(w), error_code{}, report);
    for (auto const& w : workers_) w->work.reset();
}

}  // namespace detail

}  // namespace httphooks::http
