// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A POST whose response is handed on as it comes.
*/

#include <httphooks/http/absolute_url.hpp>
#include <httphooks/http/client_stream.hpp>
#include <httphooks/http/detail/response_parser.hpp>
#include <httphooks/message.hpp>
#include <httphooks/sockjs/detail/client_text.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/http/error.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::sockjs::detail {

/** A request on a connection of its own, without a body and without a time limit.

    Its operations keep it and what `keep` refers to; it does not keep that otherwise.
*/
class stream_request : public std::enable_shared_from_this<stream_request> {
public:
    /// What is asked, and who is told.
    struct setup {
        asio::any_io_executor executor{};
        http::absolute_url url{};
        fields headers{};
        http::client_stream_factory tls{};
        std::size_t header_limit = 0;
        std::weak_ptr<void> keep{};
        /// A piece of the body of a response whose status is 200. Then read() has to be called.
        std::function<void(std::string_view)> on_bytes{};
        /// The response has ended, or there is none; `status` is 0 when it is not known.
        std::function<void(error_code, unsigned status)> on_end{};
    };

    explicit stream_request(setup s)
        : setup_(std::move(s)), resolver_(setup_.executor), header_limit_(setup_.header_limit) {}
    stream_request(stream_request const&) = delete;
    stream_request& operator=(stream_request const&) = delete;

    void start();
    /// Goes on, after a piece of the body.
    void read();
    /// Ends, without a word.
    void stop();

private:
    using tcp = asio::ip::tcp;

    void connect(tcp::resolver::results_type const& where);
    void write();
    void on_read(error_code ec, std::size_t n);
    /// Takes the input up to the next piece of the body. @return whether more has to be read
    bool parse();
    void finish(error_code ec);

    setup setup_;
    tcp::resolver resolver_;
    std::size_t const header_limit_;
    std::unique_ptr<http::client_stream> stream_{};
    std::string output_{};
    std::string input_{};
    std::array<char, 16 * 1024> piece_{};
    std::optional<http::detail::response_parser> parser_{};
    unsigned interim_responses_ = 0;
    bool done_ = false;
};

// ---------------------------------------------------------------------------------------------

inline void stream_request::start() {
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

inline void stream_request::read() {
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

inline void stream_request::stop() {
    if (std::exchange(done_, true)) return;
    resolver_.cancel();
    error_code ignored;
    if (stream_) stream_->socket().close(ignored);
}

}  // namespace httphooks::sockjs::detail
