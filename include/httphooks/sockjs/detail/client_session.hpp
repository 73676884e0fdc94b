// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What is behind a client's connection: finds a transport, batches what is sent, hands on what
    comes.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/context_guard.hpp>
#include <httphooks/http/absolute_url.hpp>
#include <httphooks/http/client.hpp>
#include <httphooks/sockjs/client_options.hpp>
#include <httphooks/sockjs/detail/client_link.hpp>
#include <httphooks/sockjs/detail/client_outbox.hpp>
#include <httphooks/sockjs/detail/client_text.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace httphooks::sockjs {

class client_connection;

}  // namespace httphooks::sockjs

namespace httphooks::sockjs::detail {

/// What the connections of a client share.
struct client_settings {
    client_options options{};
    std::function<void(client_connection&, std::string_view)> message{};
    std::function<void(client_connection&, close_code, std::string_view)> close{};
};

class client_session final : public client_link_owner,
                             public std::enable_shared_from_this<client_session> {
public:
    using handler = asio::any_completion_handler<void(error_code, client_connection)>;

    client_session(asio::any_io_executor const& executor,
                   std::shared_ptr<client_settings const> settings, http::absolute_url url,
                   handler done);

    void start();
    /// Gives up while it is not open.
    void cancel() { refuse(asio::error::operation_aborted); }

    bool send(std::string_view message);
    bool close(close_code code, std::string_view reason);
    void pause();
    void resume();

    bool is_open() const noexcept { return current() == state::open; }
    std::size_t buffered() const noexcept { return outbox_.size(); }
    std::string_view transport() const noexcept { return name_; }
    asio::any_io_executor const& executor() const noexcept { return executor_; }

private:
    enum class state : std::uint8_t { connecting, open, closing, closed };
    struct loss {
        close_code code;
        std::string why;
    };

    void on_sign_of_life() override { last_sign_ = clock::now(); }
    void on_frame(client_link& from, std::string_view frame) override;
    void on_sent(client_link& from) override;
    void on_lost(client_link& from, close_code code, std::string_view why) override;

    using clock = std::chrono::steady_clock;

    client_options const& options() const noexcept { return settings_->options; }
    state current() const noexcept { return state_.load(std::memory_order_acquire); }
    void enter(state s) noexcept { state_.store(s, std::memory_order_release); }

    void on_info(error_code ec, response const& r);
    void try_next();
    std::shared_ptr<client_link> make_link(client_transport which);
    void process(server_frame const& frame);
    void deliver(std::string_view messages);
    void open();
    void hold();
    void release();
    void run();
    void watch();
    /// Completes the attempt with an error.
    void refuse(error_code ec);
    void complete(error_code ec);
    void end(close_code code, std::string_view reason);
    void drop_link(close_code code, std::string_view reason);

    asio::any_io_executor executor_;
    std::shared_ptr<client_settings const> settings_;
    http::absolute_url url_;
    handler done_;
    asio::steady_timer timer_;
    asio::steady_timer closing_timer_;
    std::optional<http::client> asking_{};
    clock::time_point asked_at_{};
    std::deque<client_transport> left_{};
    http::absolute_url base_{};
    fields headers_{};
    std::chrono::milliseconds open_limit_{};
    error_code failure_{error::no_transport};
    std::shared_ptr<client_link> link_{};
    std::string_view name_{};
    client_outbox outbox_;
    std::atomic<state> state_{state::connecting};
    clock::time_point last_sign_{};
    /// Frames that came while held.
    std::deque<std::string> frames_{};
    /// How the transport was lost behind them.
    std::optional<loss> lost_{};
    close_code closing_code_{};
    std::string closing_reason_{};
    std::string scratch_{};
    bool sending_ = false;
    bool held_ = false;
    /// By the application.
    bool paused_ = false;
    httphooks::detail::context_guard guard_;
};

}  // namespace httphooks::sockjs::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/detail/impl/client_session.ipp>
#endif
