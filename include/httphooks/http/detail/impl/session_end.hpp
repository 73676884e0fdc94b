// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    How a connection of a server ends: a farewell, time for the client to hear it, and the close.
*/

#include <httphooks/error.hpp>
#include <httphooks/http/detail/session.hpp>

#include <httphooks/http/detail/stream.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/socket_base.hpp>

#include <array>
#include <cstddef>
#include <memory>

namespace httphooks::http::detail {

template <class Stream>
void session<Stream>::say_farewell() {
    if (phase_ != phase::serving) return;
    loop_->deadline(*this,
                    loop_->wheel().now() + timer_wheel::ticks(loop_->options().linger_timeout));
    bool const replied = work_ != nullptr || replied_;
    drop_work();
    if constexpr (by_handshake) {
        phase_ = phase::farewell;
        stream_.async_shutdown(then(&session::on_farewell));
    } else {
        if (input_ended_ || !replied) return close(false);
        phase_ = phase::lingering;
        shutdown_send(stream_);
        linger();
    }
}

template <class Stream>
void session<Stream>::on_farewell(error_code, std::size_t) {
    if (phase_ != phase::farewell) return;
    phase_ = phase::lingering;
    shutdown_send(stream_);
    linger();
}

template <class Stream>
void session<Stream>::linger() {
    if constexpr (by_readiness) {
        stream_.async_wait(asio::socket_base::wait_read, then(&session::on_linger));
    } else {
        if (!own_.input) own_.input = std::make_unique<std::array<char, own_buffer>>();
        under_tls(stream_).async_read_some(asio::buffer(*own_.input), then(&session::on_linger));
    }
}

template <class Stream>
void session<Stream>::on_linger(error_code ec, std::size_t n) {
    if (phase_ != phase::lingering) return;
    if constexpr (by_readiness) {
        auto& buffer = loop_->read_buffer();
        if (!ec) n = stream_.read_some(asio::mutable_buffer(buffer.data(), buffer.size()), ec);
        if (not_now(ec)) ec = {};
    }
    if (ec || !dropped_.add(n, loop_->options()))
        close(false);
    else
        linger();
}

template <class Stream>
void session<Stream>::close(bool reset) noexcept {
    if (phase_ == phase::closed) return;
    pointer const keep(this);
    phase_ = phase::closed;
    dropped_.release();
    if (reset)
        reset_stream(stream_);
    else
        close_stream(stream_);
    drop_work();
    waiting_.set(0);
    ticket_.reset();
    loop_->leave(*this);
}

}  // namespace httphooks::http::detail
