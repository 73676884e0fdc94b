// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Load for SockJS servers over xhr_streaming and xhr_send: two HTTP connections a session.

    Of each session one message is under way: the next leaves when the answer to the last has come
    on the stream, and the 204 of its request.
*/

#include "bench/load_generator.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// Opens sessions, makes load, measures. Uses port, pid, path, conns, size and the durations.
class xhr_generator {
public:
    explicit xhr_generator(load_options o) : o_(std::move(o)) {}
    xhr_generator(xhr_generator const&) = delete;
    xhr_generator& operator=(xhr_generator const&) = delete;
    ~xhr_generator() {
        for (auto const& s : sessions_) {
            close(s->stream);
            close(s->send);
        }
        if (ep_ >= 0) close(ep_);
    }

    load_result run() {
        ep_ = epoll_create1(0);
        for (int i = 0; i < o_.conns; ++i) open_one(i);
        for (auto const& s : sessions_) next(*s);
        loop_until(now_ns() + nanoseconds(o_.warmup));
        done_ = 0;
        double const cpu = process_cpu_seconds(o_.pid);
        std::uint64_t const begin = now_ns();
        loop_until(begin + nanoseconds(o_.duration));
        double const seconds = static_cast<double>(now_ns() - begin) / 1e9;
        load_result r;
        r.per_second = static_cast<double>(done_) / seconds;
        r.server_cpu = (process_cpu_seconds(o_.pid) - cpu) / seconds;
        return r;
    }

private:
    struct session {
        int stream = -1;
        int send = -1;
        std::string request{};
        std::string tail{};
        int waits_for = 0;
    };

    static std::uint64_t nanoseconds(double seconds) {
        return static_cast<std::uint64_t>(seconds * 1e9);
    }

    int connect_one() const {
        int const fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int const one = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        timeval const patience{10, 0};
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        sockaddr_in a{};
        a.sin_family = AF_INET;
        a.sin_port = htons(static_cast<std::uint16_t>(o_.port));
        inet_pton(AF_INET, o_.host.c_str(), &a.sin_addr);
        if (connect(fd, reinterpret_cast<sockaddr const*>(&a), sizeof a) != 0) die("connect");
        return fd;
    }

    std::string post(std::string const& target, std::string_view body) const {
        return "POST " + target + " HTTP/1.1\r\nHost: " + o_.host + ":" + std::to_string(o_.port) +
               "\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(body.size()) +
               "\r\n\r\n" + std::string(body);
    }

    static void write_all(int fd, std::string_view bytes) {
        if (::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(bytes.size()))
            die("send");
    }

    void open_one(int number) {
        auto s = std::make_unique<session>();
        char name[64];
        std::snprintf(name, sizeof name, "/%03d/x%08x%08x", number % 1000,
                      static_cast<unsigned>(number), static_cast<unsigned>(getpid()));
        s->stream = connect_one();
        write_all(s->stream, post(o_.path + name + "/xhr_streaming", {}));
        for (std::string got; got.find("\no\n") == got.npos;) {
            char piece[4096];
            ssize_t const n = recv(s->stream, piece, sizeof piece, 0);
            if (n <= 0) die("no sockjs open");
            got.append(piece, static_cast<std::size_t>(n));
        }
        s->send = connect_one();
        s->request = post(o_.path + name + "/xhr_send",
                          "[" + json_quote(request_json(std::string(o_.size, 'x'))) + "]");
        for (int const fd : {s->stream, s->send}) {
            epoll_event e{};
            e.events = EPOLLIN;
            e.data.u64 = sessions_.size() * 2 + (fd == s->send ? 1 : 0);
            fcntl(fd, F_SETFL, O_NONBLOCK);
            epoll_ctl(ep_, EPOLL_CTL_ADD, fd, &e);
        }
        sessions_.push_back(std::move(s));
    }

    void next(session& s) {
        s.waits_for = 2;
        write_all(s.send, s.request);
    }

    void loop_until(std::uint64_t deadline) {
        std::array<epoll_event, 256> events;
        while (now_ns() < deadline) {
            int const n = epoll_wait(ep_, events.data(), static_cast<int>(events.size()), 50);
            for (int i = 0; i < n; ++i) {
                std::uint64_t const at = events[static_cast<std::size_t>(i)].data.u64;
                readable(*sessions_[at / 2], at % 2 == 1);
            }
        }
    }

    /// An answer of a sending connection ends with an empty line, a frame with a line feed alone.
    void readable(session& s, bool sending) {
        char piece[32 * 1024];
        ssize_t const n = recv(sending ? s.send : s.stream, piece, sizeof piece, 0);
        if (n <= 0) die("closed by the server");
        std::string_view const got(piece, static_cast<std::size_t>(n));
        if (sending) {
            if (!got.starts_with("HTTP/1.1 204") || !got.ends_with("\r\n\r\n"))
                die("no 204: " + std::string(got));
        } else {
            // the line feed of a frame is followed by the chunk's end
            std::string const all = s.tail + std::string(got);
            if (all.find("]\n") == all.npos) {
                s.tail = all.substr(all.size() - 1);
                return;
            }
            s.tail.clear();
        }
        if (--s.waits_for > 0) return;
        ++done_;
        next(s);
    }

    load_options o_;
    std::vector<std::unique_ptr<session>> sessions_{};
    int ep_ = -1;
    std::uint64_t done_ = 0;
};

}  // namespace bench
