// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/detail/connection_core.hpp>

#include <httphooks/http/detail/later.hpp>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

namespace httphooks::http::detail {

/// Cuts a connection whose client takes nothing of what is written.
class connection_core::deadline {
public:
    explicit deadline(connection_core& of) : timer_(of.get_executor()) {}

    void set(connection_core& of) {
        of.timed_out_ = false;
        timer_.expires_after(of.write_timeout);
        call_at_expiry(timer_, [weak = of.weak_from_this()](error_code ec) {
            auto const self = weak.lock();
            // it may have been set anew while this was on its way
            if (ec || !self || self->deadline_->timer_.expiry() > clock::now()) return;
            self->timed_out_ = true;
            self->close(true);
        });
    }
    void clear() { timer_.expires_at(clock::time_point::max()); }
    void cancel() { timer_.cancel(); }

private:
    using clock = asio::steady_timer::clock_type;

    asio::steady_timer timer_;
};

HTTPHOOKS_DECL connection_core::connection_core() = default;
HTTPHOOKS_DECL connection_core::~connection_core() = default;

HTTPHOOKS_DECL asio::const_buffer connection_core::rest(std::size_t most) const noexcept {
    return {output_.data() + sent_, std::min(most, output_.size() - sent_)};
}

HTTPHOOKS_DECL void connection_core::send(std::string bytes, connection_handler handler) {
    error_code ec;
    std::size_t const written = write_now(bytes, ec);
    if (ec || written == bytes.size()) return finish(std::move(handler), ec);
    output_ = std::move(bytes);
    sent_ = written;
    if (!deadline_) deadline_ = std::make_unique<deadline>(*this);
    deadline_->set(*this);
    begin_write(std::move(handler));
}

HTTPHOOKS_DECL void connection_core::on_written(error_code ec, std::size_t n,
                                                connection_handler handler) {
    sent_ += n;
    if (!ec && sent_ < output_.size()) {
        if (n > 0) deadline_->set(*this);  // what the client takes gives it time for the next
        return begin_write(std::move(handler));
    }
    deadline_->clear();
    if (ec && timed_out_) ec = asio::error::timed_out;
    finish(std::move(handler), ec);
}

HTTPHOOKS_DECL void connection_core::wait_abort(connection_handler handler) {
    wait_handler_.swap(handler);
    cancelled_ = false;
    if (!watching_) watch();
}

inline void connection_core::watch() {
    if (input_ended && !std::exchange(told_end_, true)) return end_wait(asio::error::eof);
    watching_ = true;
    begin_watch(stop_watch_.slot());
}

HTTPHOOKS_DECL void connection_core::on_watched(error_code ec, std::size_t n) {
    input.append(piece_.data(), n);
    watching_ = false;
    if (settled_) {
        if (ec == asio::error::eof) input_ended = true;
        if (wait_handler_) end_wait(asio::error::operation_aborted);
        auto const argument = std::move(settles_);
        return std::exchange(settled_, nullptr)(argument);
    }
    if (ec == asio::error::eof) input_ended = told_end_ = true;
    if (!wait_handler_) return;
    if (cancelled_) ec = asio::error::operation_aborted;
    if (!ec && !by_readiness() && input.size() >= most_input) ec = asio::error::no_buffer_space;
    if (ec)
        end_wait(ec);
    else
        watch();
}

inline void connection_core::end_wait(error_code ec) {
    connection_handler handler;
    handler.swap(wait_handler_);
    finish(std::move(handler), ec);
}

HTTPHOOKS_DECL void connection_core::forget_waits() noexcept {
    watching_ = false;
    settled_ = nullptr;
    connection_handler waiting;
    waiting.swap(wait_handler_);
    auto const settling = std::move(settles_);
}

HTTPHOOKS_DECL void connection_core::cancel_wait() noexcept {
    if (!watching_) return;
    cancelled_ = true;
    stop_watch_.emit(asio::cancellation_type::all);
}

HTTPHOOKS_DECL void connection_core::settle(void (*then)(std::shared_ptr<void> const&),
                                            std::shared_ptr<void> argument) {
    asio::dispatch(get_executor(), [this, then, a = std::move(argument)]() mutable {
        if (!watching_) return then(a);
        settled_ = then;
        settles_ = std::move(a);
        cancel_wait();
    });
}

HTTPHOOKS_DECL void connection_core::close(bool reset) noexcept {
    if (deadline_) deadline_->cancel();
    close_stream(reset);
}

}  // namespace httphooks::http::detail
