// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/system/log_file.hpp>

#include <httphooks/error.hpp>

#include <fcntl.h>
#include <unistd.h>
#include <cerrno>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::detail {

HTTPHOOKS_DECL log_file::log_file(std::string path)
    : path_(std::move(path)), descriptor_(path_.empty() ? STDOUT_FILENO : open()) {}

HTTPHOOKS_DECL log_file::~log_file() {
    if (!path_.empty()) ::close(descriptor_);
}

inline int log_file::open() const {
    constexpr int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY;
    int const fd = ::open(path_.c_str(), flags, 0640);
    if (fd < 0) throw system_error(error_code(errno, boost::system::system_category()), path_);
    return fd;
}

HTTPHOOKS_DECL void log_file::write(std::string_view text) {
    std::lock_guard const lock(mutex_);
    while (!text.empty()) {
        ssize_t const n = ::write(descriptor_, text.data(), text.size());
        if (n >= 0) {
            text.remove_prefix(static_cast<std::size_t>(n));
            continue;
        }
        if (errno == EINTR) continue;
        error_code const ec(errno, boost::system::system_category());
        if (std::exchange(failed_, true)) return;
        throw system_error(ec, path_.empty() ? "standard output" : path_);
    }
    failed_ = false;
}

HTTPHOOKS_DECL void log_file::reopen() {
    if (path_.empty()) return;
    int const fresh = open();
    std::lock_guard const lock(mutex_);
    ::close(std::exchange(descriptor_, fresh));
    failed_ = false;
}

}  // namespace httphooks::detail
