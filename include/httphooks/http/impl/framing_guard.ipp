// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/framing_guard.hpp>

#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/message.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace httphooks::http {

namespace detail {

/// The part of an absolute-form target between "//" and the path; null data: another form.
inline std::string_view target_authority(std::string_view target) noexcept {
    std::size_t const scheme = ascii_istarts_with(target, "http://")    ? 7
                               : ascii_istarts_with(target, "https://") ? 8
                                                                        : 0;
    if (scheme == 0) return {};
    target.remove_prefix(scheme);
    return target.substr(0, target.find_first_of("/?#"));
}

HTTPHOOKS_DECL std::string_view target_path(std::string_view target) noexcept {
    if (std::string_view const authority = target_authority(target); authority.data())
        target.remove_prefix(
            static_cast<std::size_t>(authority.data() + authority.size() - target.data()));
    target = target.substr(0, target.find_first_of("?#"));
    return target.empty() ? std::string_view("/") : target;
}

/// Fields that RFC 9110 6.5.1 forbids in a trailer: framing, routing, control, authentication,
/// content format.
inline bool forbidden_in_trailer(field id, std::string_view name) noexcept {
    switch (id) {
        case field::transfer_encoding:
        case field::content_length:
        case field::host:
        case field::trailer:
        case field::te:
        case field::connection:
        case field::proxy_connection:
        case field::keep_alive:
        case field::upgrade:
        case field::authorization:
        case field::proxy_authorization:
        case field::proxy_authenticate:
        case field::www_authenticate:
        case field::cookie:
        case field::set_cookie:
        case field::content_encoding:
        case field::content_type:
        case field::content_range:
        case field::cache_control:
        case field::expect:
        case field::max_forwards:
        case field::pragma:
        case field::range:
        case field::if_match:
        case field::if_none_match:
        case field::if_modified_since:
        case field::if_unmodified_since:
        case field::if_range:
        case field::origin:
        case field::forwarded:
            return true;
        default:
            return ascii_iequals(name, "cookie2") || ascii_istarts_with(name, "x-forwarded-") ||
                   ascii_istarts_with(name, "x-httphooks-");
    }
}

}  // namespace detail

HTTPHOOKS_DECL void framing_guard::reset() noexcept {
    seen_ = {};
}

HTTPHOOKS_DECL std::size_t framing_guard::skip(std::string_view received) noexcept {
    if (received.size() < 2 || received[0] != '\r' || received[1] != '\n' || begun()) return 0;
    seen_.skipped = true;
    return 2;
}

HTTPHOOKS_DECL std::size_t framing_guard::scan(std::string_view received) noexcept {
    auto const refuse_with = [this](status s) {
        refuse(s);
        return refused;
    };
    char const* const base = received.data();
    if (received.empty() || (received.size() == 1 && received[0] == '\r' && !begun())) return 0;
    if (seen_.scanned == 0 && !httphooks::detail::is_token({base, 1}))
        return refuse_with(status::bad_request);
    for (;;) {
        void const* const found =
            std::memchr(base + seen_.scanned, '\n', received.size() - seen_.scanned);
        std::size_t const end =
            found ? static_cast<std::size_t>(static_cast<char const*>(found) - base) + 1
                  : received.size();
        if (seen_.fields_begin == 0) {
            // CR and LF do not count, and of an unfinished line the last byte may be the CR
            if (end > limits_.request_line + (found ? 2 : 1))
                return refuse_with(status::uri_too_long);
        } else if (end - seen_.fields_begin > limits_.header) {
            return refuse_with(status::request_header_fields_too_large);
        }
        seen_.scanned = end;
        if (!found) return 0;
        if (end < 2 || base[end - 2] != '\r') return refuse_with(status::bad_request);
        bool const empty = end - seen_.line == 2;
        if (seen_.fields_begin == 0) {
            if (empty) return refuse_with(status::bad_request);
            seen_.fields_begin = end;
        } else if (empty) {
            return end;
        } else if (base[seen_.line] == ' ' || base[seen_.line] == '\t') {
            return refuse_with(status::bad_request);
        }
        seen_.line = end;
    }
}

inline bool framing_guard::folded(std::string_view name, std::string_view value) const noexcept {
    // the parser unfolds into a buffer of its own, or leaves the break in front of the value
    if (!value.data()) return false;
    auto const end = reinterpret_cast<std::uintptr_t>(name.data() + name.size());
    auto const begin = reinterpret_cast<std::uintptr_t>(value.data());
    if (begin <= end || begin - end > limits_.header) return true;
    return std::memchr(name.data() + name.size(), '\r', begin - end) != nullptr;
}

inline bool framing_guard::judge_coding(std::string_view value) noexcept {
    if (detail::ascii_iequals(value, "chunked")) return true;
    // chunked twice, or in front of another coding, has no meaning; the rest is not implemented
    std::size_t chunked = 0;
    bool last = false;
    for (;;) {
        std::size_t const comma = value.find(',');
        last = detail::ascii_iequals(detail::trim_ows(value.substr(0, comma)), "chunked");
        chunked += last;
        if (comma == value.npos) break;
        value.remove_prefix(comma + 1);
    }
    return refuse(chunked == 0 || (chunked == 1 && last) ? status::not_implemented
                                                         : status::bad_request);
}

HTTPHOOKS_DECL bool framing_guard::on_field(field id, std::string_view value) noexcept {
    if (++seen_.field_count > limits_.fields)
        return refuse(status::request_header_fields_too_large);
    switch (id) {
        case field::host:
            seen_.host = value;
            if (++seen_.hosts > 1 || !valid_host(value)) return refuse(status::bad_request);
            break;
        case field::content_length:
            if (++seen_.lengths > 1 || seen_.codings || value.empty() ||
                !detail::digit_bytes.all(value))
                return refuse(status::bad_request);
            break;
        case field::transfer_encoding:
            if (++seen_.codings > 1 || seen_.lengths) return refuse(status::bad_request);
            if (!detail::ascii_iequals(value, "chunked")) seen_.coding = value;
            break;
        case field::expect:
            if (!detail::ascii_iequals(value, "100-continue"))
                return refuse(status::expectation_failed);
            seen_.expects_continue = true;
            break;
        default:
            break;
    }
    return true;
}

HTTPHOOKS_DECL bool framing_guard::on_header(verb method, std::string_view target,
                                             unsigned version) noexcept {
    bool const http11 = version >= 11;
    if ((http11 && seen_.hosts == 0) || (!http11 && seen_.codings))
        return refuse(status::bad_request);
    if (seen_.coding.data() && !judge_coding(seen_.coding)) return false;
    if (!http11) seen_.expects_continue = false;
    if (target.starts_with('/')) return true;
    if (target == "*") return method == verb::options || refuse(status::bad_request);
    return (detail::target_authority(target).data() && host_agrees(target)) ||
           refuse(status::bad_request);
}

inline bool framing_guard::host_agrees(std::string_view target) const noexcept {
    std::string_view const authority = detail::target_authority(target);
    if (authority.empty() || !valid_host(authority)) return false;
    if (seen_.hosts == 0) return true;
    std::string_view const port = detail::ascii_istarts_with(target, "https") ? ":443" : ":80";
    auto const without_port = [port](std::string_view host) {
        if (host.ends_with(port)) host.remove_suffix(port.size());
        return host;
    };
    return detail::ascii_iequals(without_port(authority), without_port(seen_.host));
}

HTTPHOOKS_DECL bool framing_guard::on_chunk(std::uint64_t size, std::size_t size_digits,
                                            std::string_view extension, bool kept) noexcept {
    seen_.extension_bytes += extension.size();
    seen_.chunk_bytes += size;
    if (size > 0) ++seen_.chunk_count;
    std::uint64_t const earned = kept ? 0 : seen_.chunk_bytes / 1024;
    if (size_digits > most_size_digits || seen_.extension_bytes > limits_.chunk_extensions ||
        seen_.chunk_count > std::max<std::uint64_t>(limits_.chunks, earned))
        return refuse(status::bad_request);
    return true;
}

HTTPHOOKS_DECL bool framing_guard::on_trailer(field id, std::string_view name,
                                              std::string_view value) noexcept {
    seen_.trailer_bytes += name.size() + value.size() + 4;
    if (++seen_.field_count > limits_.fields || seen_.trailer_bytes > limits_.header)
        return refuse(status::request_header_fields_too_large);
    if (folded(name, value) || detail::forbidden_in_trailer(id, name))
        return refuse(status::bad_request);
    return true;
}

HTTPHOOKS_DECL bool framing_guard::on_pending(std::string_view pending, bool in_trailer) noexcept {
    std::size_t trailer = seen_.trailer_bytes + pending.size();
    if (!in_trailer) {
        // the CRLF that ends the chunk before belongs to what the parser waits with
        if (pending.starts_with("\r\n")) pending.remove_prefix(2);
        std::size_t const line = pending.find('\n');
        if (line == pending.npos)
            return pending.size() <= limits_.chunk_extensions + most_size_digits + 1 ||
                   refuse(status::bad_request);
        trailer = pending.size() - line - 1;
    }
    return trailer <= limits_.header + 2 || refuse(status::request_header_fields_too_large);
}

HTTPHOOKS_DECL bool framing_guard::valid_host(std::string_view host) noexcept {
    std::size_t end = 0;
    if (host.starts_with('[')) {
        end = host.find(']', 1);
        if (end == host.npos || end == 1 || !detail::literal_bytes.all(host.substr(1, end - 1)))
            return false;
        ++end;
    } else {
        while (end < host.size() && detail::name_bytes(host[end])) ++end;
    }
    if (end == host.size()) return true;
    return host[end] == ':' && detail::digit_bytes.all(host.substr(end + 1));
}

HTTPHOOKS_DECL bool framing_guard::valid_target(verb method, std::string_view target) noexcept {
    if (target == "*") return method == verb::options;
    if (!detail::target_bytes.all(target)) return false;
    return target.starts_with('/') || !detail::target_authority(target).empty();
}

}  // namespace httphooks::http
