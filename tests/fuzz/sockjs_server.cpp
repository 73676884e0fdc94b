// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    A whole SockJS server on memory streams: several clients whose requests concern the same
    sessions, any bytes, and an application that sends and closes.
*/

#include <httphooks/into_response.hpp>
#include <httphooks/sockjs/dispatch.hpp>

#include "support/websocket.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace {

namespace hh = httphooks;
namespace sockjs = httphooks::sockjs;

sockjs::options tight(std::string prefix, bool drop) {
    sockjs::options o;
    o.prefix = std::move(prefix);
    o.disconnect_delay = std::chrono::milliseconds(0);
    o.response_limit = 300;
    o.message_limit = 1000;
    o.queue_bytes = 500;
    o.queue_messages = 20;
    o.inbound_bytes = 500;
    o.max_sessions = 6;
    o.jsessionid = true;
    o.overflow = drop ? sockjs::overflow_policy::drop : sockjs::overflow_policy::close;
    return o;
}

constexpr std::array<std::string_view, 9> transports{
    "websocket", "xhr",   "xhr_send",   "xhr_streaming",  "eventsource",
    "htmlfile",  "jsonp", "jsonp_send", "../../websocket"};

/// The bytes of the input, taken from the front.
class input {
public:
    explicit input(std::string_view bytes) : bytes_(bytes) {}

    bool empty() const noexcept { return bytes_.empty(); }
    std::uint8_t byte() noexcept {
        return empty() ? 0 : static_cast<std::uint8_t>(take(1).front());
    }
    std::string_view take(std::size_t n) noexcept {
        std::string_view const taken = bytes_.substr(0, n);
        bytes_.remove_prefix(taken.size());
        return taken;
    }

private:
    std::string_view bytes_;
};

/// A request of a client to one of two sessions of a service.
std::string a_request(std::uint8_t which, std::string_view body) {
    std::string_view const transport = transports[which % transports.size()];
    std::string target = which & 64 ? "/hooks" : "/echo";
    target += which & 128 ? "/000/a/" : "/000/b/";
    target += transport;
    if (transport == "websocket" || transport == "../../websocket")
        return support::handshake(target);
    bool const sends = transport.ends_with("_send");
    if (transport == "htmlfile" || transport == "jsonp") target += "?c=f";
    std::string const method = sends || transport.starts_with("xhr") ? "POST " : "GET ";
    return method + target + " HTTP/1.1\r\nHost: example.org\r\nContent-Type: text/plain\r\n" +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

class bed {
public:
    explicit bed(std::uint8_t how)
        : echo_(server_.context.get_executor(), tight("/echo", (how & 1) != 0)),
          requests_(server_.context.get_executor(), tight("/hooks", (how & 1) != 0)) {
        echo_.on_connection([how](sockjs::connection c) {
            c.on_message([c, how](std::string_view m) mutable {
                if (m == "throw") throw 1;
                if (m == "close") c.close();
                if (m == "pause") c.pause();
                for (int i = 0; i < (how & 2 ? 5 : 1); ++i) c.send(m);
            });
            c.on_close([c](sockjs::close_code, std::string_view) mutable { c.send("late"); });
        });
        server_.registry.post("/a", [](auto& c) { return hh::text(c.request().body()); });
        server_.registry.post("/never", [](auto&, auto) {});
        sockjs::dispatch(requests_, server_.registry, {.in_flight = 2});
        server_.settings->mounts.add(echo_);
        server_.settings->mounts.add(requests_);
    }

    void step(input& in) {
        std::uint8_t const what = in.byte();
        std::uint8_t const more = in.byte();
        std::optional<support::memory_client>& client = clients_[what & 3];
        if (!client) client = server_.connect();
        std::string_view const data = in.take(in.byte());
        switch (what >> 2 & 7) {
            case 0:
                client->send(data);
                break;
            case 1:
                client->send(a_request(more, data));
                break;
            case 2:
                client->send(support::client_text(data));
                break;
            case 3:
                if (more & 1) {
                    // who has closed still takes what was on its way
                    client->window(1'000'000);
                    client->finish();
                } else {
                    client->reset();
                }
                server_.run();
                leave(client);
                break;
            case 4:
                client->window(more * 8u);
                break;
            case 5:
                echo_.broadcast(data);
                break;
            case 6:
                for (sockjs::connection& c : echo_.connections())
                    if (more & 1)
                        c.close(static_cast<sockjs::close_code>(3000 + more), data);
                    else
                        c.resume();
                break;
            default:
                server_.pass(std::chrono::seconds(more));
        }
        server_.run();
    }

    /// Whatever came: when all clients have gone, so have the sessions.
    void end() {
        for (auto& client : clients_) {
            if (!client) continue;
            client->reset();
            server_.run();
            leave(client);
        }
        for (int i = 0; i < 50 && sessions() > 0; ++i) server_.run();
        if (sessions() != 0) std::abort();
        for (int i = 0; i < 4; ++i) server_.pass(std::chrono::seconds(31));
        if (server_.loop().size() != 0) std::abort();
    }

private:
    std::size_t sessions() const { return echo_.size() + requests_.size(); }

    static void leave(std::optional<support::memory_client>& client) {
        std::string_view const got = client->received();
        if (!std::string_view("HTTP/1.1 ").starts_with(got.substr(0, 9))) std::abort();
        client.reset();
    }

    support::websocket_server server_{};
    sockjs::server echo_;
    sockjs::server requests_;
    std::array<std::optional<support::memory_client>, 4> clients_{};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size < 2 || size > 4096) return 0;
    input in(std::string_view(reinterpret_cast<char const*>(data), size));
    bed all(in.byte());
    while (!in.empty()) all.step(in);
    all.end();
    return 0;
}
