// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    One event loop of a server on memory streams, with a clock that the test moves.
*/

#include <httphooks/http/detail/session.hpp>
#include <httphooks/http/detail/session_loop.hpp>
#include <httphooks/registry.hpp>

#include "support/memory_stream.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace support {

namespace hh = httphooks;

/// Serves the hooks of `registry`; nothing happens but in run() and pass().
class memory_server {
public:
    explicit memory_server(hh::http::options o = {}) : registry(context.get_executor(), quiet()) {
        settings->options = std::move(o);
    }
    ~memory_server() {
        if (loop_) loop_->cut();
        loop_.reset();
        context.restart();
        context.poll();
    }

    /// A connection that has just been accepted.
    memory_client connect() {
        memory_client client;
        memory_stream stream(context, client);
        hh::http::detail::session<memory_stream>::start(
            loop().shared_from_this(), std::move(stream), nullptr,
            {asio::ip::make_address("192.0.2.7"), 4000});
        run();
        return client;
    }

    /// Runs what is ready.
    void run() {
        context.restart();
        context.poll();
    }

    /// Lets time pass.
    void pass(std::chrono::milliseconds d) {
        now_ += static_cast<hh::http::detail::timer_wheel::tick>(
            d / hh::http::detail::timer_wheel::resolution);
        loop().advance(now_);
        run();
    }

    hh::http::detail::session_loop& loop() {
        if (!loop_)
            loop_ = std::make_shared<hh::http::detail::session_loop>(
                context.get_executor(), registry.make_loop(), settings, true);
        return *loop_;
    }

    asio::io_context context{};
    hh::registry registry;

private:
    /// Errors of hooks are part of what is tested.
    static hh::registry_options quiet() {
        hh::registry_options o;
        o.error_handler = [](hh::hook_error const&) {};
        return o;
    }

public:
    std::shared_ptr<hh::http::detail::server_settings> settings =
        std::make_shared<hh::http::detail::server_settings>();

private:
    std::shared_ptr<hh::http::detail::session_loop> loop_{};
    hh::http::detail::timer_wheel::tick now_ = 0;
};

/// How often `what` is in `text`.
inline std::size_t occurrences(std::string_view text, std::string_view what) {
    std::size_t n = 0;
    for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + what.size()))
        ++n;
    return n;
}

/// What a connection gets once, then forgets.
inline std::string take(memory_client& c) {
    return std::exchange(c.received(), {});
}

}  // namespace support
