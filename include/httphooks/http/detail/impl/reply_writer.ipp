// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/detail/reply_writer.hpp>

#include <httphooks/detail/fields/header_rules.hpp>
#include <httphooks/message.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace httphooks::http::detail {

HTTPHOOKS_DECL bool bodiless(unsigned status_code) noexcept {
    return status_code < 200 || status_code == 204 || status_code == 304;
}

HTTPHOOKS_DECL bool owned_by_writer(field id) noexcept {
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

HTTPHOOKS_DECL void append_header(std::string& out, response const& r, std::string_view date,
                                  std::string_view server, persistence after, framing how,
                                  std::uint64_t body_size, std::string_view body) {
    constexpr std::size_t all_else = 192;  // numbers, and texts of this function
    unsigned const code = r.result_int();
    beast::string_view const reason = code == 200 ? "OK" : r.reason();
    std::string_view const fields = r.base().wire();
    std::size_t const most =
        all_else + reason.size() + date.size() + server.size() + fields.size() + body.size();
    // what is short is written here first: resize() would fill the place with zeros
    char local[1024];
    bool const is_short = most <= sizeof local;
    std::size_t const before = out.size();
    if (!is_short) out.resize(before + most);
    text_writer text(is_short ? local : out.data() + before);
    if (code == 200) {
        text.add("HTTP/1.1 200 OK\r\nDate: ");
    } else {
        text.add("HTTP/1.1 ");
        text.add(code);
        text.add(" ");
        text.add({reason.data(), reason.size()});
        text.add("\r\nDate: ");
    }
    text.add(date);
    text.add("\r\n");
    if (!server.empty() && !r.contains(field::server)) {
        text.add("Server: ");
        text.add(server);
        text.add("\r\n");
    }
    text.add(fields);
    if (!bodiless(code)) {
        if (how == framing::length) {
            text.add("Content-Length: ");
            text.add(body_size);
            text.add("\r\n");
        } else if (how == framing::chunked) {
            text.add("Transfer-Encoding: chunked\r\n");
        }
    }
    // RFC 9110 7.8: who sends Upgrade names it in Connection
    if (code == 426 && r.contains(field::upgrade))
        text.add(after == persistence::close ? "Connection: Upgrade, close\r\n"
                                             : "Connection: Upgrade\r\n");
    else if (after == persistence::close)
        text.add("Connection: close\r\n");
    else if (after == persistence::keep_http10)
        text.add("Connection: keep-alive\r\n");
    text.add("\r\n");
    text.add(body);
    if (is_short)
        out.append(local, static_cast<std::size_t>(text.end() - local));
    else
        out.erase(static_cast<std::size_t>(text.end() - out.data()));
}

HTTPHOOKS_DECL void append_reply(std::string& out, response const& r, std::string_view date,
                                 std::string_view server, persistence after, bool head) {
    constexpr std::size_t small = 1024;
    bool const none = httphooks::detail::has_no_content(r.result_int());
    std::string_view const body = head || none ? std::string_view() : std::string_view(r.body());
    bool const together = body.size() <= small;
    append_header(out, r, date, server, after, framing::length, none ? 0 : r.body().size(),
                  together ? body : std::string_view());
    if (!together) out += body;
}

HTTPHOOKS_DECL void append_last_chunk(std::string& out, fields const* trailers) {
    out += "0\r\n";
    if (trailers) out += trailers->wire();
    out += "\r\n";
}

HTTPHOOKS_DECL void remove_owned(response& r) {
    httphooks::detail::erase_fields_if(r, owned_by_writer);
}

}  // namespace httphooks::http::detail
