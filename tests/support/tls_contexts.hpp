// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Both sides of TLS for one test: a server with a certificate, and a client that trusts it.
*/

#include <httphooks/http/tls.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>

#include <memory>

#include "support/certificate.hpp"

namespace support {

struct tls_contexts {
    std::shared_ptr<boost::asio::ssl::context> server;
    std::shared_ptr<boost::asio::ssl::context> client;
};

/// @param subject as make_certificate() takes it
inline tls_contexts make_tls_contexts(char const* subject) {
    using boost::asio::buffer;
    using context = boost::asio::ssl::context;
    certificate const made = make_certificate(subject);
    tls_contexts both{httphooks::http::make_server_context(),
                      std::make_shared<context>(context::tls_client)};
    both.server->use_certificate_chain(buffer(made.chain));
    both.server->use_private_key(buffer(made.key), context::pem);
    both.client->add_certificate_authority(buffer(made.chain));
    return both;
}

}  // namespace support
