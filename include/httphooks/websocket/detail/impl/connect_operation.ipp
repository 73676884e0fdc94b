// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/websocket/detail/connect_operation.hpp>

#include <httphooks/http/client_stream.hpp>
#include <httphooks/http/detail/begin_connect.hpp>
#include <httphooks/http/detail/byte_stream_on.hpp>
#include <httphooks/websocket/connection.hpp>
#include <httphooks/websocket/deflate.hpp>
#include <httphooks/websocket/detail/client_stream_adapter.hpp>
#include <httphooks/websocket/error.hpp>
#include <httphooks/websocket/handshake.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/http/error.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace httphooks::websocket::detail {

HTTPHOOKS_DECL void connect_operation::start() {
    auto const self = shared_from_this();
    deadline_.expires_after(what_.timeout);
    deadline_.async_wait([self](error_code ec) {
        if (!ec) self->finish(asio::error::timed_out);
    });
    error_code ec;
    auto const address = asio::ip::make_address(what_.url.host, ec);
    if (!ec)
        return connect(tcp::resolver::results_type::create(tcp::endpoint(address, what_.url.port),
                                                           what_.url.host, {}));
    resolver_.async_resolve(what_.url.host, std::to_string(what_.url.port),
                            [self](error_code failure, tcp::resolver::results_type const& found) {
                                if (self->finished_) return;
                                failure ? self->finish(failure) : self->connect(found);
                            });
}

inline void connect_operation::connect(tcp::resolver::results_type const& where) {
    stream_ = std::make_unique<http::detail::plain_client_stream>(tcp::socket(executor_));
    asio::async_connect(
        stream_->socket(), where, [self = shared_from_this()](error_code ec, tcp::endpoint const&) {
            if (self->finished_) return;
            if (ec) return self->finish(ec);
            tcp::socket& socket = self->stream_->socket();
            socket.set_option(tcp::no_delay(true), ec);
            if (!self->what_.url.tls) return self->shake_hands();
            self->stream_ = self->what_.tls(std::move(socket), self->what_.url.host);
            self->stream_->async_handshake([self](error_code failure) {
                if (self->finished_) return;
                failure ? self->finish(failure) : self->shake_hands();
            });
        });
}

inline void connect_operation::shake_hands() {
    request_ = make_handshake(what_.url.target, what_.url.host_field(), key_, what_.subprotocols);
    if (auto const& deflate = what_.settings->options.per_message_deflate)
        request_.set(field::sec_websocket_extensions, offer_deflate(deflate->options()));
    for (auto const& f : what_.headers) request_.insert(f.name(), f.name_string(), f.value());
    output_.append("GET ").append(what_.url.target).append(" HTTP/1.1\r\n");
    output_.append(request_.base().wire()).append("\r\n");
    stream_->async_write(asio::buffer(output_),
                         [self = shared_from_this()](error_code ec, std::size_t) {
                             if (self->finished_) return;
                             ec ? self->finish(ec) : self->read();
                         });
}

inline void connect_operation::read() {
    stream_->async_read_some(asio::buffer(piece_),
                             [self = shared_from_this()](error_code ec, std::size_t n) {
                                 if (!self->finished_) self->on_read(ec, n);
                             });
}

inline void connect_operation::on_read(error_code ec, std::size_t n) {
    if (ec) {
        error_code incomplete;
        parser_.put_eof(incomplete);
        return finish(incomplete ? ec : make_error_code(error::refused));
    }
    input_.append(piece_.data(), n);
    std::size_t const used = parser_.put(input_, ec);
    // that there is a body shows that it is a refusal
    if (ec == beast::http::error::body_limit) return finish(error::refused);
    input_.erase(0, used);
    // what is behind the header is the server's messages
    bool const done = parser_.done();
    if (ec || (!done && input_.size() > what_.header_limit)) return finish(error::bad_handshake);
    if (!done) return read();
    open(std::move(input_));
}

/// Sees which extension the server has chosen. @param codec what it takes, if any
inline error_code connect_operation::agree(std::unique_ptr<message_codec>& codec) {
    response const& reply = parser_.get();
    if (reply.count(field::sec_websocket_extensions) == 0) return {};
    auto const& deflate = what_.settings->options.per_message_deflate;
    auto const chosen = single(reply.base(), field::sec_websocket_extensions);
    if (!deflate || chosen.empty()) return error::not_offered;
    auto const agreed = read_deflate_reply(chosen, deflate->options());
    if (!agreed) return agreed.error();
    codec = deflate->make(role::client, *agreed);
    return {};
}

inline void connect_operation::open(std::string rest) {
    std::string chosen;
    std::unique_ptr<message_codec> codec;
    error_code ec = check_reply(parser_.get(), key_, what_.subprotocols, chosen);
    if (!ec) ec = agree(codec);
    if (ec) return finish(ec);
    auto const peer = http::detail::peer_of(stream_->socket());
    std::shared_ptr<http::detail::byte_stream> stream;
    if (what_.url.tls)
        stream = std::make_shared<http::detail::byte_stream_on<client_stream_adapter>>(
            client_stream_adapter(std::move(stream_)));
    else
        stream = std::make_shared<http::detail::byte_stream_on<tcp::socket>>(
            std::move(stream_->socket()));
    auto const opened = std::make_shared<channel>(what_.settings, std::move(stream));
    opened->peer = peer;
    opened->tls = what_.url.tls;
    if (!chosen.empty()) opened->subprotocol = std::make_unique<std::string const>(chosen);
    if (codec) opened->compress_by(std::move(codec));
    // who asked for the connection has it before the first message comes
    opened->hold_back();
    opened->start(request_, {}, std::move(rest), nullptr);
    finish({}, connection(opened));
    asio::post(executor_, [opened] { opened->present(); });
}

HTTPHOOKS_DECL void connect_operation::finish(error_code ec, connection c) {
    if (std::exchange(finished_, true)) return;
    deadline_.cancel();
    resolver_.cancel();
    if (stream_) http::detail::close_stream(stream_->socket());
    http::detail::complete_connect(executor_, done_, ec, std::move(c));
}

}  // namespace httphooks::websocket::detail
