// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    The server that black-box tests talk to: its hooks come from a script.
*/

#include <httphooks.hpp>
#include <httphooks/http/brotli_coding.hpp>
#include <httphooks/http/compress.hpp>
#include <httphooks/http/decompress.hpp>
#include <httphooks/http/static_files.hpp>
#include <httphooks/http/tls.hpp>
#include <httphooks/http/zlib_codings.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <nlohmann/json.hpp>

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

#include <sys/resource.h>

#include "command_line.hpp"
#include "complaint.hpp"
#include "engineio_services.hpp"
#include "hook_script.hpp"
#include "log_mount.hpp"
#include "socketio_services.hpp"
#include "sockjs_services.hpp"
#include "stream_replies.hpp"
#include "stream_service.hpp"
#include "websocket_services.hpp"

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
    o.trusted_proxies = c.trusted_proxies;
    if (c.compress) {
        hh::http::compress_options compress{
            .codings = {hh::http::brotli(), hh::http::gzip(), hh::http::deflate()}};
        // hooks of a script need not say what they send, and several replies may be one
        compress.types.insert(compress.types.end(), {"", "multipart/mixed"});
        o.compress.emplace(compress);
        o.decompress.emplace(
            hh::http::decompress_options{.codings = compress.codings, .limit = c.body_limit});
    }
    return o;
}

/// @param elsewhere whether only where no other responder serves the path
void welcome(hh::registry& hooks, bool elsewhere) {
    hooks.responder(hh::any_verb, "/*",
                    [](hh::responder_context& c) {
                        std::string text = "Welcome to '";
                        text.append(c.path()).append("'... Hello world! :)");
                        return hh::make_response(hh::status::ok, std::move(text), "text/html");
                    },
                    {.fallback = elsewhere});
}

/// Has GET /who tell which server it is, and whom it believes to talk to.
void tell_who(hh::registry& hooks, std::string const& name) {
    hooks.pre_responder(hh::verb::get, "/who", [name](hh::pre_responder_context& c) {
        nlohmann::json const who = {{"name", name},
                                    {"client", c.origin().peer().address().to_string()},
                                    {"scheme", c.origin().tls() ? "https" : "http"}};
        c.end(hh::make_response(hh::status::ok, who.dump(), "application/json"));
    });
}

/// Has the files of a folder answer GET and HEAD where there is one; elsewhere the hooks do.
/// @param compressed whether compressed files beside them are sent in their place
void serve_files(hh::registry& hooks, std::string const& folder, bool compressed) {
    hh::registry files(hooks.get_executor());
    files.get("/*path", hh::http::static_files(folder, {.precompressed = compressed}));
    hooks.pre_responder(hh::verb::get, "/*",
                        [files](hh::pre_responder_context& c) mutable -> asio::awaitable<void> {
                            hh::request copy = c.request();
                            if (copy.method() == hh::verb::head) {
                                // the length of a reply to HEAD is that of the body, which is
                                // dropped later
                                copy.method(hh::verb::get);
                                copy.erase(hh::field::range);
                            }
                            auto reply = files.async_dispatch(std::move(copy));
                            hh::response found = co_await std::move(reply);
                            if (found.result() == hh::status::not_found)
                                c.pass();
                            else
                                c.end(std::move(found));
                        });
}

/// As many connections as were asked for need as many descriptors as the system grants.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// Serves until SIGTERM or SIGINT, then answers what has begun.
/// @return the program's exit status
int serve(asio::io_context& loop, hh::http::server server, std::string const& scheme) try {
    asio::signal_set signals(loop, SIGTERM, SIGINT);
    signals.async_wait([&](hh::error_code ec, int) {
        if (ec) return;
        auto const drained = [&](hh::error_code, hh::http::drain_report) {
            hh::error_code ignored;
            signals.clear(ignored);
            std::signal(SIGTERM, SIG_IGN);  // a second one does not spoil the exit status
            loop.stop();
        };
        // the whole may take five seconds
        server.async_drain(std::chrono::milliseconds(3'500),
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
    loop.restart();
    loop.run_for(std::chrono::seconds(1));  // the other servers of a cluster are told
    return failure ? complain("conformance_server", failure.message(), 1) : 0;
} catch (std::exception const& e) {
    return complain("conformance_server", e.what(), 1);
}

}  // namespace

int main(int argc, char* argv[]) {
    raise_descriptor_limit();
    asio::io_context loop(1);
    try {
        command_line const options = read_command_line({argv + 1, argv + argc});
        std::vector<scripted_hook> script;
        if (!options.hooks_file.empty()) script = read_script(options.hooks_file);
        if (!options.www.empty() && !std::filesystem::is_directory(options.www))
            throw std::runtime_error("--www: not a folder: " + options.www);
        bool const tls = !options.certificate.empty();
        std::shared_ptr<asio::ssl::context> context;
        if (tls) context = hh::http::make_server_context(options.certificate, options.key);

        hh::registry_options registry_options = options_of(script);
        registry_options.time_limit = options.handler_timeout;
        if (options.best) registry_options.responders = hh::responders::best;
        hh::registry hooks(loop.get_executor(), registry_options);
        if (!options.www.empty()) serve_files(hooks, options.www, options.compress);
        if (!options.name.empty()) tell_who(hooks, options.name);
        if (options.streams) {
            auto const seen = std::make_shared<streams_seen>();
            serve_streamed_replies(hooks, seen);
            serve_streamed_requests(hooks, seen);
            for (scripted_hook& h : script)
                h.aside = {streamed_paths.begin(), streamed_paths.end()};
        }
        auto const log = std::make_shared<hook_log>();
        if (options.hooks_file.empty())
            welcome(hooks, options.streams);
        else
            register_script(hooks, script, log);

        sockjs_services sockjs(hooks, options);
        websocket_services websockets(hooks, options);
        socketio::server io(hooks.get_executor(), socketio_options(options));
        serve_application(io, hooks, options);
        hh::http::options const o = server_options(options);
        hh::http::server server =
            tls ? hh::http::tls_server(o, context, hooks) : hh::http::server(o, hooks);
        server.mount(log_mount(hooks, log));
        hh::http::mount_options behind;
        if (options.guard_mounts) behind.guards = hooks;
        sockjs.mount_on(server, behind);
        server.mount(engineio_echo(hooks.get_executor(), options), behind);
        server.mount(io, behind);
        websockets.mount_on(server, behind);
        return serve(loop, server, tls ? "https" : "http");
    } catch (std::exception const& e) {  // serve() throws nothing: it is the command line
        return complain("conformance_server", e.what(), 2);
    }
}
