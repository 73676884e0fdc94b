// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Responses as the bytes of a connection.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/text/http_date.hpp>
#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/message.hpp>

#include <charconv>
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
bool bodiless(unsigned status_code) noexcept;

/// Writes texts one behind the other, into room that is known to suffice.
class text_writer {
public:
    explicit text_writer(char* at) noexcept : at_(at) {}

    void add(std::string_view s) noexcept {
        if (s.empty()) return;
        std::memcpy(at_, s.data(), s.size());
        at_ += s.size();
    }
    void add(std::uint64_t n) noexcept { at_ = std::to_chars(at_, at_ + 20, n).ptr; }
    char* end() const noexcept { return at_; }

private:
    char* at_;
};

/// Whether a field is the writer's to make: framing, connection, date.
bool owned_by_writer(field id) noexcept;

/** Appends a header: status line, Date, Server, the response's fields, framing, empty line.

    The response's own framing fields must have been taken off; see remove_owned().
    @param body_size of the reply to GET; for framing::length
    @param body follows the empty line
*/
void append_header(std::string& out, response const& r, std::string_view date,
                   std::string_view server, persistence after, framing how, std::uint64_t body_size,
                   std::string_view body = {});

/// Appends what ends chunks. @param trailers null: none
void append_last_chunk(std::string& out, fields const* trailers);

/// Appends a whole reply. @param head the request was HEAD
void append_reply(std::string& out, response const& r, std::string_view date,
                  std::string_view server, persistence after, bool head);

/// Takes off the fields that are the writer's to make.
void remove_owned(response& r);

}  // namespace httphooks::http::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/detail/impl/reply_writer.ipp>
#endif
