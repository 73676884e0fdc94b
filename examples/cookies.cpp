// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// Cookies: plain, signed and encrypted ones. Argument: the port (8080).
//
// curl: -b '' /visit --next -b '' /visit => visit 2
// curl: -b visits=7 /visit => visit 8
// curl: -b '' -X POST /theme/dark --next -b '' /theme => dark
// curl: -b theme=dark /theme => light
// curl: -b '' -X POST '/draft/a%20%22b%22;' --next -b '' /draft => a "b";
// curl: -i -X DELETE /theme => Max-Age=0

#include <httphooks.hpp>
#include <httphooks/cookie.hpp>
#include <httphooks/tls_cookie_keys.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

namespace asio = boost::asio;
namespace hh = httphooks;

int main(int argc, char** argv) {
    auto const port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8080);
    asio::io_context context(1);
    hh::registry hooks(context.get_executor());

    // Path=/, HttpOnly, SameSite=Lax, and Secure when the client came by TLS.
    hooks.get("/visit", [](auto& c) {
        int const visits = std::atoi(std::string(c.cookie("visits")).c_str()) + 1;
        c.set_cookie({.name = "visits",
                      .value = std::to_string(visits),
                      .max_age = std::chrono::hours(24 * 30)});
        return hh::text("visit ", visits, "\n");
    });

    // 32 bytes from a random source, out of a file or the environment; the old keys come behind.
    hh::cookie_keys const keys({"this-is-for-the-example-and-no-secret"});

    // Signed: the client can read it, and cannot change it.
    hooks.post("/theme/:name", [keys](auto& c) {
        c.set_cookie(keys.sign({.name = "theme", .value = std::string(c.param("name"))}));
        return "saved\n";
    });
    hooks.get("/theme", [keys](auto& c) {
        return hh::text(keys.verify(c.request(), "theme").value_or("light"), "\n");
    });
    hooks.delete_("/theme", [](auto& c) { c.delete_cookie("theme"); });

    // Encrypted: it is kept by the client, who cannot read it.
    hooks.post("/draft/:text", [keys](auto& c) {
        c.set_cookie(keys.encrypt({.name = "draft", .value = std::string(c.param("text"))}));
        return "saved\n";
    });
    hooks.get("/draft", [keys](auto& c) {
        return hh::text(keys.decrypt(c.request(), "draft").value_or("nothing"), "\n");
    });

    hh::http::server web(context.get_executor(), hooks, {.port = port});
    web.listen();
    web.async_run(asio::detached);
    std::cout << "listening on http://127.0.0.1:" << web.port() << std::endl;

    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait(
        [&](hh::error_code, int) { web.async_drain(std::chrono::seconds(5), asio::detached); });
    context.run();
}
