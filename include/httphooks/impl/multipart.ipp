// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/multipart.hpp>

#include <httphooks/detail/system/random_bits.hpp>
#include <httphooks/detail/text/header_parameter.hpp>
#include <httphooks/error.hpp>
#include <httphooks/fields.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks {

HTTPHOOKS_DECL std::optional<std::string> multipart_part::name() const {
    return detail::header_parameter(header[field::content_disposition], "name");
}

HTTPHOOKS_DECL std::optional<std::string> multipart_part::filename() const {
    std::string_view const disposition = header[field::content_disposition];
    if (auto extended = detail::extended_parameter(disposition, "filename*")) return extended;
    return detail::header_parameter(disposition, "filename");
}

HTTPHOOKS_DECL bool is_boundary(std::string_view s) noexcept {
    return !s.empty() && s.size() <= 70 && s.back() != ' ' &&
           std::all_of(s.begin(), s.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
           });
}

namespace detail {

HTTPHOOKS_DECL bool is_multipart_type(std::string_view content_type) noexcept {
    return ascii_istarts_with(trim_ows(content_type), "multipart/");
}

HTTPHOOKS_DECL std::optional<std::string> boundary_of(std::string_view content_type) {
    auto boundary = header_parameter(content_type, "boundary");
    if (boundary && !is_boundary(*boundary)) boundary.reset();
    return boundary;
}

class multipart_walk {
public:
    multipart_walk(std::string_view body, std::string_view boundary)
        : body_(body), delimiter_("\r\n--") {
        delimiter_.append(boundary);
    }

    /// Skips the preamble.
    bool start() {
        std::string_view const first = std::string_view(delimiter_).substr(2);
        if (body_.starts_with(first) && behind(first.size())) return true;
        std::string_view preamble;
        return next(0, preamble);
    }

    bool closed() const noexcept { return closed_; }

    /// Reads on to the next delimiter; false when there is none.
    bool part(std::string_view& content) { return next(at_, content); }

private:
    bool next(std::size_t from, std::string_view& content) {
        // the line break before a delimiter may be the one that ends the delimiter before it
        for (std::size_t search = from < 2 ? 0 : from - 2;;) {
            std::size_t const found = body_.find(delimiter_, search);
            if (found == body_.npos) return false;
            if (behind(found + delimiter_.size())) {
                content = found < from ? std::string_view() : body_.substr(from, found - from);
                return true;
            }
            search = found + 2;
        }
    }

    /// Whether a boundary that ends at `at` is a delimiter's; then the place behind the delimiter.
    bool behind(std::size_t at) noexcept {
        bool const closing = body_.substr(at, 2) == "--";
        if (closing) at += 2;
        while (at < body_.size() && (body_[at] == ' ' || body_[at] == '\t')) ++at;
        if (body_.substr(at, 2) == "\r\n")
            at += 2;
        else if (!closing || at != body_.size())
            return false;
        at_ = at;
        closed_ = closing;
        return true;
    }

    std::string_view body_;
    std::string delimiter_;
    std::size_t at_ = 0;
    bool closed_ = false;
};

HTTPHOOKS_DECL error_code read_part_header(std::string_view& content, fields& to,
                                   multipart_limits const& limits) {
    std::size_t bytes = 0;
    std::size_t count = 0;
    while (!content.empty()) {
        std::size_t const end = content.substr(0, limits.header_bytes + 2).find("\r\n");
        if (end == content.npos && content.size() > limits.header_bytes)
            return error::multipart_limit;
        std::string_view const line = content.substr(0, end);
        content.remove_prefix(end == content.npos ? content.size() : end + 2);
        if (line.empty()) break;
        bytes += line.size() + 2;
        if (bytes > limits.header_bytes || ++count > limits.fields) return error::multipart_limit;
        std::size_t const colon = line.find(':');
        if (colon == line.npos) return error::invalid_multipart;
        std::string_view const name = line.substr(0, colon);
        std::string_view const value = trim_ows(line.substr(colon + 1));
        if (!is_token(name) || !is_field_text(value)) return error::invalid_multipart;
        to.append_parsed(beast::http::string_to_field(name), name, value);
    }
    return {};
}

inline error_code read_multipart(std::string_view content_type, std::string_view body,
                                 multipart_limits const& limits, std::size_t depth,
                                 std::size_t& count, std::vector<multipart_part>& to) {
    auto const boundary = boundary_of(content_type);
    if (!is_multipart_type(content_type) || !boundary) return error::invalid_multipart;
    multipart_walk reader(body, *boundary);
    if (!reader.start()) return error::invalid_multipart;
    while (!reader.closed()) {
        std::string_view content;
        if (!reader.part(content)) return error::invalid_multipart;
        if (++count > limits.parts) return error::multipart_limit;
        multipart_part& part = to.emplace_back();
        if (auto const ec = read_part_header(content, part.header, limits)) return ec;
        part.body = content;
        std::string_view const type = part.header[field::content_type];
        if (!is_multipart_type(type) || !boundary_of(type) || part.filename()) continue;
        if (depth == limits.nesting) return error::multipart_limit;
        if (auto const ec = read_multipart(type, content, limits, depth + 1, count, part.parts))
            return ec;
    }
    return {};
}

}  // namespace detail

HTTPHOOKS_DECL result<std::vector<multipart_part>> parse_multipart(std::string_view content_type,
                                                                   std::string_view body,
                                                                   multipart_limits const& limits) {
    std::vector<multipart_part> parts;
    std::size_t count = 0;
    if (auto const ec = detail::read_multipart(content_type, body, limits, 0, count, parts))
        return ec;
    return parts;
}

HTTPHOOKS_DECL std::string compose_multipart(std::span<multipart_part const> parts,
                                             std::string_view boundary) {
    if (!is_boundary(boundary)) throw std::invalid_argument("invalid multipart boundary");
    std::size_t size = boundary.size() + 6;
    for (multipart_part const& p : parts)
        size += boundary.size() + 8 + p.header.wire().size() + p.body.size();
    std::string s;
    s.reserve(size);
    for (multipart_part const& p : parts) {
        s.append("--").append(boundary).append("\r\n");
        s.append(p.header.wire()).append("\r\n");
        s.append(p.body).append("\r\n");
    }
    s.append("--").append(boundary).append("--\r\n");
    return s;
}

HTTPHOOKS_DECL std::string random_boundary(std::span<std::string_view const> texts,
                                           boundary_source const& source) {
    std::array<std::uint64_t, 2> bits;
    if (source) {
        bits = {source(), source()};
    } else {
        for (std::uint64_t& b : bits)
            b = std::uint64_t{detail::random_bits::next()} << 32 | detail::random_bits::next();
    }
    std::string boundary;
    for (std::uint64_t const b : bits)
        for (unsigned shift = 64; shift != 0;) {
            shift -= 4;
            boundary.push_back("0123456789abcdef"[b >> shift & 15]);
        }
    std::size_t const plain = boundary.size();
    auto const occurs = [&boundary](std::string_view t) { return t.find(boundary) != t.npos; };
    for (std::size_t n = 0; std::any_of(texts.begin(), texts.end(), occurs); ++n) {
        boundary.resize(plain);
        boundary.append("-").append(std::to_string(n));
    }
    return boundary;
}

}  // namespace httphooks
