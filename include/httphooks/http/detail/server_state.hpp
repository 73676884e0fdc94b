// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A server's event loops and threads, and how they begin and end together.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/registry/exchange_factory.hpp>
#include <httphooks/detail/system/context_guard.hpp>
#include <httphooks/error.hpp>
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

template <class Handler, class... Results>
void server_state::finish(Handler handler, Results... results) {
    asio::post(get_executor(), asio::append(std::move(handler), results...));
}

}  // namespace detail
}  // namespace httphooks::http

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/detail/impl/server_state.ipp>
#endif
