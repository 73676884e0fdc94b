// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The conformance server as a process of its own.
*/

#include <nlohmann/json.hpp>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace conformance {

using json = nlohmann::json;

inline constexpr int patience_ms = 20'000;

/// A file in the folder for temporary files, gone at the end.
class temporary_file {
public:
    explicit temporary_file(std::string const& text) {
        std::string name = (std::filesystem::temp_directory_path() / "httphooks-XXXXXX").string();
        int const fd = ::mkstemp(name.data());
        if (fd < 0) throw std::runtime_error("mkstemp");
        ::close(fd);
        path_ = name;
        std::ofstream(path_) << text;
    }
    temporary_file(temporary_file const&) = delete;
    temporary_file& operator=(temporary_file const&) = delete;
    ~temporary_file() { std::remove(path_.c_str()); }

    std::string const& path() const noexcept { return path_; }

private:
    std::string path_;
};

/// A folder for temporary files, gone at the end.
class temporary_folder {
public:
    temporary_folder() {
        std::string name = (std::filesystem::temp_directory_path() / "httphooks-XXXXXX").string();
        if (!::mkdtemp(name.data())) throw std::runtime_error("mkdtemp");
        path_ = name;
    }
    temporary_folder(temporary_folder const&) = delete;
    temporary_folder& operator=(temporary_folder const&) = delete;
    ~temporary_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    std::filesystem::path const& path() const noexcept { return path_; }
    void write(std::string const& name, std::string const& text) const {
        std::ofstream(path_ / name) << text;
    }

private:
    std::filesystem::path path_;
};

/// A process, and what it prints; killed at the end if it still runs.
class process {
public:
    /// @param variable of the environment, which says what program it is
    explicit process(std::vector<std::string> arguments,
                     char const* variable = "HTTPHOOKS_CONFORMANCE_SERVER") {
        char const* const program = std::getenv(variable);
        if (!program) throw std::runtime_error(std::string(variable) + " is not set");
        arguments.insert(arguments.begin(), program);
        std::vector<char*> argv;
        for (std::string& a : arguments) argv.push_back(a.data());
        argv.push_back(nullptr);

        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
        int const failed = ::posix_spawn(&pid_, program, &actions, nullptr, argv.data(), environ);
        ::posix_spawn_file_actions_destroy(&actions);
        ::close(ends[1]);
        output_ = ends[0];
        if (failed) throw std::runtime_error(std::string("cannot start ") + program);
    }
    process(process const&) = delete;
    process& operator=(process const&) = delete;
    ~process() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
        ::close(output_);
    }

    /// The next line of its output; empty at the end.
    std::string line() {
        std::size_t end;
        while ((end = text_.find('\n')) == text_.npos) {
            pollfd p{output_, POLLIN, 0};
            if (::poll(&p, 1, patience_ms) <= 0) throw std::runtime_error("the server is silent");
            char bytes[4096];
            ssize_t const n = ::read(output_, bytes, sizeof bytes);
            if (n <= 0) return std::exchange(text_, {});
            text_.append(bytes, static_cast<std::size_t>(n));
        }
        std::string first = text_.substr(0, end);
        text_.erase(0, end + 1);
        return first;
    }

    pid_t id() const noexcept { return pid_; }
    void terminate() { ::kill(pid_, SIGTERM); }

    /// Waits for its end, which closes its output. @return its exit status
    int wait() {
        while (!line().empty()) {
        }
        int status = 0;
        ::waitpid(std::exchange(pid_, -1), &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

private:
    pid_t pid_ = -1;
    int output_ = -1;
    std::string text_;
};

/// A conformance server with a script.
class server {
public:
    explicit server(json const& script, std::initializer_list<std::string> more = {})
        : script_(script.dump()),
          process_(arguments(script.is_null() ? "" : script_.path(), more)) {
        std::string const line = process_.line();
        std::string_view const start = "listening on http://127.0.0.1:";
        if (!line.starts_with(start)) throw std::runtime_error(line);
        port_ = static_cast<std::uint16_t>(std::stoi(line.substr(start.size())));
    }

    std::uint16_t port() const noexcept { return port_; }
    process& running() noexcept { return process_; }

private:
    static std::vector<std::string> arguments(std::string const& script,
                                              std::initializer_list<std::string> more) {
        std::vector<std::string> a(more);
        if (!script.empty()) a.insert(a.end(), {"--hooks", script});
        return a;
    }

    temporary_file script_;
    process process_;
    std::uint16_t port_ = 0;
};

}  // namespace conformance
