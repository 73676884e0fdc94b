// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The client's WebSocket transport: one frame of SockJS in each message.
*/

#include <httphooks/sockjs/detail/client_link.hpp>
#include <httphooks/sockjs/detail/client_text.hpp>
#include <httphooks/websocket/client.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <any>
#include <chrono>
#include <cstddef>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::sockjs::detail {

class client_websocket final : public client_link,
                               public std::enable_shared_from_this<client_websocket> {
public:
    explicit client_websocket(setup s) : client_link(std::move(s)), retry_(given().executor) {}

    void start() override;
    void send(std::string messages) override;
    void hold(bool on) override;
    void stop(close_code code, std::string_view reason) override;
    bool needs_heartbeats() const noexcept override { return false; }

private:
    /// What a WebSocket has as its data, while it is open.
    struct kept {
        std::shared_ptr<client_websocket> link;
        std::shared_ptr<client_link_owner> owner;
    };

    static std::shared_ptr<client_websocket> of(websocket::connection const& c) {
        auto const* const held = std::any_cast<kept>(&c.data());
        return held ? held->link : nullptr;
    }

    websocket::client make_client() const;
    void on_connected(error_code ec, websocket::connection c);
    void on_message(websocket::message const& m);
    void on_closed(websocket::close_reason const& why);
    void look_whether_sent();

    /// More than this may not wait in the WebSocket.
    static constexpr std::size_t most_unsent = 64 * 1024;
    static constexpr std::chrono::milliseconds retry_interval{20};

    asio::cancellation_signal giving_up_{};
    asio::steady_timer retry_;
    websocket::connection socket_{};
    bool sending_ = false;
};

// ---------------------------------------------------------------------------------------------

inline websocket::client client_websocket::make_client() const {
    client_options const& from = *given().options;
    websocket::client_options o;
    o.headers = given().headers;
    // the owner's time limit is what counts
    o.connect_timeout = std::chrono::hours(1);
    o.header_limit = from.header_limit;
    o.tls = from.tls;
    o.connection.message.size = from.frame_limit;
    o.connection.output_limit = std::numeric_limits<std::size_t>::max();
    o.connection.ping_interval = from.heartbeat_timeout / 2;
    o.connection.pong_timeout = from.heartbeat_timeout / 2;
    o.connection.close_timeout = from.close_timeout;
    websocket::client made(given().executor, std::move(o));
    made.on_message([](websocket::connection& c, websocket::message const& m) {
        if (auto const self = of(c)) self->on_message(m);
    });
    made.on_close([](websocket::connection& c, websocket::close_reason const& why) {
        if (auto const self = of(c)) self->on_closed(why);
    });
    made.on_drain([](websocket::connection& c) {
        if (auto const self = of(c)) self->look_whether_sent();
    });
    return made;
}

inline void client_websocket::start() {
    http::absolute_url const to = url_below(given().url, "/websocket");
    std::string const text =
        std::string(to.tls ? "wss://" : "ws://").append(to.host_field()).append(to.target);
    make_client().async_connect(
        text,
        asio::bind_cancellation_slot(
            giving_up_.slot(),
            asio::bind_executor(given().executor, [self = shared_from_this(), keep = owner()](
                                                      error_code ec, websocket::connection c) {
                self->on_connected(ec, std::move(c));
            })));
}

inline void client_websocket::on_connected(error_code ec, websocket::connection c) {
    if (stopped()) return c.terminate();
    if (ec) return lost(close_code::abnormal, ec.message());
    socket_ = std::move(c);
    socket_.data() = kept{shared_from_this(), owner()};
}

inline void client_websocket::on_message(websocket::message const& m) {
    auto const keep = owner();
    if (!keep || stopped() || m.data.empty()) return;
    keep->on_frame(*this, m.data);
}

inline void client_websocket::on_closed(websocket::close_reason const& why) {
    auto const keep = owner();
    bool const told = why.clean && !why.text.empty();
    lost(static_cast<close_code>(why.code), told ? why.text : "WebSocket connection ended");
}

inline void client_websocket::send(std::string messages) {
    sending_ = true;
    socket_.send(messages);
    // after the WebSocket has tried to write
    asio::post(given().executor,
               [self = shared_from_this(), keep = owner()] { self->look_whether_sent(); });
}

/// The WebSocket tells only of a queue that was full for long.
inline void client_websocket::look_whether_sent() {
    auto const keep = owner();
    if (!keep || stopped() || !sending_) return;
    if (socket_.buffered_amount() < most_unsent) {
        sending_ = false;
        retry_.cancel();
        return keep->on_sent(*this);
    }
    retry_.expires_after(retry_interval);
    retry_.async_wait([self = shared_from_this(), keep](error_code ec) {
        if (!ec) self->look_whether_sent();
    });
}

inline void client_websocket::hold(bool on) {
    if (!socket_) return;
    if (on)
        socket_.pause();
    else
        socket_.resume();
}

inline void client_websocket::stop(close_code code, std::string_view reason) {
    set_stopped();
    retry_.cancel();
    giving_up_.emit(asio::cancellation_type::terminal);
    if (!socket_) return;
    websocket::connection const ended = std::exchange(socket_, {});
    auto const n = static_cast<websocket::close_code>(code);
    ended.data().reset();
    if (websocket::may_be_sent(n))
        ended.close(n, reason);
    else
        ended.terminate();
}

}  // namespace httphooks::sockjs::detail
