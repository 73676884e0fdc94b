// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A blocking client on a socket: sends bytes, reads bytes, never waits longer than five seconds.
*/

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace support {

/// The bytes of a GET. @param more header fields, each with its CRLF
inline std::string get_request(std::string const& target, std::string const& more = {}) {
    return "GET " + target + " HTTP/1.1\r\nHost: a\r\n" + more + "\r\n";
}

/// How a read ended.
enum class read_end { more, fin, reset, timeout };

class raw_client {
public:
    /// @param from the address of its own, of the loopback network
    explicit raw_client(std::uint16_t port, in_addr_t from = INADDR_LOOPBACK)
        : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        if (socket_ < 0) throw std::runtime_error("socket");
        timeval const limit{5, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        sockaddr_in own{};
        own.sin_family = AF_INET;
        own.sin_addr.s_addr = htonl(from);
        sockaddr_in to = own;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if ((from != INADDR_LOOPBACK &&
             ::bind(socket_, reinterpret_cast<sockaddr const*>(&own), sizeof own) != 0) ||
            ::connect(socket_, reinterpret_cast<sockaddr const*>(&to), sizeof to) != 0) {
            ::close(socket_);
            throw std::runtime_error("connect");
        }
    }
    raw_client(raw_client&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
    raw_client& operator=(raw_client&&) = delete;
    ~raw_client() {
        if (socket_ >= 0) ::close(socket_);
    }

    /// @return false when the server does not take it
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            ssize_t const n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
        return true;
    }

    void finish() { ::shutdown(socket_, SHUT_WR); }

    void reset() {
        linger const l{1, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &l, sizeof l);
        ::close(std::exchange(socket_, -1));
    }

    /// Reads some, appended to `text`.
    read_end read(std::string& text) {
        char piece[16 * 1024];
        ssize_t const n = ::recv(socket_, piece, sizeof piece, 0);
        if (n > 0) {
            text.append(piece, static_cast<std::size_t>(n));
            return read_end::more;
        }
        if (n == 0) return read_end::fin;
        return errno == EAGAIN || errno == EWOULDBLOCK ? read_end::timeout : read_end::reset;
    }

    /// Reads until `text` has the end wanted, or nothing comes any more.
    std::string until(std::string_view end) {
        std::string text;
        while (text.find(end) == text.npos && read(text) == read_end::more) {
        }
        return text;
    }

    /// Reads up to FIN. @return what came, and how it ended
    std::pair<std::string, read_end> rest() {
        std::string text;
        for (;;)
            if (read_end const e = read(text); e != read_end::more) return {text, e};
    }

    int handle() const { return socket_; }

private:
    int socket_;
};

}  // namespace support
