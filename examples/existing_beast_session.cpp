// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// A callback server of the usual Boost.Beast shape: tcp_stream, time-outs, a strand a connection.
// The hooks are the one statement that is marked; below /files is the working directory. Arguments:
// the port (8080); then, for TLS, the certificate chain and the key, PEM files.
//
// curl: /hello/World => Hello, World!
// curl: -r 3-13 /files/existing_beast_session.cpp => Distributed
// curl: -I /files/existing_beast_session.cpp => X-Content-Type-Options: nosniff

#include <httphooks/http/static_files.hpp>
#include <httphooks/registry.hpp>

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast.hpp>
#include <boost/beast/ssl.hpp>

#include <iostream>
#include <memory>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace hh = httphooks;
using asio::ip::tcp;
using tls_stream = beast::ssl_stream<beast::tcp_stream>;

template <class Stream>
class session : public std::enable_shared_from_this<session<Stream>> {
public:
    session(Stream stream, hh::registry hooks) : stream_(std::move(stream)), hooks_(hooks) {}

    void run() {
        beast::get_lowest_layer(stream_).expires_after(std::chrono::seconds(30));
        auto self = this->shared_from_this();
        if constexpr (std::is_same_v<Stream, tls_stream>)
            stream_.async_handshake(asio::ssl::stream_base::server,
                                    [self](beast::error_code ec) { ec ? void() : self->read(); });
        else
            asio::dispatch(stream_.get_executor(), [self] { self->read(); });
    }

private:
    void read() {
        request_ = {};
        beast::get_lowest_layer(stream_).expires_after(std::chrono::seconds(30));
        beast::http::async_read(
            stream_, buffer_, request_,
            beast::bind_front_handler(&session::on_read, this->shared_from_this()));
    }

    void on_read(beast::error_code ec, std::size_t) {
        if (ec) return close();
        auto done = [self = this->shared_from_this()](beast::error_code, hh::response response) {
            self->send(std::move(response));
        };
        // This was: send(handle_request(std::move(request_)));
        hooks_.async_dispatch(std::move(request_),
                              asio::bind_executor(stream_.get_executor(), done));
    }

    void send(beast::http::message_generator message) {
        bool const more = message.keep_alive();
        beast::async_write(
            stream_, std::move(message),
            [self = this->shared_from_this(), more](beast::error_code ec, std::size_t) {
                ec || !more ? self->close() : self->read();
            });
    }

    void close() {
        beast::error_code ec;
        beast::get_lowest_layer(stream_).socket().shutdown(tcp::socket::shutdown_send, ec);
    }

    Stream stream_;
    beast::flat_buffer buffer_;
    beast::http::request<beast::http::string_body> request_;
    hh::registry hooks_;
};

void accept(tcp::acceptor& acceptor, hh::registry hooks, asio::ssl::context* tls) {
    auto const strand = asio::make_strand(acceptor.get_executor());
    acceptor.async_accept(
        strand, [&acceptor, hooks, tls](beast::error_code ec, tcp::socket socket) {
            if (ec) return;
            beast::tcp_stream stream(std::move(socket));
            if (tls)
                std::make_shared<session<tls_stream>>(tls_stream(std::move(stream), *tls), hooks)
                    ->run();
            else
                std::make_shared<session<beast::tcp_stream>>(std::move(stream), hooks)->run();
            accept(acceptor, hooks, tls);
        });
}

int main(int argc, char** argv) {
    asio::io_context context;
    hh::registry hooks(context.get_executor());
    hooks.get("/hello/:name", [](auto& c) { return hh::text("Hello, ", c.param("name"), "!\n"); });
    hooks.get("/files/*path", hh::http::static_files("."));

    asio::ssl::context tls(asio::ssl::context::tls_server);
    if (argc > 3) {
        tls.use_certificate_chain_file(argv[2]);
        tls.use_private_key_file(argv[3], asio::ssl::context::pem);
    }
    auto const port = static_cast<unsigned short>(argc > 1 ? std::atoi(argv[1]) : 8080);
    tcp::acceptor acceptor(context, {tcp::v4(), port});
    accept(acceptor, hooks, argc > 3 ? &tls : nullptr);
    std::cout << "listening on http" << (argc > 3 ? "s" : "")
              << "://127.0.0.1:" << acceptor.local_endpoint().port() << std::endl;

    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([&](beast::error_code, int) { context.stop(); });
    context.run();
}
