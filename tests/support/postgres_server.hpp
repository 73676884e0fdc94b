// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Real PostgreSQL servers: made for one test, in folders of their own, on free ports.
*/

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/catch.hpp"

namespace support {

/** A PostgreSQL server of its own, with one database, `postgres`, and one user, `tester`, who may
    do everything. Root runs it as another user, since it takes none of root's.

    It ends with the test, also when that dies: it is to be made by a thread that lives as long.
    Begin a test that needs one with `if (!postgres_server::installed()) return;`, which says so. */
class postgres_server {
public:
    /// Whether there is one; if not, the test is told.
    static bool installed() {
        static bool const there = !find().empty() && (::geteuid() != 0 || account());
        if (!there) WARN("skipped: no PostgreSQL server is installed (Debian: postgresql)");
        return there;
    }

    /** Makes it, starts it, and waits until it answers.
        @param password that `tester` has to give; empty: none */
    explicit postgres_server(std::string password = {}) : password_(std::move(password)) {
        std::string name =
            (std::filesystem::temp_directory_path() / "httphooks-pg-XXXXXX").string();
        if (!::mkdtemp(name.data())) throw std::runtime_error("mkdtemp");
        folder_ = name;
        std::ofstream(folder_ + "/password") << (password_.empty() ? "x" : password_) << '\n';
        if (::geteuid() == 0) {
            passwd const* const who = account();
            if (::chown(folder_.c_str(), who->pw_uid, who->pw_gid) != 0 ||
                ::chown((folder_ + "/password").c_str(), who->pw_uid, who->pw_gid) != 0)
                throw std::runtime_error("chown");
        }
        pid_t const maker =
            spawn({find() + "/initdb", "--pgdata", data(), "--username", "tester", "--auth",
                   password_.empty() ? "trust" : "scram-sha-256", "--pwfile", folder_ + "/password",
                   "--encoding", "UTF8", "--locale", "C", "--no-sync"});
        int status = -1;
        ::waitpid(maker, &status, 0);
        if (status != 0) throw std::runtime_error("initdb fails, see " + folder_ + "/log");
        for (int attempt = 0;; ++attempt) {  // somebody else may take the port first
            port_ = free_port();
            if (begin()) return;
            if (attempt == 5) throw std::runtime_error("postgres does not start");
        }
    }
    /// One for all tests of a program, that runs; they may kill it, and leave nothing in it.
    static postgres_server& shared() {
        static postgres_server server;
        if (server.pid_ <= 0) server.start();
        server.resume();
        return server;
    }
    postgres_server(postgres_server const&) = delete;
    postgres_server& operator=(postgres_server const&) = delete;
    ~postgres_server() {
        kill();
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

    std::uint16_t port() const noexcept { return port_; }
    /// What reaches it over TCP, as the user `tester`, with the password.
    std::string conninfo() const {
        std::string all = "host=127.0.0.1 port=" + std::to_string(port_) +
                          " user=tester dbname=postgres sslmode=disable gssencmode=disable";
        if (!password_.empty()) all += " password=" + password_;
        return all;
    }
    /// The folder that its socket in the file system is in.
    std::string const& folder() const noexcept { return folder_; }

    /// Kills it, with all that serve its connections; what is written stays.
    void kill() {
        if (pid_ <= 0) return;
        signal_all(SIGKILL);
        ::waitpid(std::exchange(pid_, -1), nullptr, 0);
    }
    /// Starts it again after kill(), on the same port.
    void start() {
        for (int attempt = 0; attempt < 20; ++attempt)
            if (begin()) return;
        throw std::runtime_error("postgres does not start again");
    }
    /// Has it stand still, with its connections open.
    void pause() const { signal_all(SIGSTOP); }
    void resume() const { signal_all(SIGCONT); }

    /// Runs statements, over a connection of its own. @return the first value; or what was wrong
    std::string ask(std::string const& sql) const {
        PGconn* const c = PQconnectdb((conninfo() + " connect_timeout=10").c_str());
        PGresult* const r = PQexec(c, sql.c_str());
        std::string answer;
        if (PQresultStatus(r) == PGRES_TUPLES_OK)
            answer = PQntuples(r) > 0 ? PQgetvalue(r, 0, 0) : "";
        else if (PQresultStatus(r) != PGRES_COMMAND_OK)
            answer = PQerrorMessage(c);
        PQclear(r);
        PQfinish(c);
        return answer;
    }

    /// A port of the loopback interface that nobody listens on.
    static std::uint16_t free_port() {
        int const fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in a{};
        a.sin_family = AF_INET;
        a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof a;
        bool const good = ::bind(fd, reinterpret_cast<sockaddr*>(&a), sizeof a) == 0 &&
                          ::getsockname(fd, reinterpret_cast<sockaddr*>(&a), &size) == 0;
        ::close(fd);
        if (!good) throw std::runtime_error("no port is free");
        return ntohs(a.sin_port);
    }

private:
    /// The folder of the programs of the newest version; empty: there is none.
    static std::string find() {
        std::string newest;
        int version = 0;
        std::error_code none;
        for (auto const& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", none)) {
            int const number = std::atoi(entry.path().filename().c_str());
            std::string const folder = entry.path().string() + "/bin";
            if (number > version && ::access((folder + "/initdb").c_str(), X_OK) == 0 &&
                ::access((folder + "/postgres").c_str(), X_OK) == 0) {
                newest = folder;
                version = number;
            }
        }
        return newest;
    }
    /// Whom root runs it as.
    static passwd const* account() {
        if (passwd const* const who = ::getpwnam("postgres")) return who;
        return ::getpwnam("nobody");
    }

    std::string data() const { return folder_ + "/data"; }

    pid_t spawn(std::vector<std::string> arguments) const {
        std::vector<char*> argv;
        for (std::string& a : arguments) argv.push_back(a.data());
        argv.push_back(nullptr);
        bool const root = ::geteuid() == 0;
        passwd const* const who = root ? account() : nullptr;
        std::string const log = folder_ + "/log";
        pid_t const child = ::fork();
        if (child < 0) throw std::runtime_error("fork");
        if (child > 0) return child;
        int const out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
        ::dup2(out, 1);
        ::dup2(out, 2);
        if (root && (::setgid(who->pw_gid) != 0 || ::setuid(who->pw_uid) != 0)) ::_exit(126);
        ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
        if (::chdir(folder_.c_str()) != 0) ::_exit(126);
        ::execv(argv[0], argv.data());
        ::_exit(127);
    }

    /// @return whether it answers
    bool begin() {
        pid_ = spawn({find() + "/postgres", "-D", data(), "-h", "127.0.0.1", "-p",
                      std::to_string(port_), "-k", folder_, "-c", "fsync=off", "-c",
                      "max_connections=30", "-c", "shared_buffers=16MB", "-c", "autovacuum=off"});
        auto const until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        std::string const where = conninfo() + " connect_timeout=10";
        while (std::chrono::steady_clock::now() < until) {
            if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {  // the port was taken
                pid_ = -1;
                return false;
            }
            if (PQping(where.c_str()) == PQPING_OK) return true;
            std::this_thread::yield();
        }
        kill();
        return false;
    }

    /// To the server and the processes that serve its connections.
    void signal_all(int which) const {
        if (pid_ <= 0) return;
        std::string const pid = std::to_string(pid_);
        std::ifstream children("/proc/" + pid + "/task/" + pid + "/children");
        ::kill(pid_, which);
        for (pid_t child = 0; children >> child;) ::kill(child, which);
    }

    std::string password_;
    std::string folder_{};
    std::uint16_t port_ = 0;
    pid_t pid_ = -1;
};

}  // namespace support
