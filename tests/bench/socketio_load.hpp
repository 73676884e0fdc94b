// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Load for Socket.IO servers over polling, and by clients that come and go.

    Polling: each session has a connection for polls and one for what it sends. One request is under
    way: the next leaves when the poll has brought the acknowledgement, and the last was received.
    Coming and going: a connection, the upgrade, the main namespace, the packet that leaves it, and
    the closing handshake of WebSocket.
*/

#include "bench/load_generator.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bench {

/// What both have: sockets, a loop, and a measurement between two points in time.
class socketio_load {
public:
    explicit socketio_load(load_options o) : o_(std::move(o)) {}
    socketio_load(socketio_load const&) = delete;
    socketio_load& operator=(socketio_load const&) = delete;

protected:
    ~socketio_load() {
        if (ep_ >= 0) close(ep_);
    }

    static std::uint64_t nanoseconds(double seconds) {
        return static_cast<std::uint64_t>(seconds * 1e9);
    }

    int connect_one() const { return connect_one(o_.port); }
    int connect_one(int port) const {
        int const fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int const one = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        timeval const patience{10, 0};
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        linger const at_once{1, 0};  // no port is kept back for a while
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        sockaddr_in a{};
        a.sin_family = AF_INET;
        a.sin_port = htons(static_cast<std::uint16_t>(port));
        inet_pton(AF_INET, o_.host.c_str(), &a.sin_addr);
        if (connect(fd, reinterpret_cast<sockaddr const*>(&a), sizeof a) != 0) die("connect");
        return fd;
    }

    void watch(int fd, std::uint64_t name) const {
        epoll_event e{};
        e.events = EPOLLIN;
        e.data.u64 = name;
        epoll_ctl(ep_, EPOLL_CTL_ADD, fd, &e);
    }

    static void write_all(int fd, std::string_view bytes) {
        if (::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(bytes.size()))
            die("send");
    }

    static void read_some(int fd, std::string& to) {
        char piece[32 * 1024];
        ssize_t const n = recv(fd, piece, sizeof piece, 0);
        if (n <= 0) die("closed by the server");
        to.append(piece, static_cast<std::size_t>(n));
    }

    /// Calls f(name) for what is readable.
    template <class F>
    void loop_until(std::uint64_t deadline, F f) {
        std::array<epoll_event, 256> events;
        while (now_ns() < deadline) {
            int const n = epoll_wait(ep_, events.data(), static_cast<int>(events.size()), 50);
            for (int i = 0; i < n; ++i) f(events[static_cast<std::size_t>(i)].data.u64);
        }
    }

    template <class F>
    load_result measure(F f) {
        loop_until(now_ns() + nanoseconds(o_.warmup), f);
        done_ = 0;
        double const cpu = process_cpu_seconds(o_.pid);
        std::uint64_t const begin = now_ns();
        loop_until(begin + nanoseconds(o_.duration), f);
        double const seconds = static_cast<double>(now_ns() - begin) / 1e9;
        load_result r;
        r.per_second = static_cast<double>(done_) / seconds;
        r.server_cpu = (process_cpu_seconds(o_.pid) - cpu) / seconds;
        return r;
    }

    load_options o_;
    int ep_ = epoll_create1(0);
    std::uint64_t done_ = 0;
};

/// Sessions over polling. Uses port, pid, conns, size and the durations.
class polling_generator : socketio_load {
public:
    using socketio_load::socketio_load;
    ~polling_generator() {
        for (auto const& s : sessions_) {
            close(s->poll);
            close(s->post);
        }
    }

    load_result run() {
        for (int i = 0; i < o_.conns; ++i) open_one();
        for (auto const& s : sessions_) next(*s);
        return measure([this](std::uint64_t name) { readable(*sessions_[name / 2], name % 2); });
    }

private:
    struct session {
        int poll = -1;
        int post = -1;
        std::string get{};
        std::string request{};
        std::string poll_in{};
        std::string post_in{};
        int waits_for = 0;
    };

    std::string http(std::string_view method, std::string const& target,
                     std::string_view body = {}) const {
        std::string text = std::string(method) + " " + target + " HTTP/1.1\r\nHost: " + o_.host +
                           ":" + std::to_string(o_.port) + "\r\n";
        if (method == "POST")
            text += "Content-Type: text/plain;charset=UTF-8\r\nContent-Length: " +
                    std::to_string(body.size()) + "\r\n";
        return text.append("\r\n").append(body);
    }

    /// Takes a whole reply away; gives its body.
    static bool take_reply(std::string& in, std::string& body) {
        std::size_t const end = in.find("\r\n\r\n");
        if (end == in.npos) return false;
        if (in.compare(0, 12, "HTTP/1.1 200") != 0) die("refused: " + in.substr(0, end));
        std::size_t at = in.find("ontent-");
        while (at < end && strncasecmp(in.c_str() + at, "ontent-length:", 14) != 0)
            at = in.find("ontent-", at + 1);
        if (at >= end) die("a reply without its length");
        std::size_t const size = std::strtoul(in.c_str() + at + 14, nullptr, 10);
        if (in.size() < end + 4 + size) return false;
        body.assign(in, end + 4, size);
        in.erase(0, end + 4 + size);
        return true;
    }

    std::string ask(int fd, std::string const& request) const {
        write_all(fd, request);
        std::string in, body;
        while (!take_reply(in, body)) read_some(fd, in);
        return body;
    }

    void open_one() {
        auto s = std::make_unique<session>();
        s->poll = connect_one();
        s->post = connect_one();
        std::string const target = "/socket.io/?EIO=4&transport=polling";
        std::string const opened = ask(s->poll, http("GET", target));
        std::size_t const at = opened.find("\"sid\":\"");
        if (at == opened.npos) die("no session: " + opened);
        std::string const mine = target + "&sid=" + opened.substr(at + 7, 20);
        ask(s->post, http("POST", mine, "40"));
        s->get = http("GET", mine);
        if (ask(s->poll, s->get).rfind("40", 0) != 0) die("no namespace");
        s->request =
            http("POST", mine, "420[\"request\"," + request_json(std::string(o_.size, 'x')) + "]");
        watch(s->poll, sessions_.size() * 2);
        watch(s->post, sessions_.size() * 2 + 1);
        sessions_.push_back(std::move(s));
    }

    static void next(session& s) {
        s.waits_for = 2;
        write_all(s.poll, s.get);
        write_all(s.post, s.request);
    }

    void readable(session& s, bool post) {
        std::string& in = post ? s.post_in : s.poll_in;
        read_some(post ? s.post : s.poll, in);
        std::string body;
        if (!take_reply(in, body)) return;
        if (post ? body != "ok" : body.rfind("430[", 0) != 0) die("it answered " + body);
        if (--s.waits_for > 0) return;
        ++done_;
        next(s);
    }

    std::vector<std::unique_ptr<session>> sessions_{};
};

/// Clients that come and go over WebSocket, conns at a time. Uses port, pid and the durations.
class churn_generator : socketio_load {
public:
    using socketio_load::socketio_load;
    ~churn_generator() {
        for (client const& c : clients_)
            if (c.fd >= 0) close(c.fd);
    }

    load_result run() {
        clients_.resize(static_cast<std::size_t>(o_.conns));
        for (std::size_t i = 0; i < clients_.size(); ++i) begin(i);
        return measure([this](std::uint64_t name) { readable(static_cast<std::size_t>(name)); });
    }

private:
    struct client {
        int fd = -1;
        std::string in{};
        int frames = 0;
        bool upgraded = false;
    };

    void begin(std::size_t at) {
        client& c = clients_[at];
        c = {};
        c.fd = connect_one();
        watch(c.fd, at);
        write_all(c.fd, upgrade_);
    }

    void readable(std::size_t at) {
        client& c = clients_[at];
        read_some(c.fd, c.in);
        if (!c.upgraded) {
            std::size_t const end = c.in.find("\r\n\r\n");
            if (end == c.in.npos) return;
            if (c.in.compare(0, 12, "HTTP/1.1 101") != 0) die("refused: " + c.in.substr(0, end));
            c.in.erase(0, end + 4);
            c.upgraded = true;
        }
        while (c.in.size() >= 2) {
            std::size_t size = static_cast<std::uint8_t>(c.in[1]) & 0x7f;
            std::size_t head = 2;
            if (size == 126 && c.in.size() >= 4) {
                size = static_cast<std::size_t>(static_cast<std::uint8_t>(c.in[2])) << 8 |
                       static_cast<std::uint8_t>(c.in[3]);
                head = 4;
            }
            if (c.in.size() < head + size) return;
            int const opcode = c.in[0] & 0x0f;
            c.in.erase(0, head + size);
            if (opcode == 8) {
                close(c.fd);
                ++done_;
                return begin(at);
            }
            if (c.frames++ == 0)
                write_all(c.fd, join_);
            else if (c.frames == 2)
                write_all(c.fd, leave_);
        }
    }

    std::string const upgrade_ =
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: " + o_.host +
        "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    std::string const join_ = client_frame("40");
    // the packet, and an empty close frame
    std::string const leave_ = client_frame("41") + std::string("\x88\x80\0\0\0\0", 6);
    std::vector<client> clients_{};
};

}  // namespace bench
