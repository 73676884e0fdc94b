// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// The same over TLS. Arguments: the port (8443), the certificate chain and the key, PEM files.
//
// curl: /hello => Hello over TLS

#include <httphooks.hpp>
#include <httphooks/http/tls.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>

namespace asio = boost::asio;
namespace hh = httphooks;

int main(int argc, char** argv) {
    if (argc < 4) {
        std::cerr << "usage: tls_server PORT CERTIFICATE KEY\n";
        return 2;
    }
    auto const port = static_cast<std::uint16_t>(std::atoi(argv[1]));
    asio::io_context context(1);

    hh::registry hooks(context.get_executor());
    hooks.get("/hello", [](auto& c) { return c.origin().tls() ? "Hello over TLS\n" : "Hello\n"; });

    // TLS 1.2 and newer; the context is asio's, and takes what else it is told.
    auto const tls = hh::http::make_server_context(argv[2], argv[3]);
    hh::http::tls_server web(context.get_executor(), tls, hooks, {.port = port});
    web.listen();
    web.async_run(asio::detached);
    std::cout << "listening on https://127.0.0.1:" << web.port() << std::endl;

    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait(
        [&](hh::error_code, int) { web.async_drain(std::chrono::seconds(5), asio::detached); });
    context.run();
}
