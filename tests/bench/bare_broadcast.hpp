// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a broadcast costs the system alone: a loop of send() over clients of Socket.IO.

    It knows of a client what the load generator asks for: the upgrade, the packets "open" and
    "connect". A longer message makes one go to all, as a frame made beforehand.
*/

#include "bench/load_generator.hpp"
#include "bench/peer.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

class bare_broadcast {
public:
    /// @param size of the text that goes to all
    explicit bare_broadcast(std::size_t size)
        : event_(server_frame("42[\"bcast\",\"" + std::string(size, 'x') + "\"]")) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        if (bind(listener_, reinterpret_cast<sockaddr const*>(&address), length) != 0 ||
            listen(listener_, SOMAXCONN) != 0 ||
            getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) != 0)
            die("listen");
        watch(listener_);
        announce(ntohs(address.sin_port));
    }
    bare_broadcast(bare_broadcast const&) = delete;
    bare_broadcast& operator=(bare_broadcast const&) = delete;

    /// Serves until the process is ended.
    [[noreturn]] void run() {
        std::array<epoll_event, 512> events;
        for (;;) {
            int const n = epoll_wait(ep_, events.data(), static_cast<int>(events.size()), -1);
            for (int i = 0; i < n; ++i) {
                int const fd = events[static_cast<std::size_t>(i)].data.fd;
                fd == listener_ ? accept_one() : readable(fd);
            }
        }
    }

private:
    struct client {
        bool upgraded = false;
        std::string in{};
    };

    static std::string server_frame(std::string_view text) {
        std::string f{'\x81', static_cast<char>(text.size())};
        if (text.size() >= 126) die("a text for short frames");
        return f.append(text);
    }

    void watch(int fd) const {
        epoll_event e{};
        e.events = EPOLLIN;
        e.data.fd = fd;
        epoll_ctl(ep_, EPOLL_CTL_ADD, fd, &e);
    }

    void accept_one() {
        int const fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;
        int const one = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (static_cast<std::size_t>(fd) >= clients_.size())
            clients_.resize(static_cast<std::size_t>(fd) + 1);
        clients_[static_cast<std::size_t>(fd)] = {};
        watch(fd);
    }

    static void put(int fd, std::string_view bytes) {
        auto const n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        bool const gone = n < 0 && (errno == EPIPE || errno == ECONNRESET);
        if (!gone && n != static_cast<ssize_t>(bytes.size())) die("a client that does not read");
    }

    void readable(int fd) {
        char piece[4096];
        auto const n = recv(fd, piece, sizeof piece, 0);
        if (n <= 0) {
            std::erase(joined_, fd);
            close(fd);
            return;
        }
        client& c = clients_[static_cast<std::size_t>(fd)];
        c.in.append(piece, static_cast<std::size_t>(n));
        if (!c.upgraded && c.in.ends_with("\r\n\r\n")) {
            c.upgraded = true;
            c.in.clear();
            put(fd,
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "\r\n" +
                    server_frame("0{\"sid\":\"s\",\"upgrades\":[],\"pingInterval\":25000,"
                                 "\"pingTimeout\":20000,\"maxPayload\":1000000}"));
        }
        while (c.upgraded && c.in.size() >= 6) {
            std::size_t const size = static_cast<std::uint8_t>(c.in[1]) & 0x7f;
            if (c.in.size() < 6 + size) break;
            c.in.erase(0, 6 + size);
            if (size == 2) {
                joined_.push_back(fd);
                put(fd, server_frame("40{\"sid\":\"s\"}"));
            } else if (size > 2) {
                for (int const each : joined_) put(each, event_);
            }
        }
    }

    std::string event_;
    int ep_ = epoll_create1(EPOLL_CLOEXEC);
    int listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    std::vector<client> clients_{};
    std::vector<int> joined_{};
};

}  // namespace bench
