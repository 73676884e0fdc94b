// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/websocket/server.hpp>

#include <httphooks/http/framing_guard.hpp>
#include <httphooks/http/mount.hpp>
#include <httphooks/websocket/connection.hpp>
#include <httphooks/websocket/detail/channel.hpp>
#include <httphooks/websocket/detail/channel_settings.hpp>
#include <httphooks/websocket/detail/loop.hpp>
#include <httphooks/websocket/detail/open_channel.hpp>
#include <httphooks/websocket/handshake.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::websocket {

struct server::state {
    state(asio::any_io_executor ex, server_options o)
        : executor(std::move(ex)), options(std::move(o)) {
        settings->options = options.connection;
        settings->counters = std::make_shared<server_counters>();
        settings->counts_sessions = true;
    }

    asio::any_io_executor executor;
    server_options options;
    std::shared_ptr<detail::channel_settings> settings =
        std::make_shared<detail::channel_settings>();
    std::mutex mutex{};
    std::vector<std::weak_ptr<detail::loop>> loops{};
    bool draining = false;
};

HTTPHOOKS_DECL server::server(asio::any_io_executor executor, server_options o)
    : state_(std::make_shared<state>(std::move(executor), std::move(o))) {
    std::string const& path = state_->options.path;
    if (!path.starts_with('/') || path.ends_with('/'))
        throw std::invalid_argument("websocket::server: a path begins with / and ends without: " +
                                    path);
    connection_options const& c = state_->options.connection;
    if (c.ping_always && c.ping_interval <= c.ping_interval.zero())
        throw std::invalid_argument("websocket::server: ping_always has no effect without pings");
}

HTTPHOOKS_DECL void server::set_on_open(std::function<void(connection&, request const&)> handler) {
    state_->settings->handlers.open = std::move(handler);
}

HTTPHOOKS_DECL void server::on_message(std::function<void(connection&, message const&)> handler) {
    state_->settings->handlers.message = std::move(handler);
}

HTTPHOOKS_DECL void server::on_close(
    std::function<void(connection&, close_reason const&)> handler) {
    state_->settings->handlers.close = std::move(handler);
}

HTTPHOOKS_DECL void server::on_drain(std::function<void(connection&)> handler) {
    state_->settings->handlers.drain = std::move(handler);
}

HTTPHOOKS_DECL void server::on_overflow(std::function<void(connection&)> handler) {
    state_->settings->handlers.overflow = std::move(handler);
}

HTTPHOOKS_DECL void server::on_unanswered(std::function<void(connection&)> handler) {
    state_->settings->handlers.unanswered = std::move(handler);
}

HTTPHOOKS_DECL asio::any_io_executor server::get_executor() const {
    return state_->executor;
}

HTTPHOOKS_DECL std::shared_ptr<server_counters const> server::counters() const noexcept {
    return state_->settings->counters;
}

HTTPHOOKS_DECL std::string_view server::prefix() const noexcept {
    return state_->options.path;
}

/// Remembers a loop that has connections. @return whether the server takes connections
HTTPHOOKS_DECL bool server::note_loop(asio::execution_context& context) {
    std::shared_ptr<detail::loop> const found = detail::loop::of(context);
    std::lock_guard const lock(state_->mutex);
    if (state_->draining) return false;
    for (auto const& known : state_->loops)
        if (!known.owner_before(found) && !std::weak_ptr(found).owner_before(known)) return true;
    std::erase_if(state_->loops, [](auto const& l) { return l.expired(); });
    state_->loops.push_back(found);
    return true;
}

HTTPHOOKS_DECL std::vector<connection> server::connections() const {
    std::vector<std::weak_ptr<detail::loop>> loops;
    {
        std::lock_guard const lock(state_->mutex);
        loops = state_->loops;
    }
    std::vector<connection> all;
    for (auto const& weak : loops) {
        auto const loop = weak.lock();
        if (!loop) continue;
        auto const members = loop->members([this](detail::loop_member& m) {
            return static_cast<detail::channel&>(m).settings() == state_->settings.get();
        });
        for (auto const& m : members)
            if (auto c = std::static_pointer_cast<detail::channel>(m); c->is_open())
                all.emplace_back(std::move(c));
    }
    return all;
}

HTTPHOOKS_DECL void server::refuse(http::connection c, response reply,
                                   http::mount_handler done) const {
    auto const reason = beast::http::obsolete_reason(reply.result());
    state_->settings->counters->refuse({reason.data(), reason.size()});
    auto held = std::make_unique<http::connection>(std::move(c));
    http::connection& writer = *held;
    writer.async_write(reply, [h = std::move(held), d = std::move(done)](error_code ec) mutable {
        if (ec)
            std::move(d)(ec, std::nullopt);
        else
            std::move(d)(ec, std::move(*h));
    });
}

HTTPHOOKS_DECL void server::async_serve(http::connection c, request r, http::mount_handler done) {
    auto const raw = r.target();
    if (http::detail::target_path({raw.data(), raw.size()}) != prefix())
        return refuse(std::move(c), error_response(status::not_found), std::move(done));
    handshake_reply reply = accept(r, state_->options.handshake, c.tls());
    if (!reply.accepted) return refuse(std::move(c), std::move(reply.message), std::move(done));

    if (!note_loop(asio::query(c.get_executor(), asio::execution::context)))
        return refuse(std::move(c), error_response(status::service_unavailable), std::move(done));
    detail::open_channel(state_->settings, std::move(c), r, reply);
    std::move(done)(error_code(), std::nullopt);
}

HTTPHOOKS_DECL void server::drain() {
    {
        std::lock_guard const lock(state_->mutex);
        state_->draining = true;
    }
    for (connection const& c : connections()) c.close(close_code::going_away);
}

}  // namespace httphooks::websocket
