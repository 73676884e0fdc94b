// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sockjs/detail/client_stream_request.hpp>

#include <httphooks/http/client_stream.hpp>
#include <httphooks/message.hpp>
#include <httphooks/sockjs/detail/client_text.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/beast/http/error.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>

namespace httphooks::sockjs::detail {

HTTPHOOKS_DECL void stream_request::start() {
    parser_.emplace(header_limit_, std::numeric_limits<std::uint64_t>::max(), false);
    error_code ec;
    auto const address = asio::ip::make_address(setup_.url.host, ec);
    if (!ec) {
        tcp::endpoint const only(address, setup_.url.port);
        return connect(tcp::resolver::results_type::create(only, setup_.url.host, {}));
    }
    resolver_.async_resolve(setup_.url.host, std::to_string(setup_.url.port),
                            [self = shared_from_this(), keep = setup_.keep.lock()](
                                error_code failure, tcp::resolver::results_type const& found) {
                                if (self->done_) return;
                                failure ? self->finish(failure) : self->connect(found);
                            });
}

inline void stream_request::connect(tcp::resolver::results_type const& where) {
    stream_ = std::make_unique<http::detail::plain_client_stream>(tcp::socket(setup_.executor));
    auto const connected = [self = shared_from_this(), keep = setup_.keep.lock()](
                               error_code ec, tcp::endpoint const&) {
        if (self->done_) return;
        if (ec) return self->finish(ec);
        tcp::socket& socket = self->stream_->socket();
        socket.set_option(tcp::no_delay(true), ec);
        if (self->setup_.url.tls)
            self->stream_ = self->setup_.tls(std::move(socket), self->setup_.url.host);
        self->stream_->async_handshake([self, keep](error_code failure) {
            if (self->done_) return;
            failure ? self->finish(failure) : self->write();
        });
    };
    asio::async_connect(stream_->socket(), where, connected);
}

inline void stream_request::write() {
    request r(verb::post, setup_.url.target, 11);
    r.set(field::host, setup_.url.host_field());
    r.set(field::connection, "close");
    r.content_length(0);
    add_fields(r, setup_.headers);
    output_.append("POST ").append(setup_.url.target).append(" HTTP/1.1\r\n");
    output_.append(r.base().wire()).append("\r\n");
    // when it fails, reading tells
    stream_->async_write(
        asio::buffer(output_),
        [self = shared_from_this(), keep = setup_.keep.lock()](error_code, std::size_t) {});
    read();
}

HTTPHOOKS_DECL void stream_request::read() {
    if (done_) return;
    stream_->async_read_some(
        asio::buffer(piece_),
        [self = shared_from_this(), keep = setup_.keep.lock()](error_code ec, std::size_t n) {
            if (!self->done_) self->on_read(ec, n);
        });
}

inline void stream_request::on_read(error_code ec, std::size_t n) {
    if (n == 0) {
        error_code incomplete;
        parser_->put_eof(incomplete);
        return finish(ec == asio::error::eof ? incomplete : ec);
    }
    input_.append(piece_.data(), n);
    if (parse()) read();
}

inline bool stream_request::parse() {
    constexpr unsigned most_interim_responses = 16;
    for (;;) {
        error_code ec;
        input_.erase(0, parser_->put(input_, ec));
        response& message = parser_->get();
        unsigned const code = message.result_int();
        bool const interim = parser_->done() && code < 200;
        // what is not parsed is a part of one line
        if (!ec && !parser_->done() && input_.size() > header_limit_)
            ec = beast::http::error::header_limit;
        if (!ec && interim && (code == 101 || ++interim_responses_ > most_interim_responses))
            ec = beast::http::error::bad_status;
        if (!ec && interim) {
            parser_.emplace(header_limit_, std::numeric_limits<std::uint64_t>::max(), false);
            continue;
        }
        std::string const body = std::exchange(message.body(), {});
        bool const over = ec || parser_->done() || (code != 200 && !body.empty());
        if (!body.empty() && code == 200) {
            auto const self = shared_from_this();
            setup_.on_bytes(body);
            if (over) finish(ec);
            return false;
        }
        if (over) finish(ec);
        return !over;
    }
}

inline void stream_request::finish(error_code ec) {
    if (done_) return;
    bool const known = parser_->begun();
    unsigned const code = known ? parser_->get().result_int() : 0;
    auto const tell = std::move(setup_.on_end);
    auto const self = shared_from_this();
    stop();
    tell(ec, code);
}

HTTPHOOKS_DECL void stream_request::stop() {
    if (std::exchange(done_, true)) return;
    resolver_.cancel();
    error_code ignored;
    if (stream_) stream_->socket().close(ignored);
}

}  // namespace httphooks::sockjs::detail
