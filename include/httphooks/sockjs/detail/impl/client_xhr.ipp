// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sockjs/detail/client_xhr.hpp>

#include <httphooks/sockjs/detail/client_stream_request.hpp>
#include <httphooks/sockjs/detail/client_text.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::sockjs::detail {

HTTPHOOKS_DECL http::client_options client_xhr::http_options(
    std::chrono::milliseconds timeout) const {
    client_options const& from = *given().options;
    http::client_options o;
    o.connect_timeout = timeout;
    o.timeout = timeout;
    o.header_limit = from.header_limit;
    o.body_limit = from.frame_limit;
    o.tls = from.tls;
    return o;
}

inline request client_xhr::make_request(std::string body) const {
    request r(verb::post, "/", 11);
    add_fields(r, given().headers);
    if (!body.empty()) r.set(field::content_type, "text/plain");
    r.body() = std::move(body);
    return r;
}

HTTPHOOKS_DECL void client_xhr::receive() {
    waiting_ = false;
    fruitful_ = false;
    input_.clear();
    searched_ = 0;
    opened_ = clock::now();
    streaming_ ? stream() : poll();
}

inline void client_xhr::stream() {
    stream_request::setup s;
    s.executor = given().executor;
    s.url = url_below(given().url, "/xhr_streaming");
    s.headers = given().headers;
    s.tls = given().options->tls;
    s.header_limit = given().options->header_limit;
    s.keep = owner();
    s.on_bytes = [weak = weak_from_this()](std::string_view bytes) {
        auto const self = weak.lock();
        if (!self || self->stopped()) return;
        self->on_bytes(bytes);
        if (self->stopped()) return;
        if (self->held_)
            self->waiting_ = true;
        else
            self->stream_->read();
    };
    s.on_end = [weak = weak_from_this()](error_code ec, unsigned status) {
        if (auto const self = weak.lock()) self->on_response(ec, status);
    };
    stream_ = std::make_shared<stream_request>(std::move(s));
    stream_->start();
}

inline void client_xhr::poll() {
    auto done = [self = shared_from_this(), keep = owner()](error_code ec, response const& r) {
        if (self->stopped()) return;
        if (!ec && r.result() == status::ok) self->on_bytes(r.body());
        self->on_response(ec, r.result_int());
    };
    receiving_.async_request(url_below(given().url, "/xhr"), make_request({}),
                             asio::bind_executor(given().executor, std::move(done)));
}

inline void client_xhr::on_bytes(std::string_view bytes) {
    if (auto const o = owner()) o->on_sign_of_life();
    input_.append(bytes);
    take_frames();
    if (!stopped() && input_.size() > given().options->frame_limit)
        lost(close_code::too_big, "The server's frame is too large");
}

inline void client_xhr::take_frames() {
    auto const o = owner();
    std::size_t begin = 0;
    for (std::size_t end; o && !stopped(); begin = end + 1) {
        end = input_.find('\n', std::max(begin, searched_));
        if (end == input_.npos) break;
        std::string_view const frame = std::string_view(input_).substr(begin, end - begin);
        if (!frame.starts_with('h')) fruitful_ = true;
        o->on_frame(*this, frame);
    }
    input_.erase(0, begin);
    searched_ = input_.size();
}

inline void client_xhr::on_response(error_code ec, unsigned status) {
    if (stopped()) return;
    if (ec == beast::http::error::body_limit)
        return lost(close_code::too_big, "The server's frame is too large");
    if (ec || status != 200) return fail("Receiving failed", ec, status);
    if (!input_.empty()) return lost(close_code::abnormal, "The server's frame is incomplete");
    barren_ = fruitful_ || clock::now() - opened_ >= at_once ? 0 : barren_ + 1;
    if (barren_ == most_barren)
        return lost(close_code::abnormal, "The server's responses are empty");
    stream_.reset();
    if (held_)
        waiting_ = true;
    else
        receive();
}

HTTPHOOKS_DECL void client_xhr::send(std::string messages) {
    auto done = [self = shared_from_this(), keep = owner()](error_code ec, response const& r) {
        self->on_sent(ec, r.result_int());
    };
    sending_.async_request(url_below(given().url, "/xhr_send"), make_request(std::move(messages)),
                           asio::bind_executor(given().executor, std::move(done)));
}

inline void client_xhr::on_sent(error_code ec, unsigned status) {
    if (stopped()) return;
    if (ec || (status != 200 && status != 204)) return fail("Sending failed", ec, status);
    if (auto const o = owner()) o->on_sent(*this);
}

inline void client_xhr::fail(std::string_view what, error_code ec, unsigned status) {
    std::string why(what);
    why.append(": ").append(ec ? ec.message() : "status " + std::to_string(status));
    lost(close_code::abnormal, why);
}

HTTPHOOKS_DECL void client_xhr::hold(bool on) {
    held_ = on;
    if (on || !waiting_ || stopped()) return;
    waiting_ = false;
    if (stream_)
        stream_->read();
    else
        receive();
}

HTTPHOOKS_DECL void client_xhr::stop(close_code, std::string_view) {
    set_stopped();
    if (stream_) stream_->stop();
    stream_.reset();
    receiving_.close();
    sending_.close();
}

}  // namespace httphooks::sockjs::detail
