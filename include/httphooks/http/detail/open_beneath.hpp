// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Opens a file below a directory, and nothing that is not below it.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>

#include <boost/system/errc.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#if __has_include(<linux/openat2.h>)
#include <linux/openat2.h>
#endif

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
bool is_plain_path(std::string_view path, bool dot_files);

/** Opens a file segment by segment, following no symbolic link at all.

    For systems that cannot do better.
*/
result<unique_descriptor> open_by_segments(int root, std::string const& path);

/** Opens a file for reading.

    @param root a descriptor of the directory
    @param path relative to it, and plain; empty: the directory itself
    @return the descriptor of a file of any kind, which is below the directory also after all
        symbolic links; else what the system reports, cross_device_link or
        too_many_symbolic_link_levels for what leads out. Where the system has no openat2, no
        symbolic link is followed.
*/
result<unique_descriptor> open_beneath(int root, std::string const& path);

}  // namespace httphooks::http::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/detail/impl/open_beneath.ipp>
#endif
