// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/detail/file_reply.hpp>

#include <httphooks/detail/text/http_date.hpp>
#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/file_body.hpp>
#include <httphooks/http/detail/byte_ranges.hpp>
#include <httphooks/http/detail/open_beneath.hpp>
#include <httphooks/http/detail/parse_http_date.hpp>
#include <httphooks/message.hpp>
#include <httphooks/multipart.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/stat.h>

namespace httphooks::http::detail {

inline timespec changed_at(struct stat const& file) noexcept {
#ifdef __APPLE__
    return file.st_mtimespec;
#else
    return file.st_mtim;
#endif
}

HTTPHOOKS_DECL bool changed_before(struct stat const& a, struct stat const& b) noexcept {
    timespec const x = changed_at(a);
    timespec const y = changed_at(b);
    return x.tv_sec != y.tv_sec ? x.tv_sec < y.tv_sec : x.tv_nsec < y.tv_nsec;
}

HTTPHOOKS_DECL file_version::file_version(struct stat const& file, std::time_t now,
                                          std::string_view coding)
    : size(static_cast<std::uint64_t>(file.st_size)) {
    timespec const changed = changed_at(file);
    modified = std::min(changed.tv_sec, now);
    auto const add = [this](auto number) {
        char digits[24];
        auto const done = std::to_chars(digits, digits + sizeof digits, number, 16);
        etag.append(digits, done.ptr);
    };
    etag = '"';
    add(size);
    etag += '-';
    add(static_cast<std::int64_t>(changed.tv_sec));
    etag += '.';
    add(changed.tv_nsec);
    if (!coding.empty()) etag.append("-").append(coding);
    etag += '"';
}

/// Takes the first entity tag off a list. @return it with its quotes and its W/; empty at the end
inline std::string_view take_entity_tag(std::string_view& list) {
    std::size_t const begin = list.find_first_not_of(", \t");
    if (begin == list.npos) return {};
    list.remove_prefix(begin);
    std::size_t const quote = list.starts_with("W/") ? 2 : 0;
    std::size_t const end =
        list.size() > quote && list[quote] == '"' ? list.find('"', quote + 1) : list.npos;
    if (end == list.npos) return {};
    std::string_view const tag = list.substr(0, end + 1);
    list.remove_prefix(end + 1);
    return tag;
}

/// Whether a field, `If-Match` or `If-None-Match`, names the tag.
inline bool names_tag(request const& r, field name, std::string_view etag, bool weak) {
    auto const [first, last] = r.equal_range(name);
    for (auto f = first; f != last; ++f) {
        std::string_view list = f->value();
        if (httphooks::detail::trim_ows(list) == "*") return true;
        for (std::string_view tag; !(tag = take_entity_tag(list)).empty();) {
            if (weak && tag.starts_with("W/")) tag.remove_prefix(2);
            if (tag == etag) return true;
        }
    }
    return false;
}

HTTPHOOKS_DECL precondition judge_preconditions(request const& r, file_version const& file) {
    if (r.contains(field::if_match)) {
        if (!names_tag(r, field::if_match, file.etag, false)) return precondition::failed;
    } else if (auto const date = parse_http_date(r[field::if_unmodified_since])) {
        if (file.modified > *date) return precondition::failed;
    }
    if (r.contains(field::if_none_match)) {
        if (names_tag(r, field::if_none_match, file.etag, true)) return precondition::not_modified;
    } else if (auto const date = parse_http_date(r[field::if_modified_since])) {
        if (file.modified <= *date) return precondition::not_modified;
    }
    return precondition::passed;
}

HTTPHOOKS_DECL bool range_applies(request const& r, file_version const& file, std::time_t now) {
    if (!r.contains(field::if_range)) return true;
    std::string_view const value = r[field::if_range];
    if (value.starts_with('"') || value.starts_with("W/")) return value == file.etag;
    // a second that is not over yet may see another change
    return file.modified < now && parse_http_date(value) == file.modified;
}

/// The value of Content-Range.
inline std::string content_range(std::optional<byte_range> range, std::uint64_t size) {
    std::string text = "bytes ";
    if (range)
        text.append(std::to_string(range->first)).append("-").append(std::to_string(range->last));
    else
        text += '*';
    return text.append("/").append(std::to_string(size));
}

/// Makes `reply` a multipart/byteranges of the ranges. @return false: the file has become shorter
inline bool put_ranges(response& reply, unique_descriptor file,
                       std::vector<byte_range> const& ranges, std::uint64_t size,
                       std::string_view content_type) {
    file_body const whole(file.release(), 0, size);
    std::vector<std::string> pieces;
    for (byte_range const& range : ranges) {
        std::string& piece = pieces.emplace_back(static_cast<std::size_t>(range.size()), '\0');
        for (std::size_t have = 0; have < piece.size();) {
            auto const n = whole.read(range.first + have, &piece[have], piece.size() - have);
            if (!n || *n == 0) return false;
            have += *n;
        }
    }
    std::vector<multipart_part> parts(ranges.size());
    for (std::size_t i = 0; i < parts.size(); ++i) {
        parts[i].header.set(field::content_type, content_type);
        parts[i].header.set(field::content_range, content_range(ranges[i], size));
        parts[i].body = pieces[i];
    }
    std::vector<std::string_view> const texts(pieces.begin(), pieces.end());
    std::string const boundary = random_boundary(texts);
    reply.set(field::content_type, "multipart/byteranges; boundary=" + boundary);
    reply.body() = compose_multipart(parts, boundary);
    return true;
}

HTTPHOOKS_DECL response reply_with_file(request const& r, unique_descriptor file,
                                        struct stat const& facts, file_presentation const& how,
                                        std::time_t now) {
    using verdict = byte_ranges::verdict;
    file_version const version(facts, now, how.content_encoding);
    precondition const judged = judge_preconditions(r, version);
    if (judged == precondition::failed) return error_response(status::precondition_failed);

    byte_ranges asked;
    if (judged == precondition::passed && r.method() == verb::get && r.count(field::range) == 1 &&
        range_applies(r, version, now))
        asked = parse_range(r[field::range], version.size);
    if (asked.what == verdict::unsatisfiable) {
        response refusal = error_response(status::range_not_satisfiable);
        refusal.set(field::content_range, content_range(std::nullopt, version.size));
        return refusal;
    }

    response message = make_response(status::ok);
    message.set(field::etag, version.etag);
    message.set(field::last_modified, httphooks::detail::http_date(version.modified));
    if (!how.cache_control.empty()) message.set(field::cache_control, how.cache_control);
    if (how.varies) message.set(field::vary, "Accept-Encoding");
    if (judged == precondition::not_modified) {
        message.result(status::not_modified);
        return message;
    }
    message.set(field::content_type, how.content_type);
    if (!how.content_encoding.empty()) message.set(field::content_encoding, how.content_encoding);
    message.set(field::accept_ranges, "bytes");
    message.set("X-Content-Type-Options", "nosniff");

    byte_range range{0, version.size - 1};
    if (asked.ranges.size() == 1) {
        range = asked.ranges.front();
        message.result(status::partial_content);
        message.set(field::content_range, content_range(range, version.size));
    } else if (asked.ranges.size() > 1) {
        std::uint64_t sum = 0;
        for (byte_range const& some : asked.ranges) sum += some.size();
        if (sum <= how.multipart_limit && how.content_encoding.empty()) {
            message.result(status::partial_content);
            if (!put_ranges(message, std::move(file), asked.ranges, version.size, how.content_type))
                return error_response(status::internal_server_error);
            return message;
        }
    }
    if (version.size > 0)
        message.body().file(std::make_shared<file_body>(file.release(), range.first, range.size()));
    return message;
}

}  // namespace httphooks::http::detail
