// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    The server that black-box tests talk to: its hooks come from a script.
*/

#include <httphooks.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <chrono>
#include <csignal>
#include <exception>
#include <filesystem>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "command_line.hpp"
#include "hook_script.hpp"
#include "log_mount.hpp"

namespace {

using namespace conformance;

hh::http::options server_options(command_line const& c) {
    hh::http::options o;
    o.address = "127.0.0.1";
    o.port = c.port;
    o.threads = c.threads;
    o.handler_timeout = c.handler_timeout;
    o.header_timeout = c.header_timeout;
    o.idle_timeout = c.idle_timeout;
    o.write_timeout = c.write_timeout;
    o.body_limit = c.body_limit;
    o.max_connections = c.max_connections;
    return o;
}

void welcome(hh::registry& hooks) {
    hooks.responder(hh::any_verb, "/*", [](hh::responder_context& c) {
        std::string text = "Welcome to '";
        text.append(c.path()).append("'... Hello world! :)");
        return hh::make_response(hh::status::ok, std::move(text), "text/html");
    });
}

/// Serves until SIGTERM or SIGINT, then answers what has begun.
template <class Server>
int serve(asio::io_context& loop, Server& server, std::string const& scheme) {
    auto const until_drained = asio::make_work_guard(loop);
    asio::signal_set signals(loop, SIGTERM, SIGINT);
    signals.async_wait([&](hh::error_code ec, int) {
        if (ec) return;
        auto const drained = [&loop](hh::error_code, hh::http::drain_report) { loop.stop(); };
        server.async_drain(std::chrono::seconds(4),
                           asio::bind_executor(loop.get_executor(), drained));
    });
    server.listen();
    hh::error_code failure;
    auto const ended = [&](hh::error_code ec) {
        failure = ec;
        if (ec) loop.stop();
    };
    server.async_run(asio::bind_executor(loop.get_executor(), ended));
    std::cout << "listening on " << scheme << "://127.0.0.1:" << server.port() << std::endl;
    loop.run();
    if (failure) std::cerr << "conformance_server: " << failure.message() << '\n';
    return failure ? 1 : 0;
}

}  // namespace

int main(int argc, char* argv[]) {
    asio::io_context loop(1);
    command_line options;
    std::vector<scripted_hook> script;
    try {
        options = read_command_line({argv + 1, argv + argc});
        if (!options.hooks_file.empty()) script = read_script(options.hooks_file);
        if (!options.www.empty() && !std::filesystem::is_directory(options.www))
            throw std::runtime_error("--www: not a folder: " + options.www);
    } catch (std::exception const& e) {
        std::cerr << "conformance_server: " << e.what() << '\n';
        return 2;
    }
    try {
        hh::registry hooks(loop.get_executor(), {.time_limit = options.handler_timeout});
        auto const log = std::make_shared<hook_log>();
        if (options.hooks_file.empty())
            welcome(hooks);
        else
            register_script(hooks, script, log);

        hh::http::server server(server_options(options), hooks);
        server.mount(log_mount(hooks, log));
        return serve(loop, server, "http");
    } catch (std::exception const& e) {
        std::cerr << "conformance_server: " << e.what() << '\n';
        return 1;
    }
}
