// Distributed under the Boost Software License, Version 1.0. See LICENSE.

// A page that shows the hooks at work. Arguments: the folder of the page, that of the browser
// clients, the port (8080), the address (127.0.0.1), the URL of a Redis over which several servers
// share their notes (none). examples/run gives the first two, and with --cluster the last.

#include "notes.hpp"
#include "site.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>

namespace asio = boost::asio;
namespace hh = httphooks;

namespace {

/// One site after another: when the page has drained one, the next opens the same port.
struct life {
    demo::settings settings;
    demo::notes book;
    std::shared_ptr<demo::site> now;
    bool ending = false;

    asio::awaitable<void> run() {
        auto const executor = co_await asio::this_coro::executor;
        while (!ending) {
            now = std::make_shared<demo::site>(executor, settings, book);
            now->listen();
            settings.port = now->port();
            std::cout << "listening on http://" << settings.address << ':' << settings.port
                      << std::endl;
            auto serving = now->run();
            co_await std::move(serving);
            now.reset();
            if (ending) break;
            std::cout << "drained; the next server starts in a second" << std::endl;
            auto waiting = demo::wait(std::chrono::seconds(1));
            co_await std::move(waiting);
        }
    }
};

}  // namespace

int main(int argc, char** argv) try {
    if (argc < 3) {
        std::cerr << "usage: demo PAGE CLIENTS [PORT [ADDRESS [REDIS]]]\n";
        return 2;
    }
    life demo{{argv[1], argv[2]}, {}, {}};
    if (argc > 3) demo.settings.port = static_cast<std::uint16_t>(std::atoi(argv[3]));
    if (argc > 4) demo.settings.address = argv[4];
    if (argc > 5) demo.settings.redis = argv[5];

    asio::io_context context(1);
    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([&](hh::error_code ec, int) {
        if (ec) return;
        demo.ending = true;
        if (demo.now) demo.now->drain();
    });
    asio::co_spawn(context, demo.run(), [&](std::exception_ptr failed) {
        context.stop();  // a session whose client went away would keep it for half a minute
        if (failed) std::rethrow_exception(failed);
    });
    context.run();
    return 0;
} catch (std::exception const& e) {
    std::cerr << "demo: " << e.what() << '\n';
    return 1;
}
