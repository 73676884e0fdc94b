// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// Serves the files below a directory. Arguments: the port (8080), the directory (the working one).
//
// curl: /files/static_files.cpp => Serves the files
// curl: -r 3-13 /files/static_files.cpp => Distributed
// curl: -I /files/run => X-Content-Type-Options: nosniff
// curl: --path-as-is /files/..%2fLICENSE => Not Found
// curl: /download => examples/run

#include <httphooks.hpp>
#include <httphooks/http/static_files.hpp>

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
    std::string const root = argc > 2 ? argv[2] : ".";
    asio::io_context context(1);
    hh::registry hooks(context.get_executor());

    // A whole tree. The parameter is named path, unless the options say otherwise.
    hooks.get("/files/*path",
              hh::http::static_files(root, {.content_types = {{"cpp", "text/x-c++"}}}));

    // One file, whose path the program knows.
    hooks.get("/download", [root](auto& c) {
        c.reply_headers().set(hh::field::content_disposition, "attachment; filename=run");
        hh::http::send_file(c, root + "/run", "text/x-shellscript");
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
