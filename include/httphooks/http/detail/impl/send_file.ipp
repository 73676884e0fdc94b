// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/detail/send_file.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/errc.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>

#if defined(__linux__)
#include <csignal>
#include <ctime>

#include <sys/sendfile.h>
#include <sys/types.h>
#endif

namespace httphooks::http::detail {

#if defined(__linux__)

/// Holds SIGPIPE back from the thread: a signal that comes meanwhile is forgotten at the end.
class no_broken_pipe {
public:
    no_broken_pipe() noexcept {
        sigset_t pending;
        ::sigpending(&pending);
        was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
        sigset_t const set = only();
        ::pthread_sigmask(SIG_BLOCK, &set, &before_);
    }
    no_broken_pipe(no_broken_pipe const&) = delete;
    no_broken_pipe& operator=(no_broken_pipe const&) = delete;
    ~no_broken_pipe() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

    /// The signal has been raised.
    void forget() const noexcept {
        if (was_pending_) return;
        sigset_t const set = only();
        timespec const at_once{};
        while (::sigtimedwait(&set, nullptr, &at_once) < 0 && errno == EINTR) {
        }
    }

private:
    static sigset_t only() noexcept {
        sigset_t set;
        ::sigemptyset(&set);
        ::sigaddset(&set, SIGPIPE);
        return set;
    }

    sigset_t before_;
    bool was_pending_ = false;
};

HTTPHOOKS_DECL std::size_t send_file(int socket, int file, std::uint64_t at, std::size_t most,
                                     error_code& ec) {
    no_broken_pipe const guard;
    off_t from = static_cast<off_t>(at);
    ssize_t n = 0;
    do n = ::sendfile(socket, file, &from, most);
    while (n < 0 && errno == EINTR);
    ec = {};
    if (n >= 0) return static_cast<std::size_t>(n);
    int const failed = errno;
    if (failed == EPIPE) guard.forget();
    if (failed == EAGAIN || failed == EWOULDBLOCK)
        ec = asio::error::would_block;
    else if (failed == EINVAL || failed == ENOSYS || failed == EOVERFLOW || failed == ESPIPE)
        ec = make_error_code(boost::system::errc::not_supported);
    else
        ec = error_code(failed, boost::system::system_category());
    return 0;
}

#else

HTTPHOOKS_DECL std::size_t send_file(int, int, std::uint64_t, std::size_t, error_code& ec) {
    ec = make_error_code(boost::system::errc::not_supported);
    return 0;
}

#endif

}  // namespace httphooks::http::detail
