// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/tls.hpp>

#include <httphooks/http/impl/server.hpp>

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <memory>
#include <string>

namespace httphooks::http {

HTTPHOOKS_DECL std::shared_ptr<asio::ssl::context> make_server_context() {
    auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
    context->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                         asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 |
                         asio::ssl::context::no_tlsv1_1 | asio::ssl::context::no_compression);
    SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
    SSL_CTX_set_options(context->native_handle(),
                        SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(context->native_handle(), SSL_MODE_RELEASE_BUFFERS);
    return context;
}

HTTPHOOKS_DECL std::shared_ptr<asio::ssl::context> make_server_context(
    std::string const& certificate_chain_file, std::string const& private_key_file) {
    auto context = make_server_context();
    context->use_certificate_chain_file(certificate_chain_file);
    context->use_private_key_file(private_key_file, asio::ssl::context::pem);
    return context;
}

#ifdef HTTPHOOKS_SEPARATE_COMPILATION
namespace detail {

template std::shared_ptr<server_state> serve_on(asio::any_io_executor const&, hooks_source const&,
                                                http::options, over_tls const&);
template std::shared_ptr<server_state> serve_with_threads(hooks_source const&, http::options,
                                                          over_tls const&);

}  // namespace detail
#endif

}  // namespace httphooks::http
