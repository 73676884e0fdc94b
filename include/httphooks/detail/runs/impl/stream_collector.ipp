// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/runs/stream_collector.hpp>

#include <httphooks/detail/runs/async_run.hpp>
#include <httphooks/detail/system/later.hpp>
#include <httphooks/exchange.hpp>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace httphooks::detail {

HTTPHOOKS_DECL stream_collector::stream_collector(exchange_ptr ex,
                                                  std::shared_ptr<stream_body> stream,
                                                  std::size_t most, std::chrono::milliseconds time)
    : exchange_(std::move(ex)), stream_(std::move(stream)), most_(most), time_(time) {}

HTTPHOOKS_DECL stream_collector::~stream_collector() {
    if (stream_ && begun_) stream_->stop();
}

HTTPHOOKS_DECL void stream_collector::start(asio::any_io_executor const& executor) {
    executor_ = executor;
    call_later(executor_, [self = shared_from_this()] { self->begin(); });
}

inline void stream_collector::begin() {
    if (!exchange_) return;  // it was cancelled
    if (time_.count() > 0) {
        timer_.emplace(executor_);
        timer_->expires_after(time_);
        timer_->async_wait([weak = weak_from_this()](error_code ec) {
            auto const self = weak.lock();
            if (!ec && self) self->finish(make_error_code(httphooks::error::time_limit));
        });
    }
    // a hook has returned one response to two requests: the other's goes on
    if (stream_->started()) return finish(make_error_code(httphooks::error::stream_closed));
    begun_ = true;
    stream_->start(executor_, *this);
    on_stream();
}

HTTPHOOKS_DECL void stream_collector::on_stream() noexcept {
    using taken = stream_body::taken;
    for (;;) {
        if (!exchange_) return;
        switch (stream_->take(text_, most_ - text_.size() + 1, false)) {
            case taken::some:
                if (text_.size() > most_)
                    return finish(make_error_code(httphooks::error::stream_limit));
                break;
            case taken::nothing:
                return;
            case taken::end:
                return finish({});
            case taken::failure:
                return finish(asio::error::operation_aborted);
        }
    }
}

inline void stream_collector::finish(error_code ec) noexcept {
    auto const ex = std::exchange(exchange_, nullptr);
    if (!ex) return;
    let_go();
    error_ = ec;
    done_.store(true, std::memory_order_release);
    try {
        call_later(ex->get_executor(), [ex] { pipeline_signal(*ex); });
    } catch (...) {  // no memory: here, then
        pipeline_signal(*ex);
    }
}

inline void stream_collector::let_go() noexcept {
    timer_.reset();
    if (begun_) stream_->stop();
    stream_.reset();
}

HTTPHOOKS_DECL void stream_collector::cancel() noexcept {
    try {
        asio::dispatch(executor_, [self = shared_from_this()] {
            if (std::exchange(self->exchange_, nullptr)) self->let_go();
        });
    } catch (...) {  // no memory: it ends by itself
        return;
    }
}

HTTPHOOKS_DECL void stream_collector::detach() noexcept {
    exchange_.reset();
    timer_.reset();
}

}  // namespace httphooks::detail
