// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Runs what must not survive, in a process of its own.
*/

#include <csignal>
#include <cstddef>
#include <stdexcept>
#include <string>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace support {

/// How a process ended.
struct death {
    /// The signal that ended it; 0: none did.
    int signal = 0;
    /// What it wrote to its standard error output.
    std::string said{};
};

/// Runs a function in a child process, for at most twenty seconds.
template <class Function>
death death_of(Function f) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("pipe");
    pid_t const child = ::fork();
    if (child < 0) throw std::runtime_error("fork");
    if (child == 0) {
        ::alarm(20);
        rlimit const no_core{0, 0};
        ::setrlimit(RLIMIT_CORE, &no_core);
        std::signal(SIGABRT, SIG_DFL);
        ::dup2(ends[1], STDERR_FILENO);
        ::close(ends[0]);
        ::close(ends[1]);
        f();
        ::_exit(0);
    }
    ::close(ends[1]);
    death how;
    char piece[1024];
    for (ssize_t n; (n = ::read(ends[0], piece, sizeof piece)) > 0;)
        how.said.append(piece, static_cast<std::size_t>(n));
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) how.signal = WTERMSIG(status);
    return how;
}

}  // namespace support
