// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Servers that are measured against each other: other processes, on a core of their own.
*/

#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// The path of this program.
inline std::string this_program() {
    return std::filesystem::read_symlink("/proc/self/exe").string();
}

/// Has this process run on one core.
inline void pin(int core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    sched_setaffinity(0, sizeof set, &set);
}

/// Allows as many open files as the system lets this process have.
inline void raise_descriptor_limit() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/// What a server says when it is ready.
inline void announce(unsigned port) {
    std::cout << "listening on " << port << std::endl;
}

inline double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values.empty() ? 0 : values[values.size() / 2];
}

/// Installs a package of npm beside this program; node finds it by NODE_PATH.
inline void install_npm_package(std::string const& name, std::string const& version) {
    std::string const folder = this_program() + ".npm";
    setenv("NODE_PATH", (folder + "/node_modules").c_str(), 1);
    if (std::filesystem::exists(folder + "/node_modules/" + name)) return;
    std::string const command = "mkdir -p '" + folder + "' && npm install --silent --prefix '" +
                                folder + "' " + name + "@" + version + " >&2";
    if (std::system(command.c_str()) != 0)
        std::printf("npm cannot install %s: without it\n", name.c_str());
}

/// A server in another process, until it is destroyed.
class peer {
public:
    /// @param command to be executed; it says announce() when it is ready
    explicit peer(std::vector<std::string> command) {
        int ends[2];
        if (pipe(ends) != 0) throw std::runtime_error("pipe");
        std::vector<char*> arguments;
        for (std::string& s : command) arguments.push_back(s.data());
        arguments.push_back(nullptr);
        pid_ = fork();
        if (pid_ == 0) {
            dup2(ends[1], STDOUT_FILENO);
            close(ends[0]);
            pin(1);
            execvp(arguments[0], arguments.data());
            _exit(127);
        }
        close(ends[1]);
        std::string line;
        for (char c = 0; read(ends[0], &c, 1) == 1 && c != '\n';) line += c;
        close(ends[0]);
        std::size_t const at = line.rfind(' ');
        port_ = at == line.npos ? 0 : std::atoi(line.c_str() + at);
    }
    peer(peer const&) = delete;
    peer& operator=(peer const&) = delete;
    ~peer() {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }

    bool works() const noexcept { return port_ != 0; }
    int port() const noexcept { return port_; }
    int pid() const noexcept { return pid_; }

private:
    pid_t pid_ = -1;
    int port_ = 0;
};

}  // namespace bench
