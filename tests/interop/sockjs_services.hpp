// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The SockJS services of the conformance server: those of the protocol's tests, and the hooks.
*/

#include <httphooks.hpp>
#include <httphooks/sockjs.hpp>
#include <httphooks/sockjs/dispatch.hpp>
#include <httphooks/websocket/zlib_deflate.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "command_line.hpp"

namespace conformance {

namespace sockjs = hh::sockjs;

/// Lives as long as the server that its services are mounted on.
class sockjs_services {
public:
    sockjs_services(hh::registry const& hooks, command_line const& c);

    template <class Server>
    void mount_on(Server& server, hh::http::mount_options const& o) {
        for (auto const& s : services_) server.mount(s, o);
    }

private:
    static sockjs::options common(command_line const& c, std::string prefix);
    static void echo(sockjs::connection c) {
        c.on_message([c](std::string_view m, bool binary) mutable {
            if (binary)
                c.send_binary(m);
            else
                c.send(m);
        });
    }
    static void tick(sockjs::connection c);
    static std::string amplified(std::string const& message);

    sockjs::server& add(sockjs::options o, std::function<void(sockjs::connection)> f) {
        services_.emplace_back(executor_, std::move(o));
        services_.back().on_connection(std::move(f));
        return services_.back();
    }

    boost::asio::any_io_executor executor_;
    std::list<sockjs::server> services_{};
};

// ---------------------------------------------------------------------------------------------

inline sockjs::options sockjs_services::common(command_line const& c, std::string prefix) {
    sockjs::options o;
    o.prefix = std::move(prefix);
    o.heartbeat_delay = c.heartbeat;
    o.disconnect_delay = c.disconnect;
    o.sockjs_url = c.sockjs_client_url;
    o.message_limit = static_cast<std::size_t>(c.body_limit);
    if (c.deflate) o.per_message_deflate = hh::websocket::zlib_deflate();
    if (std::find(c.cors.begin(), c.cors.end(), "*") == c.cors.end()) o.origins = c.cors;
    return o;
}

inline void sockjs_services::tick(sockjs::connection c) {
    struct ticker {
        boost::asio::steady_timer timer;
        sockjs::connection client;
        bool ended = false;

        static void wait(std::shared_ptr<ticker> const& t) {
            t->timer.expires_after(std::chrono::seconds(1));
            t->timer.async_wait([t](hh::error_code ec) {
                if (ec || t->ended) return;
                t->client.send("tick!");
                wait(t);
            });
        }
    };
    auto const t = std::make_shared<ticker>(ticker{boost::asio::steady_timer(c.get_executor()), c});
    c.on_close([t](sockjs::close_code, std::string_view) {
        t->ended = true;
        t->timer.cancel();
    });
    ticker::wait(t);
}

inline std::string sockjs_services::amplified(std::string const& message) {
    char* end = nullptr;
    double const wanted = std::floor(std::strtod(message.c_str(), &end));
    bool const number = end == message.data() + message.size();
    int const n = number && wanted > 0 && wanted < 19 ? static_cast<int>(wanted) : 1;
    return std::string(std::size_t{1} << n, 'x');
}

inline sockjs_services::sockjs_services(hh::registry const& hooks, command_line const& c)
    : executor_(hooks.get_executor()) {
    auto limited = common(c, "/echo");
    limited.response_limit = 4096;
    add(std::move(limited), echo);

    auto without = common(c, "/disabled_websocket_echo");
    without.websocket = false;
    without.raw_websocket = false;
    add(std::move(without), echo);

    auto with_cookie = common(c, "/cookie_needed_echo");
    with_cookie.jsessionid = true;
    add(std::move(with_cookie), echo);

    add(common(c, "/close"),
        [](sockjs::connection client) { client.close(sockjs::close_code::go_away, "Go away!"); });
    add(common(c, "/ticker"), tick);
    add(common(c, "/amplify"), [](sockjs::connection client) {
        client.on_message(
            [client](std::string_view m) mutable { client.send(amplified(std::string(m))); });
    });

    services_.emplace_back(executor_, common(c, "/broadcast"));
    auto* const all = &services_.back();
    all->on_connection([all](sockjs::connection client) {
        client.on_message([all](std::string_view m) { all->broadcast(m); });
    });

    services_.emplace_back(executor_, common(c, "/hooks"));
    sockjs::dispatch(services_.back(), hooks, {.stream_messages = c.stream_messages});
}

}  // namespace conformance
