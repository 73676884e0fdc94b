// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Responses as the bytes of a connection.
*/

#include <httphooks/detail/http_date.hpp>
#include <httphooks/detail/http_text.hpp>
#include <httphooks/message.hpp>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace httphooks::http::detail {

/// What a reply says about the connection after it.
enum class persistence : std::uint8_t {
    /// HTTP/1.1 and open: nothing need be said.
    keep,
    /// HTTP/1.0 and open.
    keep_http10,
    /// It closes.
    close,
};

/// How the end of a body is told.
enum class framing : std::uint8_t { length, chunked, until_close };

/// Whether a status never has a body; RFC 9110 6.4.1.
inline bool bodiless(unsigned status_code) noexcept {
    return status_code < 200 || status_code == 204 || status_code == 304;
}

/// Appends a number in decimal.
inline void append_number(std::string& out, std::uint64_t n) {
    std::array<char, 20> digits;
    auto const end = std::to_chars(digits.data(), digits.data() + digits.size(), n).ptr;
    out.append(digits.data(), end);
}

/// A few short texts, put together before they are appended at once.
class small_text {
public:
    /// At most 96 bytes in all.
    void add(std::string_view s) noexcept {
        std::memcpy(bytes_.data() + size_, s.data(), s.size());
        size_ += s.size();
    }
    void add(std::uint64_t n) noexcept {
        char* const begin = bytes_.data() + size_;
        size_ += static_cast<std::size_t>(std::to_chars(begin, begin + 20, n).ptr - begin);
    }
    std::string_view view() const noexcept { return {bytes_.data(), size_}; }

private:
    std::array<char, 96> bytes_;
    std::size_t size_ = 0;
};

/// Whether a field is the writer's to make: framing, connection, date.
inline bool owned_by_writer(field id) noexcept {
    switch (id) {
        case field::content_length:
        case field::transfer_encoding:
        case field::connection:
        case field::keep_alive:
        case field::proxy_connection:
        case field::trailer:
        case field::date:
            return true;
        default:
            return false;
    }
}

/** Appends a header: status line, Date, Server unless the response has one, its fields, framing,
   empty line.

    The response's own framing fields must have been taken off; see remove_owned().
    @param body_size of the reply to GET; for framing::length
*/
inline void append_header(std::string& out, response const& r, std::string_view date,
                          std::string_view server, persistence after, framing how,
                          std::uint64_t body_size) {
    unsigned const code = r.result_int();
    small_text head;
    if (code == 200) {
        head.add("HTTP/1.1 200 OK\r\nDate: ");
    } else {
        auto const reason = r.reason();
        out.append("HTTP/1.1 ");
        append_number(out, code);
        out.append(" ").append(reason.data(), reason.size());
        head.add("\r\nDate: ");
    }
    head.add(date);
    head.add("\r\n");
    out += head.view();
    if (!server.empty() && !r.contains(field::server))
        out.append("Server: ").append(server).append("\r\n");
    out += r.base().wire();
    small_text tail;
    if (!bodiless(code)) {
        if (how == framing::length) {
            tail.add("Content-Length: ");
            tail.add(body_size);
            tail.add("\r\n");
        } else if (how == framing::chunked) {
            tail.add("Transfer-Encoding: chunked\r\n");
        }
    }
    if (after == persistence::close)
        tail.add("Connection: close\r\n");
    else if (after == persistence::keep_http10)
        tail.add("Connection: keep-alive\r\n");
    tail.add("\r\n");
    out += tail.view();
}

/// Appends a whole reply. @param head the request was HEAD
inline void append_reply(std::string& out, response const& r, std::string_view date,
                         std::string_view server, persistence after, bool head) {
    append_header(out, r, date, server, after, framing::length, r.body().size());
    if (!head && !bodiless(r.result_int())) out += r.body();
}

/// Takes off the fields that are the writer's to make.
inline void remove_owned(response& r) {
    for (auto it = r.begin(); it != r.end();)
        it = owned_by_writer(it->name()) ? r.erase(it) : it + 1;
}

}  // namespace httphooks::http::detail
