// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Real Redis servers: started for one test, in folders of their own, on free ports.
*/

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/catch.hpp"

namespace support {

/** A redis-server of its own. It ends with the test, also when that dies: it is to be made by a
    thread that lives as long.

    Begin a test that needs one with `if (!redis_server::installed()) return;`, which says so. */
class redis_server {
public:
    /// Whether there is a redis-server; if not, the test is told.
    static bool installed() {
        static bool const there = !find().empty();
        if (!there) WARN("skipped: no redis-server is installed (Debian: redis-server)");
        return there;
    }

    /// Starts it, and waits until it answers. @param more further arguments, such as
    /// `{"--requirepass", "x"}`
    explicit redis_server(std::vector<std::string> more = {}) : more_(std::move(more)) {
        std::string name =
            (std::filesystem::temp_directory_path() / "httphooks-redis-XXXXXX").string();
        if (!::mkdtemp(name.data())) throw std::runtime_error("mkdtemp");
        folder_ = name;
        for (int attempt = 0;; ++attempt) {  // somebody else may take the port first
            port_ = free_port();
            if (spawn()) return;
            if (attempt == 5) throw std::runtime_error("redis-server does not start");
        }
    }
    redis_server(redis_server const&) = delete;
    redis_server& operator=(redis_server const&) = delete;
    ~redis_server() {
        kill();
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

    std::uint16_t port() const noexcept { return port_; }
    /// `redis://127.0.0.1:port`
    std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }
    /// The path of its socket in the file system.
    std::string socket_path() const { return folder_ + "/redis.sock"; }
    std::string const& folder() const noexcept { return folder_; }
    pid_t pid() const noexcept { return pid_; }

    /// Kills it; what it has kept is lost.
    void kill() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(std::exchange(pid_, -1), nullptr, 0);
    }
    /// Starts it again after kill(), on the same port.
    void start() {
        for (int attempt = 0; attempt < 50; ++attempt)
            if (spawn()) return;
        throw std::runtime_error("redis-server does not start again");
    }
    /// Has it stand still, with its connections open.
    void pause() const { ::kill(pid_, SIGSTOP); }
    void resume() const { ::kill(pid_, SIGCONT); }

    /** Sends a command, each word an argument, over a connection of its own.
        @return the bytes of the reply as far as they came at once; empty: it does not answer */
    std::string ask(std::string_view words,
                    std::chrono::milliseconds patience = std::chrono::seconds(10)) const {
        int const fd = connect(port_);
        if (fd < 0) return {};
        std::string const line = std::string(words) + "\r\n";
        std::string reply;
        if (::send(fd, line.data(), line.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(line.size())) {
            pollfd p{fd, POLLIN, 0};
            char bytes[65'536];
            if (::poll(&p, 1, static_cast<int>(patience.count())) > 0)
                if (ssize_t const n = ::recv(fd, bytes, sizeof bytes, 0); n > 0)
                    reply.assign(bytes, static_cast<std::size_t>(n));
        }
        ::close(fd);
        return reply;
    }

    /// A port of the loopback interface that nobody listens on.
    static std::uint16_t free_port() {
        int const fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in a = loopback(0);
        socklen_t size = sizeof a;
        bool const good = ::bind(fd, reinterpret_cast<sockaddr*>(&a), sizeof a) == 0 &&
                          ::getsockname(fd, reinterpret_cast<sockaddr*>(&a), &size) == 0;
        ::close(fd);
        if (!good) throw std::runtime_error("bind");
        return ntohs(a.sin_port);
    }

private:
    static std::string find() {
        for (char const* folder : {"/usr/bin", "/usr/local/bin", "/usr/sbin"})
            if (std::string path = std::string(folder) + "/redis-server";
                ::access(path.c_str(), X_OK) == 0)
                return path;
        return {};
    }

    static sockaddr_in loopback(std::uint16_t port) {
        sockaddr_in a{};
        a.sin_family = AF_INET;
        a.sin_port = htons(port);
        a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return a;
    }
    static int connect(std::uint16_t port) {
        int const fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in a = loopback(port);
        if (::connect(fd, reinterpret_cast<sockaddr*>(&a), sizeof a) == 0) return fd;
        ::close(fd);
        return -1;
    }

    /// @return whether it answers
    bool spawn() {
        std::vector<std::string> arguments{
            find(),  "--port",       std::to_string(port_), "--bind", "127.0.0.1", "--dir",
            folder_, "--unixsocket", socket_path(),         "--save", "",          "--appendonly",
            "no",    "--logfile",    folder_ + "/log"};
        arguments.insert(arguments.end(), more_.begin(), more_.end());
        std::vector<char*> argv;
        for (std::string& a : arguments) argv.push_back(a.data());
        argv.push_back(nullptr);

        pid_ = ::fork();
        if (pid_ < 0) throw std::runtime_error("fork");
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (int fd = 3; fd < 1024; ++fd) ::close(fd);
            ::execv(argv[0], argv.data());
            ::_exit(127);
        }
        auto const until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (std::chrono::steady_clock::now() < until) {
            if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {  // the port was taken
                pid_ = -1;
                return false;
            }
            if (std::string const reply = ask("PING");
                reply.starts_with("+PONG") || reply.starts_with("-NOAUTH"))
                return true;
            std::this_thread::yield();
        }
        kill();
        return false;
    }

    std::vector<std::string> more_;
    std::string folder_{};
    std::uint16_t port_ = 0;
    pid_t pid_ = -1;
};

}  // namespace support
