// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/redis/subscriber.hpp>

#include <httphooks/redis/detail/owned.hpp>
#include <httphooks/redis/detail/subscriber_core.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::redis {

namespace detail {

HTTPHOOKS_DECL void begin_settle(subscriber_core& core,
                                 asio::any_completion_handler<void(error_code)> handler) {
    core.settle(std::move(handler));
}

}  // namespace detail

HTTPHOOKS_DECL subscriber::subscriber(executor_type const& executor, options o)
    : core_(detail::owned(std::make_shared<detail::subscriber_core>(executor, std::move(o)))) {}

HTTPHOOKS_DECL subscriber::executor_type subscriber::get_executor() const noexcept {
    return core_->executor();
}

HTTPHOOKS_DECL void subscriber::on_message(std::function<void(message const&)> f) const {
    core_->on_message(std::move(f));
}

HTTPHOOKS_DECL void subscriber::on_state(
    std::function<void(connection_state, error_code)> f) const {
    core_->on_state(std::move(f));
}

HTTPHOOKS_DECL void subscriber::on_refused(
    std::function<void(subscription, std::string_view, std::string_view)> f) const {
    core_->on_refused(std::move(f));
}

HTTPHOOKS_DECL void subscriber::want(subscription kind, std::string_view channel,
                                     bool wanted) const {
    core_->want(kind, channel, wanted);
}

HTTPHOOKS_DECL connection_state subscriber::state() const noexcept {
    return core_->state();
}

HTTPHOOKS_DECL subscriber_stats subscriber::stats() const {
    return core_->stats();
}

HTTPHOOKS_DECL void subscriber::close() const {
    core_->close();
}

HTTPHOOKS_DECL std::string escape_pattern(std::string_view text) {
    std::string out;
    for (char const c : text) {
        if (std::string_view("*?[\\").find(c) != std::string_view::npos) out += '\\';
        out += c;
    }
    return out;
}

}  // namespace httphooks::redis
