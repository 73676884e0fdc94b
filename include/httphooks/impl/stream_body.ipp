// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/stream_body.hpp>

#include <httphooks/detail/text/chunk.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <exception>
#include <functional>
#include <string>
#include <string_view>

namespace httphooks {

HTTPHOOKS_DECL stream_body::~stream_body() = default;

HTTPHOOKS_DECL void stream_body::on_failure(std::function<void(error_code, std::exception_ptr)>) {}

namespace detail {

/// The size of a chunk that is known only when it is there: digits to be filled in.
inline constexpr std::size_t size_digits = 8;

/// Makes a chunk of what stands behind a size to be filled in, or nothing of nothing.
inline void close_chunk(std::string& out, std::size_t begin) {
    std::size_t const n = out.size() - begin - size_digits - 2;
    if (n == 0) return out.resize(begin);
    char digits[size_digits];
    char* const end = std::to_chars(digits, digits + size_digits, n, 16).ptr;
    std::copy_backward(digits, end, out.data() + begin + size_digits);
    out += chunk_end;
}

}  // namespace detail

inline void stream_body::append(std::string& out, std::string_view bytes, bool flush,
                                bool chunked) {
    if (!filter_) {
        if (chunked)
            detail::append_chunk(out, bytes);
        else
            out += bytes;
        return;
    }
    std::size_t const begin = out.size();
    if (chunked) out.append(detail::size_digits, '0').append("\r\n");
    if (finished_)
        filter_->finish(out);
    else
        filter_->write(bytes, flush, out);
    if (chunked) detail::close_chunk(out, begin);
}

HTTPHOOKS_DECL stream_body::taken stream_body::take(std::string& out, std::size_t room,
                                                    bool chunked) {
    std::size_t const before = out.size();
    try {
        std::string_view bytes = next();
        if (!bytes.empty()) {
            bool const whole = bytes.size() <= room;
            if (!whole) bytes = bytes.substr(0, room);
            taken_ += bytes.size();
            if (length() && taken_ > *length_) {
                break_off(error::stream_length, nullptr);
                return taken::failure;
            }
            append(out, bytes, whole, chunked);
            consume(bytes.size());
            return taken::some;
        }
        bool failed = false;
        if (!ended(failed)) return taken::nothing;
        if (failed) return taken::failure;
        if (length() && taken_ != *length_) {
            break_off(error::stream_length, nullptr);
            return taken::failure;
        }
        if (filter_ && !finished_) {
            finished_ = true;
            append(out, {}, true, chunked);
        }
        return taken::end;
    } catch (...) {  // a filter, or no memory
        out.resize(before);
        break_off({}, std::current_exception());
        return taken::failure;
    }
}

}  // namespace httphooks
