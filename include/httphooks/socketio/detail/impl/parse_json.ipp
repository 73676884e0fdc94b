// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/parse_json.hpp>

#include <httphooks/detail/json/json_scanner.hpp>
#include <httphooks/detail/text/utf8.hpp>

#include <nlohmann/json.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace httphooks::socketio::detail {

/// The code unit of the escape `\uXXXX` at a place, or 0 if there is none.
inline std::uint32_t unit_at(std::string_view text, std::size_t at) noexcept {
    if (text.size() - at < 6 || text[at] != '\\' || text[at + 1] != 'u') return 0;
    std::uint32_t unit = 0;
    for (std::size_t i = at + 2; i < at + 6; ++i)
        unit = unit << 4 | httphooks::detail::hex_value(text[i]);
    return unit;
}

HTTPHOOKS_DECL bool read_double(double& to, std::string_view number) noexcept {
    to = 0;
    auto const end = number.data() + number.size();
    if (std::from_chars(number.data(), end, to).ec != std::errc::result_out_of_range) return true;
    // what is too small is out of range as well, and 0
    std::size_t const e = number.find_first_of("eE");
    return e != number.npos && number[e + 1] == '-';
}

/// JSON text without what nlohmann::json refuses and JavaScript takes.
inline std::string mended_json(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    bool quoted = false;
    for (std::size_t at = 0; at < text.size();) {
        char const c = text[at];
        std::size_t n = 1;
        if (c == '"') {
            quoted = !quoted;
        } else if (quoted && c == '\\') {
            n = 2;
            if (std::uint32_t const unit = unit_at(text, at); unit >= 0xd800 && unit < 0xe000) {
                std::uint32_t const next = text.size() - at < 12 ? 0 : unit_at(text, at + 6);
                if (unit < 0xdc00 && next >= 0xdc00 && next < 0xe000) {
                    n = 12;
                } else {
                    out += "\\ufffd";
                    at += 6;
                    continue;
                }
            }
        } else if (!quoted && (c == '-' || (c >= '0' && c <= '9'))) {
            std::size_t const end = text.find_first_not_of("+-.0123456789eE", at);
            n = (end == text.npos ? text.size() : end) - at;
            double ignored = 0;
            if (!read_double(ignored, text.substr(at, n))) {
                out += "null";
                at += n;
                continue;
            }
        }
        out.append(text, at, n);
        at += n;
    }
    return out;
}

/// Reads what most acknowledgements are: a whole number, a plain text, a word. @return whether it
/// is one
inline bool read_plain_json(nlohmann::json& to, std::string_view text) {
    if (text.empty() || text.front() == '{' || text.front() == '[') return false;
    if (text.front() == '"') {
        if (text.size() < 2 || text.find_first_of("\"\\", 1) != text.size() - 1) return false;
        text = text.substr(1, text.size() - 2);
        if (!httphooks::detail::is_utf8(text)) return false;
        to = std::string(text);
        return true;
    }
    if (text == "null") return to = nullptr, true;
    if (text == "true" || text == "false") return to = text == "true", true;
    constexpr std::size_t most_digits = 18;
    if (text.size() > most_digits) return false;
    std::int64_t n = 0;
    auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (ec != std::errc() || end != text.data() + text.size()) return false;
    if (text.front() == '-')
        to = n;
    else
        to = static_cast<std::uint64_t>(n);
    return true;
}

HTTPHOOKS_DECL bool parse_json(nlohmann::json& to, std::string_view text) {
    if (read_plain_json(to, text)) return true;
    to = nlohmann::json::parse(text, nullptr, false);
    if (!to.is_discarded()) return true;
    to = nlohmann::json::parse(mended_json(text), nullptr, false);
    return !to.is_discarded();
}

}  // namespace httphooks::socketio::detail
