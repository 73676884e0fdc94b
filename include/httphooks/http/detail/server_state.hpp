// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A server's event loops and threads, and how they begin and end together.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/context_guard.hpp>
#include <httphooks/detail/system/function_ref.hpp>
#include <httphooks/error.hpp>
#include <httphooks/http/detail/admission.hpp>
#include <httphooks/http/detail/listener_base.hpp>
#include <httphooks/http/detail/loop.hpp>
#include <httphooks/http/drain_report.hpp>
#include <httphooks/http/mount.hpp>
#include <httphooks/http/options.hpp>
#include <httphooks/server_counters.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace httphooks::http::detail {

/** What the handles of a server share. Thread-safe, but for mounts() and listen(). */
class server_state : public std::enable_shared_from_this<server_state> {
public:
    using run_handler = asio::any_completion_handler<void(error_code)>;
    using drain_handler = asio::any_completion_handler<void(error_code, drain_report)>;

    explicit server_state(http::options o);

    /// Watches that the context of the caller's executor outlives the server.
    void watch(asio::any_io_executor const& executor) { guard_.watch(executor); }
    /// Adds an event loop on a thread of the server's own, and gives its context.
    asio::io_context& add_worker();
    void add(std::shared_ptr<listener_base> l) { listeners_.push_back(std::move(l)); }

    std::shared_ptr<server_settings const> settings() const noexcept { return settings_; }
    std::shared_ptr<admission> const& admitted() const noexcept { return admission_; }

    /// What handles share: the last of them ends the threads. Operations hold the state itself.
    std::shared_ptr<server_state> handle();

    http::mounts& mounts();
    void listen();
    /// What is, or was, listened on.
    asio::ip::tcp::endpoint const& local_endpoint() const noexcept { return endpoint_; }
    asio::any_io_executor get_executor() const { return listeners_.front()->get_executor(); }
    std::shared_ptr<server_counters const> counters() const noexcept { return settings_->counters; }
    void run();
    void run_until_signal(std::chrono::milliseconds patience);
    void stop();

    void begin_run(run_handler handler);
    void begin_drain(std::chrono::milliseconds patience, drain_handler handler);

private:
    /// Who waits for the end, and keeps the context of its executor busy until it is told.
    template <class Handler>
    struct waiting {
        waiting(Handler h, asio::any_io_executor const& fallback)
            : work(asio::get_associated_executor(h, fallback)), handler(std::move(h)) {}

        asio::executor_work_guard<asio::associated_executor_t<Handler, asio::any_io_executor>> work;
        Handler handler;
    };

    struct worker {
        asio::io_context context{1};
        asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
        std::thread thread{};
    };

    /// Runs until the server has ended; then `last` is called by the first thread.
    inline void run_to_end(httphooks::detail::function_ref<void()> last);
    inline void start_threads();
    inline void end_threads() noexcept;
    inline void cut_all();
    inline void on_ended();
    inline void complete();
    template <class Handler, class... Results>
    void finish(waiting<Handler> w, Results... results);

    std::shared_ptr<server_settings> settings_;
    std::shared_ptr<admission> admission_;
    std::vector<std::shared_ptr<worker>> workers_;
    std::vector<std::shared_ptr<listener_base>> listeners_;

    std::mutex mutex_;
    std::vector<waiting<run_handler>> runs_;
    std::vector<waiting<drain_handler>> drains_;
    std::unique_ptr<asio::steady_timer> patience_;
    drain_report report_;
    /// Set before a thread runs: acceptors are their loops' own.
    asio::ip::tcp::endpoint endpoint_{};
    std::size_t left_ = 0;
    bool listening_ = false;
    bool running_ = false;
    bool draining_ = false;
    bool ended_ = false;
    httphooks::detail::context_guard guard_{};
};

}  // namespace httphooks::http::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/detail/impl/server_state.ipp>
#endif
