// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/access_log.hpp>

#include <httphooks/detail/json/json_text.hpp>
#include <httphooks/detail/system/log_file.hpp>
#include <httphooks/message.hpp>
#include <httphooks/origin.hpp>
#include <httphooks/response_body.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks {

namespace detail {

/// Appends a number with leading zeros.
inline void append_padded(std::string& to, std::uint64_t n, std::size_t digits) {
    std::string const text = std::to_string(n);
    if (text.size() < digits) to.append(digits - text.size(), '0');
    to += text;
}

/// A time's parts, UTC.
struct civil_time {
    explicit civil_time(std::chrono::system_clock::time_point t)
        : day(std::chrono::floor<std::chrono::days>(t)),
          in_day(std::chrono::floor<std::chrono::milliseconds>(
              t - std::chrono::floor<std::chrono::days>(t))) {}

    std::uint64_t year() const { return static_cast<std::uint64_t>(static_cast<int>(day.year())); }
    void append_clock(std::string& to) const {
        append_padded(to, static_cast<std::uint64_t>(in_day.hours().count()), 2);
        to += ':';
        append_padded(to, static_cast<std::uint64_t>(in_day.minutes().count()), 2);
        to += ':';
        append_padded(to, static_cast<std::uint64_t>(in_day.seconds().count()), 2);
    }

    std::chrono::year_month_day day;
    std::chrono::hh_mm_ss<std::chrono::milliseconds> in_day;
};

/// Appends `\uHHHH`.
inline void append_unit(std::string& to, std::uint32_t unit) {
    to += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) to += "0123456789abcdef"[unit >> shift & 15];
}

/// Appends a text as a member of an object, quotes included, in ASCII.
inline void append_ascii_json(std::string& to, std::string_view name, std::string_view value) {
    to.append(",\"").append(name).append("\":\"");
    std::string text;
    append_json_text(text, value);
    for (std::size_t i = 0; i < text.size();) {
        auto const byte = [&](std::size_t k) {
            return std::uint32_t{static_cast<unsigned char>(text[i + k])};
        };
        std::uint32_t const first = byte(0);
        if (first < 0x7f) {
            to += text[i++];
            continue;
        }
        // the text is valid UTF-8 by now
        std::size_t const size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
        std::uint32_t c = size == 1 ? first : first & (0x7fu >> size);
        for (std::size_t k = 1; k < size; ++k) c = c << 6 | (byte(k) & 0x3f);
        i += size;
        if (c < 0x10000) {
            append_unit(to, c);
        } else {
            append_unit(to, 0xd800 + ((c - 0x10000) >> 10));
            append_unit(to, 0xdc00 + ((c - 0x10000) & 0x3ff));
        }
    }
    to += '"';
}

/// Appends a text of a combined log, as nginx escapes it; "-" for an empty one.
inline void append_log_text(std::string& to, std::string_view value) {
    if (value.empty()) to += '-';
    for (char const c : value) {
        auto const byte = static_cast<unsigned char>(c);
        if (byte >= ' ' && byte < 0x7f && c != '"' && c != '\\') {
            to += c;
            continue;
        }
        to += "\\x";
        to += "0123456789ABCDEF"[byte >> 4];
        to += "0123456789ABCDEF"[byte & 15];
    }
}

inline std::string protocol_of(access_log_entry const& e) {
    return e.version == 10 ? "HTTP/1.0" : "HTTP/1.1";
}

inline std::string client_of(access_log_entry const& e) {
    return e.client.is_unspecified() ? "" : e.client.to_string();
}

inline void append_json_line(std::string& to, access_log_entry const& e) {
    civil_time const t(e.time);
    to += "{\"time\":\"";
    append_padded(to, t.year(), 4);
    to += '-';
    append_padded(to, static_cast<unsigned>(t.day.month()), 2);
    to += '-';
    append_padded(to, static_cast<unsigned>(t.day.day()), 2);
    to += 'T';
    t.append_clock(to);
    to += '.';
    append_padded(to, static_cast<std::uint64_t>(t.in_day.subseconds().count()), 3);
    to += "Z\"";
    append_ascii_json(to, "client", client_of(e));
    append_ascii_json(to, "method", e.method);
    append_ascii_json(to, "target", e.target);
    append_ascii_json(to, "protocol", protocol_of(e));
    to.append(",\"status\":").append(std::to_string(e.status));
    to.append(",\"bytes\":").append(std::to_string(e.bytes));
    auto const us = std::chrono::duration_cast<std::chrono::microseconds>(e.elapsed).count();
    auto const micros = static_cast<std::uint64_t>(us < 0 ? 0 : us);
    to.append(",\"ms\":").append(std::to_string(micros / 1000)).append(".");
    append_padded(to, micros % 1000, 3);
    append_ascii_json(to, "transport", to_string(e.transport));
    to.append(e.tls ? ",\"tls\":true" : ",\"tls\":false");
    if (!e.referer.empty()) append_ascii_json(to, "referer", e.referer);
    if (!e.user_agent.empty()) append_ascii_json(to, "user_agent", e.user_agent);
    if (!e.request_id.empty()) append_ascii_json(to, "request_id", e.request_id);
    to += "}\n";
}

inline void append_combined_line(std::string& to, access_log_entry const& e) {
    static constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    civil_time const t(e.time);
    append_log_text(to, client_of(e));
    to += " - - [";
    append_padded(to, static_cast<unsigned>(t.day.day()), 2);
    to += '/';
    to += months.substr((static_cast<unsigned>(t.day.month()) - 1) * 3, 3);
    to += '/';
    append_padded(to, t.year(), 4);
    to += ':';
    t.append_clock(to);
    to += " +0000] \"";
    append_log_text(to, e.method);
    to += ' ';
    append_log_text(to, e.target);
    to.append(" ").append(protocol_of(e)).append("\" ");
    to.append(std::to_string(e.status)).append(" ").append(std::to_string(e.bytes)).append(" \"");
    append_log_text(to, e.referer);
    to += "\" \"";
    append_log_text(to, e.user_agent);
    to += "\"\n";
}

}  // namespace detail

HTTPHOOKS_DECL std::string access_log_line(access_log_entry const& e, access_log_format format) {
    std::string line;
    line.reserve(384);
    if (format == access_log_format::combined)
        detail::append_combined_line(line, e);
    else
        detail::append_json_line(line, e);
    return line;
}

/// Where the lines go.
struct access_log::state {
    explicit state(access_log_options o) : options(std::move(o)) {
        if (!options.write) file.emplace(options.file);
    }

    access_log_options const options;
    std::optional<detail::log_file> file{};
};

HTTPHOOKS_DECL access_log::access_log(access_log_options o)
    : state_(std::make_shared<state>(std::move(o))) {}

HTTPHOOKS_DECL void access_log::reopen() const {
    if (state_->file) state_->file->reopen();
}

HTTPHOOKS_DECL void access_log::log(request const& r, origin const& from, response const& reply,
                                    std::chrono::nanoseconds elapsed, std::string_view id) const {
    access_log_options const& o = state_->options;
    access_log_entry e;
    e.time = o.clock ? o.clock() : std::chrono::system_clock::now();
    e.client = from.peer().address();
    e.transport = from.transport();
    e.tls = from.tls();
    auto const view = [](auto const& s) { return std::string_view(s.data(), s.size()); };
    e.method = view(r.method_string());
    e.target = view(r.target());
    if (!o.query) e.target = e.target.substr(0, e.target.find('?'));
    e.version = r.version();
    e.status = reply.result_int();
    if (r.method() != verb::head) e.bytes = response_body::size(reply.body());
    e.elapsed = elapsed;
    e.referer = view(r[field::referer]);
    e.user_agent = view(r[field::user_agent]);
    e.request_id = id;
    std::string const line = access_log_line(e, o.format);
    if (state_->file)
        state_->file->write(line);
    else
        o.write(line);
}

}  // namespace httphooks
