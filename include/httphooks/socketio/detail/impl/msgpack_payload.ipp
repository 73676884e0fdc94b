// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/msgpack_payload.hpp>

#include <httphooks/detail/json/json_scanner.hpp>
#include <httphooks/detail/json/json_tape.hpp>
#include <httphooks/detail/json/json_text.hpp>
#include <httphooks/socketio/detail/msgpack_scanner.hpp>
#include <httphooks/socketio/detail/parse_json.hpp>
#include <httphooks/socketio/detail/payload.hpp>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace httphooks::socketio::detail {

/// Appends a byte that says what follows, and a number, big end first.
inline void append_head(std::string& to, unsigned first, std::uint64_t n, std::size_t size) {
    char bytes[9] = {static_cast<char>(first)};
    for (std::size_t i = 1; i <= size; ++i) bytes[i] = static_cast<char>(n >> (8 * (size - i)));
    to.append(bytes, size + 1);
}

/// Appends a length in 1, 2 or 4 bytes, behind the first of three consecutive types.
inline void append_length(std::string& to, unsigned first, std::size_t n) {
    if (n < 0x100)
        append_head(to, first, n, 1);
    else if (n < 0x10000)
        append_head(to, first + 1, n, 2);
    else
        append_head(to, first + 2, n, 4);
}

HTTPHOOKS_DECL void append_msgpack_array(std::string& to, std::size_t size) {
    if (size < 16)
        append_head(to, 0x90 | static_cast<unsigned>(size), 0, 0);
    else
        append_head(to, size < 0x10000 ? 0xdc : 0xdd, size, size < 0x10000 ? 2 : 4);
}

HTTPHOOKS_DECL void append_msgpack_map(std::string& to, std::size_t size) {
    if (size < 16)
        append_head(to, 0x80 | static_cast<unsigned>(size), 0, 0);
    else
        append_head(to, size < 0x10000 ? 0xde : 0xdf, size, size < 0x10000 ? 2 : 4);
}

HTTPHOOKS_DECL void append_msgpack_text(std::string& to, std::string_view text) {
    if (text.size() < 32)
        append_head(to, 0xa0 | static_cast<unsigned>(text.size()), 0, 0);
    else
        append_length(to, 0xd9, text.size());
    to.append(text);
}

inline constexpr std::uint64_t most_whole = std::uint64_t{1} << 53;

inline void append_msgpack_real(std::string& to, double d) {
    append_head(to, 0xcb, std::bit_cast<std::uint64_t>(d), 8);
}

HTTPHOOKS_DECL void append_msgpack_number(std::string& to, std::uint64_t n) {
    if (n > most_whole) return append_msgpack_real(to, static_cast<double>(n));
    if (n < 0x80)
        append_head(to, static_cast<unsigned>(n), 0, 0);
    else if (n < 0x100)
        append_head(to, 0xcc, n, 1);
    else if (n < 0x10000)
        append_head(to, 0xcd, n, 2);
    else if (n < 0x100000000)
        append_head(to, 0xce, n, 4);
    else
        append_head(to, 0xcf, n, 8);
}

inline void append_msgpack_negative(std::string& to, std::int64_t n) {
    auto const bits = static_cast<std::uint64_t>(n);
    if (n >= -0x20)
        append_head(to, static_cast<unsigned>(bits & 0xff), 0, 0);
    else if (n >= -0x80)
        append_head(to, 0xd0, bits, 1);
    else if (n >= -0x8000)
        append_head(to, 0xd1, bits, 2);
    else if (n >= -0x80000000LL)
        append_head(to, 0xd2, bits, 4);
    else
        append_head(to, 0xd3, bits, 8);
}

/// Appends the number of a JSON text.
inline void append_msgpack_number_text(std::string& to, std::string_view text) {
    std::int64_t whole = 0;
    auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), whole);
    double d = static_cast<double>(whole);
    if (ec != std::errc() || end != text.data() + text.size()) {
        if (!read_double(d, text)) d = text.front() == '-' ? -HUGE_VAL : HUGE_VAL;
        constexpr auto limit = static_cast<double>(most_whole);
        if (!(std::floor(d) == d && d >= -limit && d <= limit)) return append_msgpack_real(to, d);
        whole = static_cast<std::int64_t>(d);
    }
    if (whole >= 0)
        append_msgpack_number(to, static_cast<std::uint64_t>(whole));
    else if (whole < -static_cast<std::int64_t>(most_whole))
        append_msgpack_real(to, d);
    else
        append_msgpack_negative(to, whole);
}

/// The number in `{"_placeholder":true,"num":<number>}`.
inline std::optional<std::size_t> placeholder_number(httphooks::detail::json_node const& object) {
    using httphooks::detail::json_kind;
    if (object.span != 5) return {};
    std::size_t number = 0;
    bool is_one = false;
    bool good = true;
    each_member(object, [&](auto const& name, auto const& value) {
        if (name.text == "_placeholder") {
            is_one = value.kind == json_kind::boolean && value.text == "true";
        } else {
            std::string_view const t = value.text;
            auto const [end, ec] = std::from_chars(t.data(), t.data() + t.size(), number);
            good = name.text == "num" && value.kind == json_kind::number && ec == std::errc() &&
                   end == t.data() + t.size();
        }
    });
    return is_one && good ? std::optional(number) : std::nullopt;
}

inline void append_msgpack_json_text(std::string& to, httphooks::detail::json_slice const& s) {
    if (!s.escaped) return append_msgpack_text(to, s.text);
    std::string plain;
    append_unescaped(plain, s);
    append_msgpack_text(to, plain);
}

HTTPHOOKS_DECL void append_msgpack(std::string& to, httphooks::detail::json_node const& value,
                                   std::span<std::string const> attachments) {
    using httphooks::detail::json_kind;
    switch (value.kind) {
        case json_kind::object: {
            if (!attachments.empty())
                if (auto const n = placeholder_number(value); n && *n < attachments.size()) {
                    append_length(to, 0xc4, attachments[*n].size());
                    to.append(attachments[*n]);
                    return;
                }
            std::size_t size = 0;
            each_member(value, [&](auto const&, auto const&) { ++size; });
            append_msgpack_map(to, size);
            each_member(value, [&](auto const& name, auto const& inner) {
                append_msgpack_json_text(to, name);
                append_msgpack(to, inner, attachments);
            });
            return;
        }
        case json_kind::array: {
            std::size_t size = 0;
            each_element(value, [&](auto const&) { ++size; });
            append_msgpack_array(to, size);
            each_element(value, [&](auto const& inner) { append_msgpack(to, inner, attachments); });
            return;
        }
        case json_kind::string:
            return append_msgpack_json_text(to, value);
        case json_kind::number:
            return append_msgpack_number_text(to, value.text);
        case json_kind::boolean:
            return append_head(to, value.text == "true" ? 0xc3 : 0xc2, 0, 0);
        case json_kind::null:
        case json_kind::none:
            return append_head(to, 0xc0, 0, 0);
    }
}

HTTPHOOKS_DECL bool append_msgpack(std::string& to, payload const& from) {
    httphooks::detail::json_tape tape;
    if (!tape.read(from.text, 65'535)) return false;
    append_msgpack(to, tape.root(), from.attachments);
    return true;
}

HTTPHOOKS_DECL void append_msgpack_packet(std::string& to, payload const& from) {
    if (from.text.empty() || !append_msgpack(to, from)) append_head(to, 0xc0, 0, 0);
}

/// Writes the JSON of MessagePack.
struct msgpack_reader {
    payload& to;
    msgpack_scanner& from;
    /// Whether a map has what placeholders have.
    bool doubtful = false;

    bool value(std::size_t depth) {
        msgpack_item item;
        if (!from.next(item)) return false;
        switch (item.kind) {
            case msgpack_kind::nil:
                return append_null(to.text), true;
            case msgpack_kind::boolean:
                return append_literal(to.text, item.number == 1), true;
            case msgpack_kind::integer:
                return append_number(to.text, static_cast<long long>(item.integer)), true;
            case msgpack_kind::positive:
                return append_number(to.text, static_cast<unsigned long long>(item.number)), true;
            case msgpack_kind::real:
                return append_number(to.text, item.real), true;
            case msgpack_kind::text:
                return append_string(to.text, item.text), true;
            case msgpack_kind::bytes:
                return append_bytes(to, item.text), true;
            case msgpack_kind::date:
                to.text.push_back('"');
                if (append_date(to.text, item.integer))
                    to.text.push_back('"');
                else {
                    to.text.pop_back();
                    append_null(to.text);
                }
                return true;
            case msgpack_kind::array:
                return array(item.number, depth);
            case msgpack_kind::map:
                return map(item.number, depth);
        }
        return false;
    }
    bool array(std::uint64_t size, std::size_t depth) {
        if (depth == 0) return false;
        to.text.push_back('[');
        for (std::uint64_t i = 0; i < size; ++i) {
            if (i != 0) to.text.push_back(',');
            if (!value(depth - 1)) return false;
        }
        to.text.push_back(']');
        return true;
    }
    bool map(std::uint64_t size, std::size_t depth) {
        if (depth == 0) return false;
        to.text.push_back('{');
        for (std::uint64_t i = 0; i < size; ++i) {
            if (i != 0) to.text.push_back(',');
            msgpack_item key;
            if (!from.next(key) || key.kind != msgpack_kind::text) return false;
            if (key.text == "_placeholder") doubtful = true;
            append_string(to.text, key.text);
            to.text.push_back(':');
            if (!value(depth - 1)) return false;
        }
        to.text.push_back('}');
        return true;
    }
};

HTTPHOOKS_DECL bool read_msgpack(payload& to, std::string_view data, std::size_t depth) {
    msgpack_scanner from(data);
    return read_msgpack(to, from, depth) && from.at_end();
}

HTTPHOOKS_DECL bool read_msgpack(payload& to, msgpack_scanner& from, std::size_t depth) {
    msgpack_reader reader{to, from};
    return reader.value(depth) && (!reader.doubtful || to.attachments.empty());
}

}  // namespace httphooks::socketio::detail
