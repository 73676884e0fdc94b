// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A server's event loops and threads, and how they begin and end together.
*/

#include <httphooks/detail/registry/exchange_factory.hpp>
#include <httphooks/detail/system/context_guard.hpp>
#include <httphooks/http/detail/admission.hpp>
#include <httphooks/http/detail/listener.hpp>
#include <httphooks/http/options.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/consign.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace httphooks::http {

/// What a server that was shut down did not finish.
struct drain_report {
    /// Connections that were cut.
    std::size_t connections = 0;
    /// Requests whose reply was not sent.
    std::size_t exchanges = 0;
};

namespace detail {

/** What the handles of a server share. Thread-safe, but for mounts() and listen(). */
class server_state : public std::enable_shared_from_this<server_state> {
public:
    using factory = std::function<std::unique_ptr<httphooks::detail::exchange_factory>()>;
    using run_handler = asio::any_completion_handler<void(error_code)>;
    using drain_handler = asio::any_completion_handler<void(error_code, drain_report)>;

    template <class Wrap>
    static std::shared_ptr<server_state> on_executor(asio::any_io_executor executor,
                                                     factory const& hooks, http::options o,
                                                     Wrap wrap);
    template <class Wrap>
    static std::shared_ptr<server_state> with_threads(factory const& hooks, http::options o,
                                                      Wrap wrap);

    explicit server_state(http::options o);

    /// What handles share: the last of them ends the threads. Operations hold the state itself.
    std::shared_ptr<server_state> handle();

    http::mounts& mounts();
    void listen();
    asio::ip::tcp::endpoint local_endpoint() const;
    asio::any_io_executor get_executor() const { return listeners_.front()->get_executor(); }
    std::shared_ptr<server_counters const> counters() const noexcept { return settings_->counters; }
    void run();
    void stop();

    template <class Token>
    auto async_run(Token&& token) {
        return asio::async_initiate<Token, void(error_code)>(
            [](auto handler, std::shared_ptr<server_state> self) {
                with_work<void(error_code)>(
                    std::move(handler), self->get_executor(),
                    [&self](run_handler h) { self->begin_run(std::move(h)); });
            },
            token, shared_from_this());
    }

    template <class Token>
    auto async_drain(std::chrono::milliseconds patience, Token&& token) {
        return asio::async_initiate<Token, void(error_code, drain_report)>(
            [](auto handler, std::shared_ptr<server_state> self, std::chrono::milliseconds p) {
                with_work<void(error_code, drain_report)>(
                    std::move(handler), self->get_executor(),
                    [&](drain_handler h) { self->begin_drain(p, std::move(h)); });
            },
            token, shared_from_this(), patience);
    }

private:
    /// Begins with a handler that keeps its executor's context busy until it is called.
    template <class Signature, class Handler, class Begin>
    static void with_work(Handler handler, asio::any_io_executor const& fallback, Begin begin) {
        auto work = asio::make_work_guard(asio::get_associated_executor(handler, fallback));
        auto busy = asio::consign(std::move(handler), std::move(work));
        asio::async_initiate<decltype(busy), Signature>([&begin](auto h) { begin(std::move(h)); },
                                                        busy);
    }

    struct worker {
        asio::io_context context{1};
        asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
        std::thread thread{};
    };

    void begin_run(run_handler handler);
    void begin_drain(std::chrono::milliseconds patience, drain_handler handler);
    void start_threads();
    void end_threads() noexcept;
    void cut_all();
    void on_ended();
    void complete();
    template <class Handler, class... Results>
    void finish(Handler handler, Results... results);

    std::shared_ptr<server_settings> settings_;
    std::shared_ptr<admission> admission_;
    std::vector<std::shared_ptr<worker>> workers_;
    std::vector<std::shared_ptr<listener_base>> listeners_;

    std::mutex mutex_;
    std::vector<run_handler> runs_;
    std::vector<drain_handler> drains_;
    std::unique_ptr<asio::steady_timer> patience_;
    drain_report report_;
    std::size_t left_ = 0;
    bool listening_ = false;
    bool running_ = false;
    bool draining_ = false;
    bool ended_ = false;
    httphooks::detail::context_guard guard_{};
};

// ---------------------------------------------------------------------------------------------

inline server_state::server_state(http::options o)
    : settings_(std::make_shared<server_settings>()),
      admission_(std::make_shared<admission>(o.max_connections, o.max_connections_per_address,
                                             settings_->counters)) {
    if (o.pipeline_limit == 0 || o.output_limit == 0)
        throw std::invalid_argument("server: pipeline_limit and output_limit must not be 0");
    if (!httphooks::detail::is_field_text(o.server_name))
        throw std::invalid_argument("server: server_name is not a field's value");
    settings_->proxies = trusted_networks(o.trusted_proxies);
    settings_->options = std::move(o);
}

template <class Wrap>
std::shared_ptr<server_state> server_state::on_executor(asio::any_io_executor executor,
                                                        factory const& hooks, http::options o,
                                                        Wrap wrap) {
    auto state = std::make_shared<server_state>(std::move(o));
    state->guard_.watch(executor);
    using concrete = asio::io_context::executor_type;
    if (auto const* const known = executor.target<concrete>())
        state->listeners_.push_back(std::make_shared<listener<concrete, Wrap>>(
            *known, hooks(), state->settings_, state->admission_, wrap));
    else
        state->listeners_.push_back(std::make_shared<listener<asio::any_io_executor, Wrap>>(
            executor, hooks(), state->settings_, state->admission_, wrap));
    return state->handle();
}

template <class Wrap>
std::shared_ptr<server_state> server_state::with_threads(factory const& hooks, http::options o,
                                                         Wrap wrap) {
    if (o.threads == 0) throw std::invalid_argument("server: threads must not be 0");
    unsigned const threads = o.threads;
    auto state = std::make_shared<server_state>(std::move(o));
    for (unsigned i = 0; i < threads; ++i) {
        auto w = std::make_shared<worker>();
        state->listeners_.push_back(
            std::make_shared<listener<asio::io_context::executor_type, Wrap>>(
                w->context.get_executor(), hooks(), state->settings_, state->admission_, wrap));
        state->workers_.push_back(std::move(w));
    }
    return state->handle();
}

inline std::shared_ptr<server_state> server_state::handle() {
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

inline http::mounts& server_state::mounts() {
    std::lock_guard const lock(mutex_);
    if (running_) throw std::logic_error("server: mounts are added before the server runs");
    return settings_->mounts;
}

inline asio::ip::tcp::endpoint server_state::local_endpoint() const {
    return listeners_.front()->local_endpoint();
}

inline void server_state::listen() {
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
    if (!ec) return;
    for (auto const& l : listeners_) l->close();
    listening_ = false;
    throw system_error(ec, "cannot listen on " + o.address);
}

template <class Handler, class... Results>
void server_state::finish(Handler handler, Results... results) {
    asio::post(get_executor(), asio::append(std::move(handler), results...));
}

inline void server_state::begin_run(run_handler handler) {
    try {
        listen();
    } catch (system_error const& e) {
        finish(std::move(handler), e.code());
        std::lock_guard const lock(mutex_);
        start_threads();
        return;
    }
    std::unique_lock lock(mutex_);
    if (ended_) {
        lock.unlock();
        finish(std::move(handler), error_code{});
        return;
    }
    runs_.push_back(std::move(handler));
    if (std::exchange(running_, true)) return;
    for (auto const& l : listeners_) {
        auto const executor = l->get_executor();
        asio::post(executor, [l] { l->accept(); });
    }
    start_threads();
}

inline void server_state::start_threads() {
    for (auto const& w : workers_)
        if (!w->thread.joinable()) w->thread = std::thread([w] { w->context.run(); });
}

inline void server_state::run() {
    if (workers_.empty())
        throw std::logic_error("server: run() is for a server with threads of its own");
    listen();
    std::mutex m;
    std::condition_variable ended;
    bool done = false;
    begin_run([&](error_code) {
        std::lock_guard const lock(m);
        done = true;
        ended.notify_all();
    });
    std::unique_lock lock(m);
    ended.wait(lock, [&] { return done; });
}

inline void server_state::begin_drain(std::chrono::milliseconds patience, drain_handler handler) {
    std::unique_lock lock(mutex_);
    if (ended_) {
        lock.unlock();
        finish(std::move(handler), error_code{}, report_);
        return;
    }
    drains_.push_back(std::move(handler));
    if (std::exchange(draining_, true)) return;
    running_ = true;
    start_threads();
    left_ = listeners_.size();
    patience_ = std::make_unique<asio::steady_timer>(get_executor(), patience);
    lock.unlock();

    settings_->mounts.drain();
    auto const self = shared_from_this();
    for (auto const& l : listeners_) {
        auto const executor = l->get_executor();
        asio::post(executor, [self, l] { l->drain([self] { self->on_ended(); }); });
    }
    auto const first = get_executor();
    asio::post(first, [self] {
        if (self->patience_)
            self->patience_->async_wait([self](error_code ec) {
                if (!ec) self->cut_all();
            });
    });
}

inline void server_state::cut_all() {
    auto const self = shared_from_this();
    for (auto const& l : listeners_) {
        auto const executor = l->get_executor();
        asio::post(executor, [self, l] {
            auto const [connections, exchanges] = l->cut();
            std::lock_guard const lock(self->mutex_);
            self->report_.connections += connections;
            self->report_.exchanges += exchanges;
        });
    }
}

inline void server_state::stop() {
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
    auto const first = get_executor();
    asio::post(first, [self = shared_from_this()] { self->complete(); });
}

inline void server_state::complete() {
    std::unique_lock lock(mutex_);
    ended_ = true;
    patience_.reset();
    auto runs = std::move(runs_);
    auto drains = std::move(drains_);
    drain_report const report = report_;
    lock.unlock();
    for (auto& h : runs) finish(std::move(h), error_code{});
    for (auto& h : drains) finish(std::move(h), error_code{}, report);
    for (auto const& w : workers_) w->work.reset();
}

}  // namespace detail
}  // namespace httphooks::http
