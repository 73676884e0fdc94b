// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sockjs/detail/client_session.hpp>

#include <httphooks/http/absolute_url.hpp>
#include <httphooks/http/detail/begin_connect.hpp>
#include <httphooks/sockjs/client_connection.hpp>
#include <httphooks/sockjs/client_options.hpp>
#include <httphooks/sockjs/connection.hpp>
#include <httphooks/sockjs/detail/client_link.hpp>
#include <httphooks/sockjs/detail/client_text.hpp>
#include <httphooks/sockjs/detail/client_websocket.hpp>
#include <httphooks/sockjs/detail/client_xhr.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::sockjs::detail {

HTTPHOOKS_DECL client_session::client_session(asio::any_io_executor const& executor,
                                              std::shared_ptr<client_settings const> settings,
                                              http::absolute_url url, handler done)
    : client_session_base(executor),
      settings_(std::move(settings)),
      url_(std::move(url)),
      done_(std::move(done)),
      left_(options().transports.begin(), options().transports.end()),
      outbox_(options().output_limit, options().batch_limit),
      guard_(executor) {
    set_failure(error::no_transport);
}

// finding a transport -------------------------------------------------------------------------
HTTPHOOKS_DECL void client_session::start() {
    http::client_options o;
    o.connect_timeout = options().info_timeout;
    o.timeout = options().info_timeout;
    o.header_limit = options().header_limit;
    o.body_limit = 16 * 1024;
    o.tls = options().tls;
    asking_.emplace(executor(), std::move(o));
    asked_at_ = clock::now();
    request r(verb::get, "/", 11);
    add_fields(r, options().headers);
    r.keep_alive(false);
    asking_->async_request(
        url_below(url_, "/info"), std::move(r),
        asio::bind_executor(executor(), [self = self()](error_code ec, response const& m) {
            self->on_info(ec, m);
        }));
}

HTTPHOOKS_DECL void client_session::on_info(error_code ec, response const& r) {
    if (current() != state::connecting) return;
    asking_.reset();
    if (ec.category() == make_error_code(beast::http::error::end_of_stream).category())
        ec = error::cannot_connect;
    if (ec) return refuse(ec);
    if (r.result() != status::ok) return refuse(error::cannot_connect);
    auto const info = read_server_info(r.body());
    if (!info) return refuse(error::cannot_connect);
    auto const base = transport_base(url_, info->base_url);
    if (!base || (base->tls && !options().tls)) return refuse(error::cannot_connect);
    base_ = *base;
    bool const same_origin =
        base_.tls == url_.tls && base_.host == url_.host && base_.port == url_.port;
    if (same_origin) headers_ = options().headers;
    if (!info->websocket) std::erase(left_, client_transport::websocket);
    auto const round_trip =
        std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - asked_at_);
    open_limit_ = std::max(options().open_timeout, open_limit(round_trip));
    try_next();
}

HTTPHOOKS_DECL void client_session::try_next() {
    client_session_base::try_next(open_limit_, error::transport_timeout);
}

HTTPHOOKS_DECL bool client_session::make_next() {
    if (left_.empty()) return false;
    client_transport const which = left_.front();
    left_.pop_front();
    link_ = make_link(which);
    return true;
}

HTTPHOOKS_DECL std::shared_ptr<client_link> client_session::make_link(client_transport which) {
    client_link::setup s;
    s.executor = executor();
    s.owner = self();
    s.url = url_below(base_, new_session_path());
    s.headers = headers_;
    s.options = &options();
    switch (which) {
        case client_transport::websocket:
            name_ = "websocket";
            return std::make_shared<client_websocket>(std::move(s));
        case client_transport::xhr_streaming:
            name_ = "xhr-streaming";
            return std::make_shared<client_xhr>(std::move(s), true);
        case client_transport::xhr_polling:
            break;
    }
    name_ = "xhr-polling";
    return std::make_shared<client_xhr>(std::move(s), false);
}

HTTPHOOKS_DECL void client_session::open() {
    timer().cancel();
    left_.clear();
    enter(state::open);
    on_sign_of_life();
    if (link_->needs_heartbeats() && options().heartbeat_timeout.count() > 0) watch();
    // who asked for the connection has it before the first message comes
    hold();
    complete({});
    asio::post(executor(), [self = self()] {
        if (!self->paused_) self->release();
    });
}

HTTPHOOKS_DECL void client_session::give_up() {
    if (asking_) asking_->close();
    drop_link(close_code::abnormal, {});
}

HTTPHOOKS_DECL void client_session::complete(error_code ec) {
    http::detail::complete_connect(executor(), done_, ec, client_connection(ec ? nullptr : self()));
}

// what comes ----------------------------------------------------------------------------------
HTTPHOOKS_DECL void client_session::on_frame(client_link& from, std::string_view text) {
    if (&from != link_.get()) return;
    if (held_)
        frames_.emplace_back(text);
    else
        process(read_server_frame(text));
}

HTTPHOOKS_DECL void client_session::process(server_frame const& frame) {
    using type = server_frame::type;
    bool const connecting = current() == state::connecting;
    auto const link = link_;
    switch (frame.is) {
        case type::heartbeat:
            return;
        case type::open:
            return connecting ? open() : end(close_code::abnormal, "The server lost the session");
        case type::messages:
            if (connecting) break;
            return deliver(frame.messages);
        case type::close:
            if (!connecting) return end(frame.code, frame.reason);
            if (may_close_with(frame.code, {})) return refuse(error::closed);
            return on_lost(*link, frame.code, frame.reason);
        case type::broken:
            break;
    }
    on_lost(*link, close_code::abnormal, "The server's frame is broken");
}

HTTPHOOKS_DECL void client_session::deliver(std::string_view messages) {
    client_connection handle(self());
    message_reader reader(messages);
    std::string_view message;
    try {
        while (current() == state::open && reader.next(message, scratch_))
            if (settings_->message) settings_->message(handle, message);
    } catch (...) {
        end(close_code::internal_error, "A handler threw an exception");
    }
}

HTTPHOOKS_DECL void client_session::on_lost(client_link& from, close_code code,
                                            std::string_view why) {
    if (&from != link_.get()) return;
    if (current() != state::connecting) {
        if (!held_ || frames_.empty()) return end(code, why);
        lost_ = loss{code, std::string(why)};
        sending_ = false;
        return run();
    }
    set_failure(error::no_transport);
    drop_link(close_code::abnormal, {});
    try_next();
}

HTTPHOOKS_DECL void client_session::hold() {
    held_ = true;
    if (link_) link_->hold(true);
}

HTTPHOOKS_DECL void client_session::pause() {
    paused_ = true;
    hold();
}

HTTPHOOKS_DECL void client_session::resume() {
    asio::post(executor(), [self = self()] {
        self->paused_ = false;
        self->release();
    });
}

HTTPHOOKS_DECL void client_session::release() {
    held_ = false;
    on_sign_of_life();
    while (!held_ && !frames_.empty() && link_) {
        std::string const text = std::move(frames_.front());
        frames_.pop_front();
        process(read_server_frame(text));
    }
    if (held_ || !link_) return;
    if (lost_) return end(lost_->code, lost_->why);
    link_->hold(false);
}

/// Looks, now and then, whether the server is still there.
HTTPHOOKS_DECL void client_session::watch() {
    timer().expires_at(last_sign_ + options().heartbeat_timeout);
    timer().async_wait([self = self()](error_code ec) {
        if (ec || self->current() == state::closed) return;
        // while nothing is read, nothing can have come
        if (self->held_) self->on_sign_of_life();
        if (clock::now() - self->last_sign_ >= self->options().heartbeat_timeout)
            return self->end(close_code::abnormal, "No heartbeat from the server");
        self->watch();
    });
}

// sending and closing -------------------------------------------------------------------------
HTTPHOOKS_DECL bool client_session::send(std::string_view message) {
    bool first = false;
    if (!is_open() || !outbox_.add(message, first)) return false;
    if (first) run_soon();
    return true;
}

HTTPHOOKS_DECL bool client_session::close(close_code code, std::string_view reason) {
    if (!may_close_with(code, reason)) return false;
    return close_within(options().close_timeout, [this, code, why = std::string(reason)] {
        closing_code_ = code;
        closing_reason_ = why;
    });
}

HTTPHOOKS_DECL void client_session::end_now() {
    end(closing_code_, closing_reason_);
}

HTTPHOOKS_DECL void client_session::run() {
    if (sending_ || !link_) return;
    auto next = lost_ ? std::nullopt : outbox_.take();
    if (next) {
        sending_ = true;
        return link_->send(std::move(*next));
    }
    if (static_cast<std::uint16_t>(closing_code_) != 0) end(closing_code_, closing_reason_);
}

HTTPHOOKS_DECL void client_session::on_sent(client_link& from) {
    if (&from != link_.get()) return;
    sending_ = false;
    outbox_.sent();
    run();
}

HTTPHOOKS_DECL void client_session::drop_link(close_code code, std::string_view reason) {
    if (auto const link = std::exchange(link_, nullptr)) link->stop(code, reason);
}

HTTPHOOKS_DECL void client_session::end(close_code code, std::string_view reason) {
    // the reason may be a part of what goes now
    std::string const why(reason);
    auto const keep = self();
    if (!finish()) return;
    drop_link(code, why.size() > 123 ? std::string_view() : std::string_view(why));
    outbox_.clear();
    frames_.clear();
    client_connection handle(keep);
    if (!settings_->close) return;
    try {
        settings_->close(handle, code, why);
    } catch (...) {
        // there is nothing left to close
        return;
    }
}

}  // namespace httphooks::sockjs::detail
