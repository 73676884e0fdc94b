// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The client's WebSocket transport: one packet in each message.
*/

#include <httphooks/engineio/detail/client_link.hpp>
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
#include <utility>
#include <vector>

namespace httphooks::engineio::detail {

class client_websocket final : public client_link,
                               public std::enable_shared_from_this<client_websocket> {
public:
    explicit client_websocket(setup s) : client_link(std::move(s)), retry_(given().executor) {}

    transport_kind kind() const noexcept override { return transport_kind::websocket; }
    void start() override;
    void send(std::vector<packet> packets) override;
    void pause() override {}
    void resume() override {}
    void stop(bool tell) override;

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
    o.headers = from.headers;
    // the owner's time limit is what counts
    o.connect_timeout = std::chrono::hours(1);
    o.header_limit = from.header_limit;
    o.tls = from.tls;
    o.connection.message.size = from.payload_limit;
    o.connection.output_limit = std::numeric_limits<std::size_t>::max();
    o.connection.ping_interval = std::chrono::milliseconds(0);  // the protocol has its own
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
    http::absolute_url const to = url();
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
    if (ec) return lost(close_reason::transport_error, ec);
    auto const keep = owner();
    socket_ = std::move(c);
    socket_.data() = kept{shared_from_this(), keep};
    keep->on_ready(*this);
}

inline void client_websocket::on_message(websocket::message const& m) {
    auto const keep = owner();
    if (!keep || stopped()) return;
    packet_view p;
    if (auto const ec = read_frame(p, m.data, m.binary)) return lost(close_reason::parse_error, ec);
    keep->on_packet(*this, p);
}

inline void client_websocket::on_closed(websocket::close_reason const& why) {
    auto const keep = owner();
    bool const broken = why.code == websocket::close_code::protocol_error ||
                        why.code == websocket::close_code::invalid_payload ||
                        why.code == websocket::close_code::too_big;
    lost(broken ? close_reason::transport_error : close_reason::transport_close, error::closed);
}

inline void client_websocket::send(std::vector<packet> packets) {
    sending_ = true;
    for (packet const& p : packets)
        socket_.send_with(p.binary, p.data.size() + 1,
                          [&p](std::string& out) { append_frame(out, p.view()); });
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

inline void client_websocket::stop(bool tell) {
    set_stopped();
    retry_.cancel();
    giving_up_.emit(asio::cancellation_type::terminal);
    if (!socket_) return;
    websocket::connection const ended = std::exchange(socket_, {});
    ended.data().reset();
    if (tell)
        ended.close();
    else
        ended.terminate();
}

}  // namespace httphooks::engineio::detail
