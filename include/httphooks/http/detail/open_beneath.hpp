// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Opens a file below a directory, and nothing that is not below it.
*/

#include <httphooks/error.hpp>
#include <httphooks/http/detail/last_error.hpp>

#include <boost/system/errc.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#if __has_include(<linux/openat2.h>)
#include <linux/openat2.h>
#include <sys/syscall.h>
#endif

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::http::detail {

/// Owns a file descriptor.
class unique_descriptor {
public:
    unique_descriptor() = default;
    explicit unique_descriptor(int descriptor) noexcept : descriptor_(descriptor) {}
    unique_descriptor(unique_descriptor&& other) noexcept : descriptor_(other.release()) {}
    unique_descriptor& operator=(unique_descriptor&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    ~unique_descriptor() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }

    explicit operator bool() const noexcept { return descriptor_ >= 0; }
    int get() const noexcept { return descriptor_; }
    int release() noexcept { return std::exchange(descriptor_, -1); }

private:
    int descriptor_ = -1;
};

/// What open_beneath() opens files with: never blocks, never makes a terminal the process's own.
inline constexpr int open_flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

/** Whether a path has only segments that may be looked up below a root.

    No empty segment, no `.` and `..`, no absolute path, no byte 0, no backslash; segments that
    begin with a dot only if they are allowed. The empty path is the root itself.
*/
inline bool is_plain_path(std::string_view path, bool dot_files) {
    if (path.empty()) return true;
    if (path.find('\0') != path.npos || path.find('\\') != path.npos) return false;
    for (bool more = true; more;) {
        std::size_t const slash = path.find('/');
        std::string_view const segment = path.substr(0, slash);
        if (segment.empty() || segment == "." || segment == "..") return false;
        if (!dot_files && segment.front() == '.') return false;
        more = slash != path.npos;
        if (more) path.remove_prefix(slash + 1);
    }
    return true;
}

/** Opens a file segment by segment, following no symbolic link at all.

    For systems that cannot do better.
*/
inline result<unique_descriptor> open_by_segments(int root, std::string const& path) {
    unique_descriptor at;
    std::size_t begin = 0;
    for (;;) {
        std::size_t const slash = path.find('/', begin);
        bool const last = slash == path.npos;
        std::string const segment = path.substr(begin, last ? slash : slash - begin);
        int const flags = open_flags | O_NOFOLLOW | (last ? 0 : O_DIRECTORY);
        int const next = ::openat(at ? at.get() : root, segment.c_str(), flags);
        if (next < 0) return last_error();
        at = unique_descriptor(next);
        if (last) return at;
        begin = slash + 1;
    }
}

/** Opens a file for reading.

    @param root a descriptor of the directory
    @param path relative to it, and plain; empty: the directory itself
    @return the descriptor of a file of any kind, which is below the directory also after all
        symbolic links; else what the system reports, cross_device_link or
        too_many_symbolic_link_levels for what leads out. Where the system has no openat2, no
        symbolic link is followed.
*/
inline result<unique_descriptor> open_beneath(int root, std::string const& path) {
    std::string const& name = path.empty() ? std::string(".") : path;
#ifdef SYS_openat2
    open_how how{};
    how.flags = static_cast<decltype(how.flags)>(open_flags);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    // EAGAIN: something was renamed meanwhile, and the kernel cannot be sure
    for (int tries = 0; tries < 8; ++tries) {
        long const opened = ::syscall(SYS_openat2, root, name.c_str(), &how, sizeof how);
        if (opened >= 0) return unique_descriptor(static_cast<int>(opened));
        if (errno == EINTR || errno == EAGAIN) continue;
        if (errno != ENOSYS && errno != EPERM) return last_error();
        return open_by_segments(root, name);
    }
    return last_error();
#else
    return open_by_segments(root, name);
#endif
}

}  // namespace httphooks::http::detail
