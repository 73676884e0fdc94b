// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/tls_client.hpp>

#include <httphooks/http/client_stream.hpp>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace httphooks::http {

namespace detail {

class tls_client_stream final : public client_stream {
public:
    tls_client_stream(std::shared_ptr<asio::ssl::context> context, asio::ip::tcp::socket socket,
                      std::string host)
        : context_(std::move(context)),
          stream_(std::move(socket), *context_),
          host_(std::move(host)) {}

    asio::ip::tcp::socket& socket() noexcept override { return stream_.next_layer(); }

    void async_handshake(std::function<void(error_code)> done) override {
        error_code ec;
        asio::ip::make_address(host_, ec);
        bool const is_name = ec.failed();
        ec = {};
        if (is_name && SSL_set_tlsext_host_name(stream_.native_handle(), host_.c_str()) != 1)
            return done(asio::error::invalid_argument);
        stream_.set_verify_mode(asio::ssl::verify_peer, ec);
        if (!ec) stream_.set_verify_callback(asio::ssl::host_name_verification(host_), ec);
        if (ec) return done(ec);
        stream_.async_handshake(asio::ssl::stream_base::client, std::move(done));
    }

    void async_read_some(asio::mutable_buffer into, handler done) override {
        stream_.async_read_some(into, std::move(done));
    }
    void async_write(asio::const_buffer from, handler done) override {
        asio::async_write(stream_, from, std::move(done));
    }

private:
    std::shared_ptr<asio::ssl::context> context_;
    asio::ssl::stream<asio::ip::tcp::socket> stream_;
    std::string host_;
};

}  // namespace detail

HTTPHOOKS_DECL std::shared_ptr<asio::ssl::context> default_tls_client_context() {
    auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
    context->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                         asio::ssl::context::no_tlsv1_1);
    context->set_default_verify_paths();
    return context;
}

HTTPHOOKS_DECL client_stream_factory tls_streams(std::shared_ptr<asio::ssl::context> context) {
    return [context = std::move(context)](asio::ip::tcp::socket socket, std::string const& host) {
        return std::make_unique<detail::tls_client_stream>(context, std::move(socket), host);
    };
}

}  // namespace httphooks::http
