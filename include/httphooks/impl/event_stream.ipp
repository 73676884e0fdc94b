// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/event_stream.hpp>

#include <httphooks/detail/runs/written_stream.hpp>
#include <httphooks/detail/system/timer.hpp>

#include <boost/asio/bind_executor.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

namespace httphooks::detail {

/// Sends a comment when nothing was sent since it last looked. On the stream's executor.
class stream_heartbeat final : public std::enable_shared_from_this<stream_heartbeat> {
public:
    stream_heartbeat(std::weak_ptr<written_stream> stream, asio::any_io_executor const& executor,
                     std::chrono::milliseconds interval)
        : stream_(std::move(stream)), timer_(executor), interval_(interval) {}

    void wait() {
        timer_.expires_after(interval_);
        timer_.async_wait([self = shared_from_this()](error_code ec) {
            if (!ec) self->beat();
        });
    }

    void stop() {
        stream_.reset();
        timer_.cancel();
    }

private:
    void beat() {
        auto const stream = stream_.lock();
        if (!stream || stream->closed()) return;
        if (stream->taken_so_far() == seen_ && stream->idle()) {
            auto done = asio::bind_executor(stream->executor(), [](error_code) {});
            auto op = written_stream::make_operation(stream, std::move(done), event_heartbeat);
            written_stream::write(stream, std::move(op));
        }
        seen_ = stream->taken_so_far();
        wait();
    }

    std::weak_ptr<written_stream> stream_;
    timer timer_;
    std::chrono::milliseconds interval_;
    std::uint64_t seen_ = 0;
};

HTTPHOOKS_DECL void keep_alive(stream_writer const& out, std::chrono::milliseconds interval) {
    if (interval.count() <= 0) return;
    auto const executor = out.get_executor();
    auto const beats = std::make_shared<stream_heartbeat>(out.stream(), executor, interval);
    beats->wait();
    out.async_wait_closed(asio::bind_executor(executor, [beats](error_code) { beats->stop(); }));
}

}  // namespace httphooks::detail
