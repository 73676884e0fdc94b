// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/connection.hpp>

#include <httphooks/detail/fields/header_rules.hpp>
#include <httphooks/detail/text/http_date.hpp>
#include <httphooks/http/detail/connection_core.hpp>
#include <httphooks/http/detail/reply_writer.hpp>
#include <httphooks/message.hpp>

#ifdef HTTPHOOKS_SEPARATE_COMPILATION
#include <boost/asio/ip/tcp.hpp>
#endif

#include <array>
#include <charconv>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::http {

HTTPHOOKS_DECL connection& connection::operator=(connection&& other) noexcept {
    if (this != &other) {
        if (core_) core_->close(false);
        core_ = std::move(other.core_);
        chunked_ = other.chunked_;
    }
    return *this;
}

HTTPHOOKS_DECL connection::~connection() {
    if (core_) core_->close(false);
}

HTTPHOOKS_DECL void connection::begin(request const& r) {
    core_->http11 = r.version() >= 11;
    core_->head = r.method() == verb::head;
    core_->reusable = r.keep_alive() && !core_->input_ended;
    core_->reply_fields.reset();
    chunked_ = false;
}

namespace detail {

HTTPHOOKS_DECL void add_reply_fields(connection_core const& core, fields& reply) {
    if (!core.reply_fields) [[likely]]
        return;
    fields added;
    for (auto const& f : *core.reply_fields)
        if (httphooks::detail::is_repeatable_field(f.name()) ||
            reply.find(f.name_string()) == reply.end())
            added.insert(f.name(), f.name_string(), f.value());
    for (auto const& f : added) reply.insert(f.name(), f.name_string(), f.value());
}

/// What a reply says about the connection after it.
inline persistence after_reply(connection_core const& core) noexcept {
    if (!core.reusable) return persistence::close;
    return core.http11 ? persistence::keep : persistence::keep_http10;
}

/// Adds a field that the server gives to all replies to a request.
inline void add_line(response& r, std::string const& line) {
    if (!line.empty()) r.append_parsed_line(field::unknown, line, line.find(':'));
}

/// The Date field's value.
inline std::string_view date_now() {
    return httphooks::detail::http_date(httphooks::detail::coarse_time());
}

}  // namespace detail

HTTPHOOKS_DECL std::string connection::whole(response&& r) const {
    if (r.body().load()) r = error_response(status::internal_server_error);
    detail::add_reply_fields(*core_, r);
    detail::remove_owned(r);
    detail::add_line(r, core_->reply_line);
    std::string bytes;
    detail::append_reply(bytes, r, detail::date_now(), core_->server_name,
                         detail::after_reply(*core_), core_->head);
    return bytes;
}

HTTPHOOKS_DECL std::string connection::start(response header) {
    detail::add_reply_fields(*core_, header);
    detail::remove_owned(header);
    detail::add_line(header, core_->reply_line);
    chunked_ = core_->http11;
    if (!chunked_) core_->reusable = false;
    auto const framing = chunked_ ? detail::framing::chunked : detail::framing::until_close;
    std::string bytes;
    detail::append_header(bytes, header, detail::date_now(), core_->server_name,
                          detail::after_reply(*core_), framing, 0);
    return bytes;
}

HTTPHOOKS_DECL std::string connection::chunk(std::string_view piece) const {
    std::string bytes;
    if (piece.empty() || core_->head) return bytes;
    if (chunked_) {
        std::array<char, 16> digits;
        auto const end =
            std::to_chars(digits.data(), digits.data() + digits.size(), piece.size(), 16).ptr;
        bytes.reserve(piece.size() + 24);
        bytes.append(digits.data(), end);
        bytes += "\r\n";
    }
    bytes += piece;
    if (chunked_) bytes += "\r\n";
    return bytes;
}

HTTPHOOKS_DECL std::string connection::last_chunk() const {
    return chunked_ && !core_->head ? "0\r\n\r\n" : "";
}

HTTPHOOKS_DECL void connection::require_free() const {
    if (core_.use_count() > 1) throw std::logic_error("connection: an operation is under way");
}

HTTPHOOKS_DECL connection::taken connection::take_over() {
    require_free();
    taken t{core_->detach(), std::move(core_->input), std::move(core_->ticket)};
    core_.reset();
    return t;
}

#ifdef HTTPHOOKS_SEPARATE_COMPILATION
namespace detail {

template std::shared_ptr<connection_core> make_connection_core(asio::ip::tcp::socket);

}  // namespace detail
#endif

}  // namespace httphooks::http
