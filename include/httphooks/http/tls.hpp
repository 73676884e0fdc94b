// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The HTTP server over TLS. Needs OpenSSL; link httphooks::tls.
*/

#include <httphooks/config.hpp>
#include <httphooks/http/server.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <string>
#include <utility>

namespace boost::asio::ssl {

template <class Stream>
class stream;

}  // namespace boost::asio::ssl

namespace httphooks::http {

/** A context for servers: TLS 1.2 and 1.3, the ciphers that OpenSSL holds for good, no compression,
    no renegotiation. Add a certificate and its key.
    @throws system_error when OpenSSL fails */
std::shared_ptr<asio::ssl::context> make_server_context();

/** As above, with a certificate and its key.
    @param certificate_chain_file a PEM file: the server's certificate, then those in between
    @param private_key_file a PEM file
    @throws system_error when a file cannot be read or they do not match */
std::shared_ptr<asio::ssl::context> make_server_context(std::string const& certificate_chain_file,
                                                        std::string const& private_key_file);

namespace detail {

/// Puts TLS over an accepted socket.
struct over_tls {
    std::shared_ptr<asio::ssl::context> context;

    template <class Socket>
    asio::ssl::stream<Socket> operator()(Socket s) const {
        return asio::ssl::stream<Socket>(std::move(s), *context);
    }
};

#ifdef HTTPHOOKS_SEPARATE_COMPILATION
extern template std::shared_ptr<server_state> serve_on(asio::any_io_executor const&,
                                                       hooks_source const&, http::options,
                                                       over_tls const&);
extern template std::shared_ptr<server_state> serve_with_threads(hooks_source const&, http::options,
                                                                 over_tls const&);
#endif

}  // namespace detail

/** A server over TLS; everything else is as in server.

    @par Thread safety
    As server. The context must not be changed while the server runs.
*/
class tls_server : public server {
public:
    /** A server on an executor.
        @param context with certificate and key; see make_server_context() */
    template <class State>
    tls_server(asio::any_io_executor executor, std::shared_ptr<asio::ssl::context> context,
               basic_registry<State> const& hooks, http::options o = {})
        : server(detail::serve_on(executor, source_of(hooks), std::move(o),
                                  detail::over_tls{std::move(context)})) {}

#ifdef HTTPHOOKS_HEADER_ONLY
    /// The same, compiled for one type of executor.
    template <detail::known_executor Executor, class State>
    tls_server(Executor const& executor, std::shared_ptr<asio::ssl::context> context,
               basic_registry<State> const& hooks, http::options o = {})
        : server(detail::serve_on(executor, source_of(hooks), std::move(o),
                                  detail::over_tls{std::move(context)})) {}
#endif

    /// A server with options::threads threads.
    template <class State>
    tls_server(http::options o, std::shared_ptr<asio::ssl::context> context,
               basic_registry<State> const& hooks)
        : server(detail::serve_with_threads(source_of(hooks), std::move(o),
                                            detail::over_tls{std::move(context)})) {}
};

}  // namespace httphooks::http

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/impl/tls.ipp>
#endif
