// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/detail/client_operation.hpp>

#include <httphooks/http/absolute_url.hpp>
#include <httphooks/http/client_options.hpp>
#include <httphooks/http/client_stream.hpp>
#include <httphooks/http/detail/client_pool.hpp>
#include <httphooks/http/detail/redirection.hpp>
#include <httphooks/message.hpp>

#include <boost/asio/connect.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/http/error.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace httphooks::http::detail {

/// Whether a request may be sent again when nobody knows what became of it (RFC 9110 9.2.2).
inline bool is_idempotent(verb method) noexcept {
    switch (method) {
        case verb::get:
        case verb::head:
        case verb::put:
        case verb::delete_:
        case verb::options:
        case verb::trace:
            return true;
        default:
            return false;
    }
}

HTTPHOOKS_DECL client_operation::client_operation(std::shared_ptr<client_core> core,
                                                  result<absolute_url> url, request req)
    : core_(std::move(core)),
      url_(std::move(url)),
      request_(std::move(req)),
      deadline_(core_->pool.get_executor()),
      connect_deadline_(core_->pool.get_executor()),
      resolver_(core_->pool.get_executor()) {}

HTTPHOOKS_DECL void client_operation::start() {
    core_->pool.enter(*this);
    if (!url_) return finish(url_.error());
    if (request_.method() == verb::connect || request_.method_string().empty())
        return finish(asio::error::operation_not_supported);
    begin_clock();
    ask();
}

HTTPHOOKS_DECL void client_operation::begin_clock() {
    deadline_.expires_after(core_->options.timeout);
    deadline_.async_wait([self = shared_from_this()](error_code ec) {
        if (!ec) self->finish(asio::error::timed_out);
    });
}

inline void client_operation::ask() {
    if (url_->tls && !core_->options.tls) return finish(asio::error::operation_not_supported);
    prepare_request();
    place_ = place::waiting;
    core_->pool.acquire(*url_, *this);
}

inline void client_operation::prepare_request() {
    bool const keep_alive = request_.keep_alive();
    for (field const name :
         {field::content_length, field::transfer_encoding, field::connection, field::keep_alive,
          field::proxy_connection, field::te, field::trailer, field::upgrade})
        request_.erase(name);
    request_.version(11);
    request_.keep_alive(keep_alive);
    if (!request_.contains(field::host)) request_.set(field::host, url_->host_field());
    set_framing();

    text_.assign(request_.method_string()).append(" ").append(url_->target).append(" HTTP/1.1\r\n");
    text_.append(request_.base().wire()).append("\r\n").append(request_.body());
    if (core_->options.max_redirects == 0) request_.body() = std::string();
}

HTTPHOOKS_DECL void client_operation::set_framing() {
    verb const method = request_.method();
    bool const expects_body = method == verb::post || method == verb::put || method == verb::patch;
    if (expects_body || !request_.body().empty()) request_.content_length(request_.body().size());
}

HTTPHOOKS_DECL void client_operation::make_parser() {
    client_options const& options = core_->options;
    parser_.emplace(options.header_limit, options.body_limit, request_.method() == verb::head);
}

HTTPHOOKS_DECL void client_operation::take(client_connection_ptr idle) {
    place_ = place::taken;
    connection_ = std::move(idle);
    if (connection_)
        exchange();
    else
        connect();
}

inline void client_operation::connect() {
    connect_deadline_.expires_after(core_->options.connect_timeout);
    connect_deadline_.async_wait([self = shared_from_this()](error_code ec) {
        if (!ec) self->finish(asio::error::timed_out);
    });
    error_code ec;
    auto const address = asio::ip::make_address(url_->host, ec);
    if (!ec)
        return connect_to(
            resolver_results::create(asio::ip::tcp::endpoint(address, url_->port), url_->host, {}));
    resolver_.async_resolve(
        url_->host, std::to_string(url_->port),
        [self = shared_from_this()](error_code failure, resolver_results const& found) {
            if (self->done_) return;
            failure ? self->finish(failure) : self->connect_to(found);
        });
}

inline void client_operation::connect_to(resolver_results const& endpoints) {
    using asio::ip::tcp;
    auto connection = std::make_shared<client_connection>();
    connection->stream =
        std::make_unique<plain_client_stream>(tcp::socket(core_->pool.get_executor()));
    connection_ = connection;
    tcp::socket& socket = connection->stream->socket();
    asio::async_connect(
        socket, endpoints,
        [self = shared_from_this(), connection](error_code ec, tcp::endpoint const&) {
            if (self->done_) return;
            if (ec) return self->finish(ec);
            tcp::socket& connected = connection->stream->socket();
            connected.set_option(tcp::no_delay(true), ec);
            if (self->url_->tls)
                connection->stream =
                    self->core_->options.tls(std::move(connected), self->url_->host);
            connection->stream->async_handshake([self, connection](error_code failure) {
                if (self->done_) return;
                if (failure) return self->finish(failure);
                self->connect_deadline_.cancel();
                self->exchange();
            });
        });
}

inline void client_operation::exchange() {
    make_parser();
    written_ = false;
    connection_->stream->async_write(
        asio::buffer(text_),
        [self = shared_from_this(), connection = connection_](error_code ec, std::size_t) {
            // After a failure the server may still have answered: reading tells.
            if (!ec && connection == self->connection_) self->on_header_sent();
        });
    read();
}

HTTPHOOKS_DECL void client_operation::read() {
    constexpr std::size_t piece = 16 * 1024;
    connection_->stream->async_read_some(connection_->buffer.prepare(piece),
                                         [self = shared_from_this(), connection = connection_,
                                          guard = make_guard()](error_code ec, std::size_t n) {
                                             if (guard) guard->ended = true;
                                             if (!self->done_ && connection == self->connection_)
                                                 self->on_read(ec, n);
                                         });
}

inline void client_operation::on_read(error_code ec, std::size_t n) {
    connection_->buffer.commit(n);
    if (n > 0) return parse();
    if (ec != asio::error::eof) return on_failure(ec);
    error_code incomplete;
    parser_->put_eof(incomplete);
    incomplete ? on_failure(incomplete) : on_response();
}

inline void client_operation::parse() {
    constexpr unsigned most_interim_responses = 16;
    beast::flat_buffer& buffer = connection_->buffer;
    for (;;) {
        error_code ec;
        auto const bytes = buffer.cdata();
        std::size_t const n =
            parser_->put({static_cast<char const*>(bytes.data()), bytes.size()}, ec);
        buffer.consume(n);
        // What the parser does not take yet is one line.
        if (!ec && !parser_->done() && buffer.size() > core_->options.header_limit)
            ec = beast::http::error::header_limit;
        if (ec) return on_malformed(ec);
        if (!parser_->done()) return on_progress();
        unsigned const code = parser_->get().result_int();
        if (code >= 200) return on_response();
        if (code == 101 || ++interim_responses_ > most_interim_responses)
            return finish(beast::http::error::bad_status);
        on_interim(code);
        if (done_) return;
        make_parser();
    }
}

inline void client_operation::on_failure(error_code ec) {
    bool const unanswered = !parser_->begun() && interim_responses_ == 0;
    if (!connection_->used || retried_ || !unanswered || !repeatable() ||
        !is_idempotent(request_.method()))
        return finish(ec);
    retried_ = true;
    connection_->close();
    connection_.reset();
    connect();
}

HTTPHOOKS_DECL void client_operation::on_response() {
    if (core_->options.max_redirects > 0 && is_redirection(parser_->get()))
        follow();
    else
        finish({});
}

HTTPHOOKS_DECL void client_operation::follow() {
    if (++redirections_ > core_->options.max_redirects)
        return finish(make_error_code(error::redirect_limit));
    response const& told = parser_->get();
    result<absolute_url> next = redirect_target(*url_, told);
    if (!next) return finish(next.error());
    redirect_request(request_, *url_, *next, told.result_int());
    auto const self = shared_from_this();
    connect_deadline_.cancel();
    let_go(true);
    parser_.reset();
    url_ = std::move(next);
    interim_responses_ = 0;
    retried_ = false;
    ask();
}

inline void client_operation::let_go(bool answered) {
    bool const reusable = answered && written_ && request_.keep_alive() && parser_->keep_alive() &&
                          connection_->buffer.size() == 0;
    if (connection_ && !reusable) connection_->close();
    if (reusable) connection_->used = true;
    client_connection_ptr const connection = std::exchange(connection_, nullptr);
    if (place_ == place::waiting)
        core_->pool.forget(*url_, *this);
    else if (place_ == place::taken)
        core_->pool.release(*url_, reusable ? connection : nullptr);
    place_ = place::none;
}

HTTPHOOKS_DECL void client_operation::finish(error_code ec) {
    if (done_) return;
    done_ = true;
    auto const self = shared_from_this();
    deadline_.cancel();
    connect_deadline_.cancel();
    resolver_.cancel();
    core_->pool.leave(*this);

    let_go(!ec);
    response message;
    if (!ec) message = std::move(parser_->get());
    complete(ec, std::move(message));
}

}  // namespace httphooks::http::detail
