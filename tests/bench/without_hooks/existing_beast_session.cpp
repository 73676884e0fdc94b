// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// examples/existing_beast_session.cpp before it had hooks: what compiling the hooks is measured
// against. It answers /hello/NAME with the same text, and has no files.

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast.hpp>
#include <boost/beast/ssl.hpp>

#include <iostream>
#include <memory>
#include <string>
#include <string_view>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using tls_stream = beast::ssl_stream<beast::tcp_stream>;

http::message_generator handle_request(http::request<http::string_body>&& request) {
    std::string_view const hello = "/hello/";
    std::string_view const target = request.target();
    bool const found = request.method() == http::verb::get && target.starts_with(hello);

    http::response<http::string_body> response(found ? http::status::ok : http::status::not_found,
                                               request.version());
    response.set(http::field::content_type, "text/plain; charset=utf-8");
    response.keep_alive(request.keep_alive());
    if (found)
        response.body() = "Hello, " + std::string(target.substr(hello.size())) + "!\n";
    else
        response.body() = "Not Found\n";
    response.prepare_payload();
    return response;
}

template <class Stream>
class session : public std::enable_shared_from_this<session<Stream>> {
public:
    explicit session(Stream stream) : stream_(std::move(stream)) {}

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
        http::async_read(stream_, buffer_, request_,
                         beast::bind_front_handler(&session::on_read, this->shared_from_this()));
    }

    void on_read(beast::error_code ec, std::size_t) {
        if (ec) return close();
        send(handle_request(std::move(request_)));
    }

    void send(http::message_generator message) {
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
    http::request<http::string_body> request_;
};

void accept(tcp::acceptor& acceptor, asio::ssl::context* tls) {
    auto const strand = asio::make_strand(acceptor.get_executor());
    acceptor.async_accept(strand, [&acceptor, tls](beast::error_code ec, tcp::socket socket) {
        if (ec) return;
        beast::tcp_stream stream(std::move(socket));
        if (tls)
            std::make_shared<session<tls_stream>>(tls_stream(std::move(stream), *tls))->run();
        else
            std::make_shared<session<beast::tcp_stream>>(std::move(stream))->run();
        accept(acceptor, tls);
    });
}

int main(int argc, char** argv) {
    asio::io_context context;
    asio::ssl::context tls(asio::ssl::context::tls_server);
    if (argc > 3) {
        tls.use_certificate_chain_file(argv[2]);
        tls.use_private_key_file(argv[3], asio::ssl::context::pem);
    }
    auto const port = static_cast<unsigned short>(argc > 1 ? std::atoi(argv[1]) : 8080);
    tcp::acceptor acceptor(context, {tcp::v4(), port});
    accept(acceptor, argc > 3 ? &tls : nullptr);
    std::cout << "listening on http" << (argc > 3 ? "s" : "")
              << "://127.0.0.1:" << acceptor.local_endpoint().port() << std::endl;

    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([&](beast::error_code, int) { context.stop(); });
    context.run();
}
