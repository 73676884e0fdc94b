// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A connection of the library's server as bytes in and bytes out, without a socket.
*/

#include <httphooks/http/detail/dispatch.hpp>
#include <httphooks/into_response.hpp>
#include <httphooks/registry.hpp>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

namespace hh = httphooks;
namespace asio = boost::asio;

/// A connection's bytes, and hooks for them.
struct dispatched_bytes : hh::http::detail::dispatch::listener {
    asio::io_context context{};
    std::vector<std::string> errors{};
    hh::registry hooks;
    std::shared_ptr<hh::http::detail::server_settings> settings =
        std::make_shared<hh::http::detail::server_settings>();
    hh::http::detail::loop loop;
    asio::ip::tcp::endpoint const peer{asio::ip::make_address("192.0.2.7"), 4000};
    hh::http::detail::dispatch bytes{loop};
    std::string input{};
    std::string output{};
    std::string log{};
    std::function<void()> decide{};
    std::function<void()> go_on{};
    bool serving = false;
    /// How often it was to be served while it was.
    int reentered = 0;

    explicit dispatched_bytes(hh::http::options o = {})
        : hooks(context.get_executor(),
                {.error_handler = [this](hh::hook_error const& e) { errors.push_back(e.what()); }}),
          loop(context.get_executor(), hooks.make_loop(), with(std::move(o))) {
        bytes.open(*this, peer, false);
    }

    std::shared_ptr<hh::http::detail::server_settings> with(hh::http::options o) {
        settings->options = std::move(o);
        return settings;
    }

    /// As a session does it.
    void on_output() noexcept override {
        if (serving)
            ++reentered;
        else
            serve();
    }
    void serve() {
        serving = true;
        for (;;) {
            std::size_t const n = bytes.consume(input);
            input.erase(0, n);
            bytes.collect();
            output += std::exchange(bytes.output(), {});
            bytes.collect();
            if (n == 0) break;
        }
        output += std::exchange(bytes.output(), {});
        bytes.deadline();
        serving = false;
    }
    void send(std::string_view more) {
        input += more;
        serve();
        run();
    }
    void run() {
        context.restart();
        context.poll();
        if (!bytes.output().empty() || !input.empty()) serve();
    }
    std::string take() { return std::exchange(output, {}); }
    void pass(std::chrono::milliseconds d) {
        auto& wheel = loop.wheel();
        wheel.advance(wheel.now() + hh::http::detail::timer_wheel::ticks(d), [](auto&) {});
    }
    bool is_late() {
        auto const at = bytes.deadline();
        return at && static_cast<std::int32_t>(loop.wheel().now() - *at) >= 0;
    }
    void meet_deadline() {
        bytes.on_deadline();
        serve();
        run();
    }

    /// A guard that decides at once, by the field X-Pass.
    void guard(bool needs_body) {
        hooks.pre_responder(hh::any_verb, "/*",
                            [this](auto& c) {
                                log += "guard(" + std::string(c.request().body()) + ") ";
                                if (c.request()["X-Pass"].empty())
                                    c.set_response(hh::status::unauthorized);
                                else
                                    c.pass();
                            },
                            {.needs_body = needs_body});
    }
    /// A guard that decides when decide() is called.
    void slow_guard() {
        hooks.pre_responder(hh::any_verb, "/*",
                            [this](auto& c, auto done) {
                                log += "slow(" + std::string(c.request().body()) + ") ";
                                decide = [this, &c,
                                          d = std::make_shared<decltype(done)>(std::move(done))] {
                                    if (c.request()["X-Pass"].empty())
                                        c.set_response(hh::status::unauthorized);
                                    else
                                        c.pass();
                                    (*d)();
                                    decide = nullptr;
                                };
                            },
                            {.needs_body = false});
    }
    void echo() {
        hooks.post("/*", [this](auto& c) {
            log += "responder(" + std::string(c.request().body()) + ") ";
            return c.request().body();
        });
    }
};

inline std::string post(std::string_view fields, std::string_view body) {
    std::string text = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: ";
    text.append(std::to_string(body.size())).append("\r\n").append(fields).append("\r\n");
    return text.append(body);
}

inline std::string chunked(std::string_view fields, std::string_view body) {
    std::string text = "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n";
    text.append(fields).append("\r\n");
    for (char c : body) text.append("1\r\n").append(1, c).append("\r\n");
    return text.append("0\r\n\r\n");
}

/// How often a text is in another.
inline std::size_t count(std::string const& text, std::string_view what) {
    std::size_t n = 0;
    for (std::size_t at = 0; (at = text.find(what, at)) != text.npos; at += what.size()) ++n;
    return n;
}

}  // namespace support
