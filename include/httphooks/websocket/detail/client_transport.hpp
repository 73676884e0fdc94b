// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A WebSocket that carries a client's session in a protocol above.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/http/absolute_url.hpp>
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

namespace httphooks::websocket::detail {

/** Opens a WebSocket, tells the session when what was sent is on its way, and ends.

    While it is open it keeps itself and the session.
    @tparam Self derives from it; has on_open(), on_failed(error_code), on_message(message const&)
        and on_closed(close_reason const&)
    @tparam Link what the session asks of each transport; has given(), with executor and options,
        owner_type, owner(), stopped() and set_stopped() */
template <class Self, class Link>
class client_transport : public Link, public std::enable_shared_from_this<Self> {
protected:
    explicit client_transport(typename Link::setup s)
        : Link(std::move(s)), retry_(this->given().executor) {}
    ~client_transport() override = default;

    /// Opens it. @param o without what is the same for all protocols
    void open(http::absolute_url const& to, client_options o);
    /// What messages are sent to, once it is open.
    connection const& socket() const noexcept { return socket_; }
    /// Something was sent; on_sent() of the owner follows.
    void watch();
    /// Ends. @return what is to be closed, if anything is
    connection leave();

private:
    /// What a WebSocket has as its data, while it is open.
    struct kept {
        std::shared_ptr<Self> link;
        std::shared_ptr<typename Link::owner_type> owner;
    };

    static std::shared_ptr<Self> of(connection const& c) {
        auto const* const held = std::any_cast<kept>(&c.data());
        return held ? held->link : nullptr;
    }

    client make_client(client_options o) const;
    void on_connected(error_code ec, connection c);
    void look_whether_sent();

    /// More than this may not wait in the WebSocket.
    static constexpr std::size_t most_unsent = 64 * 1024;
    static constexpr std::chrono::milliseconds retry_interval{20};

    asio::cancellation_signal giving_up_{};
    asio::steady_timer retry_;
    connection socket_{};
    bool sending_ = false;
};

// ---------------------------------------------------------------------------------------------

template <class Self, class Link>
client client_transport<Self, Link>::make_client(client_options o) const {
    auto const& from = *this->given().options;
    // the owner's time limit is what counts
    o.connect_timeout = std::chrono::hours(1);
    o.header_limit = from.header_limit;
    o.tls = from.tls;
    o.connection.output_limit = std::numeric_limits<std::size_t>::max();
    o.connection.close_timeout = from.close_timeout;
    o.connection.per_message_deflate = from.per_message_deflate;
    client made(this->given().executor, std::move(o));
    made.on_message([](connection& c, message const& m) {
        if (auto const self = of(c)) self->on_message(m);
    });
    made.on_close([](connection& c, close_reason const& why) {
        if (auto const self = of(c)) self->on_closed(why);
    });
    made.on_drain([](connection& c) {
        if (auto const self = of(c)) self->look_whether_sent();
    });
    return made;
}

template <class Self, class Link>
void client_transport<Self, Link>::open(http::absolute_url const& to, client_options o) {
    std::string const text =
        std::string(to.tls ? "wss://" : "ws://").append(to.host_field()).append(to.target);
    make_client(std::move(o))
        .async_connect(
            text, asio::bind_cancellation_slot(
                      giving_up_.slot(),
                      asio::bind_executor(this->given().executor,
                                          [self = this->shared_from_this(), keep = this->owner()](
                                              error_code ec, connection c) {
                                              self->on_connected(ec, std::move(c));
                                          })));
}

template <class Self, class Link>
void client_transport<Self, Link>::on_connected(error_code ec, connection c) {
    if (this->stopped()) return c.terminate();
    auto const self = this->shared_from_this();
    if (ec) return self->on_failed(ec);
    socket_ = std::move(c);
    socket_.data() = kept{self, this->owner()};
    self->on_open();
}

template <class Self, class Link>
void client_transport<Self, Link>::watch() {
    sending_ = true;
    // after the WebSocket has tried to write
    asio::post(this->given().executor, [self = this->shared_from_this(), keep = this->owner()] {
        self->look_whether_sent();
    });
}

/// The WebSocket tells only of a queue that was full for long.
template <class Self, class Link>
void client_transport<Self, Link>::look_whether_sent() {
    auto const keep = this->owner();
    if (!keep || this->stopped() || !sending_) return;
    if (socket_.buffered_amount() < most_unsent) {
        sending_ = false;
        retry_.cancel();
        return keep->on_sent(*this);
    }
    retry_.expires_after(retry_interval);
    retry_.async_wait([self = this->shared_from_this(), keep](error_code ec) {
        if (!ec) self->look_whether_sent();
    });
}

template <class Self, class Link>
connection client_transport<Self, Link>::leave() {
    this->set_stopped();
    retry_.cancel();
    giving_up_.emit(asio::cancellation_type::terminal);
    connection ended = std::exchange(socket_, {});
    // the last thing: it may be what keeps this
    if (ended) ended.data().reset();
    return ended;
}

}  // namespace httphooks::websocket::detail
