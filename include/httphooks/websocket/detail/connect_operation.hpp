// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Opens a WebSocket to a server: resolves, connects, shakes hands.
*/

#include <httphooks/config.hpp>
#include <httphooks/http/absolute_url.hpp>
#include <httphooks/http/client_stream.hpp>
#include <httphooks/http/detail/response_parser.hpp>
#include <httphooks/websocket/connection.hpp>
#include <httphooks/websocket/error.hpp>
#include <httphooks/websocket/handshake.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::websocket::detail {

/// What a connection is opened with.
struct connect_request {
    std::shared_ptr<channel_settings const> settings{};
    http::absolute_url url{};
    std::vector<std::string> subprotocols{};
    fields headers{};
    http::client_stream_factory tls{};
    std::chrono::milliseconds timeout{};
    std::size_t header_limit = 0;
};

/// One attempt; keeps itself alive until it has completed.
class connect_operation : public std::enable_shared_from_this<connect_operation> {
public:
    using handler = asio::any_completion_handler<void(error_code, connection)>;

    connect_operation(asio::any_io_executor const& executor, connect_request what, handler done)
        : what_(std::move(what)),
          done_(std::move(done)),
          executor_(executor),
          deadline_(executor),
          resolver_(executor),
          parser_(what_.header_limit, 0, false) {}

    void start();
    /// Completes with operation_aborted.
    void cancel() { finish(asio::error::operation_aborted); }

private:
    using tcp = asio::ip::tcp;

    inline void connect(tcp::resolver::results_type const& where);
    inline void shake_hands();
    inline void read();
    inline void on_read(error_code ec, std::size_t n);
    inline error_code agree(std::unique_ptr<message_codec>& codec);
    inline void open(std::string rest);
    void finish(error_code ec, connection c = {});

    connect_request what_;
    handler done_;
    asio::any_io_executor executor_;
    asio::steady_timer deadline_;
    tcp::resolver resolver_;
    std::unique_ptr<http::client_stream> stream_{};
    std::string const key_ = make_key();
    request request_{};
    std::string output_{};
    std::string input_{};
    std::array<char, 4096> piece_{};
    http::detail::response_parser parser_;
    bool finished_ = false;
};

}  // namespace httphooks::websocket::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/websocket/detail/impl/connect_operation.ipp>
#endif
