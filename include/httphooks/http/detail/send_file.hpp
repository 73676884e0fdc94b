// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Sends a part of a file by the system, without a copy of it in memory.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace httphooks::http::detail {

#if defined(__linux__)
/// Whether there is such a call.
inline constexpr bool can_send_files = true;
#else
/// Whether there is such a call.
inline constexpr bool can_send_files = false;
#endif

/// A socket that files can be sent to: it has a descriptor, and nothing between that and the
/// client.
template <class Stream>
concept file_sink = can_send_files && requires(Stream& s) {
    { s.native_handle() } -> std::same_as<int>;
};

/** Sends a part of a file, as much of it as the socket takes at once.

    @param ec would_block: the socket is full; not_supported: this is no file that can be sent so
    @return how many bytes; 0 without an error: the file ends before `at`
    @par Source
    sendfile(2); SIGPIPE, which that may raise, is held back
*/
std::size_t send_file(int socket, int file, std::uint64_t at, std::size_t most, error_code& ec);

}  // namespace httphooks::http::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/detail/impl/send_file.ipp>
#endif
