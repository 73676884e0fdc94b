// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What is behind a client's connection: finds a transport, batches what is sent, hands on what
    comes.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/context_guard.hpp>
#include <httphooks/error.hpp>
#include <httphooks/http/absolute_url.hpp>
#include <httphooks/http/client.hpp>
#include <httphooks/sockjs/client_options.hpp>
#include <httphooks/sockjs/detail/client_link.hpp>
#include <httphooks/sockjs/detail/client_outbox.hpp>
#include <httphooks/sockjs/detail/client_text.hpp>
#include <httphooks/websocket/detail/client_session_base.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>

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
                             public websocket::detail::client_session_base {
public:
    using handler = asio::any_completion_handler<void(error_code, client_connection)>;

    client_session(asio::any_io_executor const& executor,
                   std::shared_ptr<client_settings const> settings, http::absolute_url url,
                   handler done);

    void start();

    bool send(std::string_view message);
    bool close(close_code code, std::string_view reason);
    void pause();
    void resume();

    std::size_t buffered() const noexcept { return outbox_.size(); }
    std::string_view transport() const noexcept { return name_; }

private:
    struct loss {
        close_code code;
        std::string why;
    };

    void on_sign_of_life() override { last_sign_ = clock::now(); }
    HTTPHOOKS_DECL void on_frame(client_link& from, std::string_view frame) override;
    HTTPHOOKS_DECL void on_sent(client_link& from) override;
    HTTPHOOKS_DECL void on_lost(client_link& from, close_code code, std::string_view why) override;

    using clock = std::chrono::steady_clock;

    HTTPHOOKS_DECL bool make_next() override;
    void start_link() override { link_->start(); }
    HTTPHOOKS_DECL void give_up() override;
    HTTPHOOKS_DECL void complete(error_code ec) override;
    HTTPHOOKS_DECL void run() override;
    HTTPHOOKS_DECL void end_now() override;

    std::shared_ptr<client_session> self() {
        return std::static_pointer_cast<client_session>(shared_from_this());
    }
    client_options const& options() const noexcept { return settings_->options; }

    void on_info(error_code ec, response const& r);
    void try_next();
    std::shared_ptr<client_link> make_link(client_transport which);
    void process(server_frame const& frame);
    void deliver(std::string_view messages);
    void open();
    void hold();
    void release();
    void watch();
    void end(close_code code, std::string_view reason);
    void drop_link(close_code code, std::string_view reason);

    std::shared_ptr<client_settings const> settings_;
    http::absolute_url url_;
    handler done_;
    std::optional<http::client> asking_{};
    clock::time_point asked_at_{};
    std::deque<client_transport> left_{};
    http::absolute_url base_{};
    fields headers_{};
    std::chrono::milliseconds open_limit_{};
    std::shared_ptr<client_link> link_{};
    std::string_view name_{};
    client_outbox outbox_;
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
    httphooks::detail::context_guard guard_;  // the last: its end comes first
};

}  // namespace httphooks::sockjs::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/detail/impl/client_session.ipp>
#endif
