// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/file_body.hpp>

#include <httphooks/error.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>

#include <unistd.h>

namespace httphooks {

HTTPHOOKS_DECL result<std::size_t> file_body::read(std::uint64_t at, char* out,
                                                   std::size_t most) const {
    if (at >= size_) return std::size_t{0};
    if (most > size_ - at) most = static_cast<std::size_t>(size_ - at);
    for (;;) {
        ssize_t const n = ::pread(descriptor_, out, most, static_cast<off_t>(offset_ + at));
        if (n >= 0) return static_cast<std::size_t>(n);
        if (errno != EINTR) return error_code(errno, boost::system::system_category());
    }
}

HTTPHOOKS_DECL result<std::string> file_body::read_all() const {
    std::string text(static_cast<std::size_t>(size_), '\0');
    std::size_t have = 0;
    while (have < text.size()) {
        auto const n = read(have, text.data() + have, text.size() - have);
        if (!n) return n.error();
        if (*n == 0) break;
        have += *n;
    }
    text.resize(have);
    return text;
}

}  // namespace httphooks
