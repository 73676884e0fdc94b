// Distributed under the Boost Software License, Version 1.0. See LICENSE.

/** @file
    A whole SockJS server on memory streams: several clients whose requests concern the same
    sessions, any bytes, and an application that sends and closes.
*/

#include <httphooks/into_response.hpp>
#include <httphooks/sockjs/dispatch.hpp>

#include "support/fuzz_server.hpp"
#include "support/websocket.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
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

    void step(support::fuzz_step const& s) {
        support::memory_client& client = clients_.connected(s);
        switch (s.action()) {
            case 0:
                client.send(s.data);
                break;
            case 1:
                client.send(a_request(s.more, s.data));
                break;
            case 2:
                client.send(support::client_text(s.data));
                break;
            case 3:
                if (s.more & 1) {
                    // who has closed still takes what was on its way
                    client.window(1'000'000);
                    client.finish();
                } else {
                    client.reset();
                }
                clients_.leave(clients_.of(s));
                break;
            case 4:
                client.window(s.more * 8u);
                break;
            case 5:
                echo_.broadcast(s.data);
                break;
            case 6:
                for (sockjs::connection& c : echo_.connections())
                    if (s.more & 1)
                        c.close(static_cast<sockjs::close_code>(3000 + s.more), s.data);
                    else
                        c.resume();
                break;
            default:
                server_.pass(std::chrono::seconds(s.more));
        }
        server_.run();
    }

    /// Whatever came: when all clients have gone, so have the sessions.
    void end() {
        clients_.end([this] { return echo_.size() + requests_.size(); });
    }

private:
    support::websocket_server server_{};
    sockjs::server echo_;
    sockjs::server requests_;
    support::fuzz_clients clients_{server_};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    return support::fuzz_server<bed>(data, size);
}
