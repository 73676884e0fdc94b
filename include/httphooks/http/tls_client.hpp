// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    TLS for the client: certificates are verified, for the host that was asked for.
*/

#include <httphooks/config.hpp>
#include <httphooks/http/client_stream.hpp>

#include <boost/asio/ssl.hpp>

#include <cstddef>
#include <memory>

namespace httphooks::http {

/// A context of TLS 1.2 and newer that trusts what the system trusts.
std::shared_ptr<asio::ssl::context> default_tls_client_context();

/** Lets a client ask https URLs: `client c{executor, {.tls = tls_streams()}}`.

    The server has to prove with a certificate that it is the host of the URL; there is no way to
    leave that out.

    @param context which authorities are trusted, and the client's own certificate if it needs one
    @par Source
    RFC 9110 4.3.4 (verification), RFC 6066 3 (server name)
*/
client_stream_factory tls_streams(
    std::shared_ptr<asio::ssl::context> context = default_tls_client_context());

}  // namespace httphooks::http

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/impl/tls_client.ipp>
#endif
