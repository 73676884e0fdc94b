// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/detail/open_beneath.hpp>

#include <httphooks/error.hpp>
#include <httphooks/http/detail/last_error.hpp>

#include <cerrno>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

namespace httphooks::http::detail {

HTTPHOOKS_DECL bool is_plain_path(std::string_view path, bool dot_files) {
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

HTTPHOOKS_DECL result<unique_descriptor> open_by_segments(int root, std::string const& path) {
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

HTTPHOOKS_DECL result<unique_descriptor> open_beneath(int root, std::string const& path) {
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
