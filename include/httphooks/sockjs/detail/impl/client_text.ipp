// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sockjs/detail/client_text.hpp>

#include <httphooks/detail/system/random_bits.hpp>
#include <httphooks/http/absolute_url.hpp>
#include <httphooks/message.hpp>
#include <httphooks/sockjs/detail/wtf8.hpp>
#include <httphooks/sockjs/error.hpp>
#include <httphooks/sockjs/frame.hpp>

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace httphooks::sockjs::detail {

inline void read_close_frame(std::string_view json, server_frame& into) {
    using httphooks::detail::json_kind;
    using httphooks::detail::json_slice;
    if (!httphooks::detail::is_utf8(json)) return;
    httphooks::detail::json_scanner scanner(json, 2);
    std::size_t elements = 0;
    std::uint16_t code = 0;
    bool const good = scanner.array([&](json_slice const& value) {
        std::string_view const t = value.text;
        switch (elements++) {
            case 0: {
                auto const [stop, ec] = std::from_chars(t.data(), t.data() + t.size(), code);
                return value.kind == json_kind::number && ec == std::errc() &&
                       stop == t.data() + t.size() && code >= 1000 && code < 5000;
            }
            case 1:
                if (value.kind == json_kind::string) detail::append_unescaped(into.reason, value);
                return value.kind == json_kind::string;
            default:
                return false;
        }
    });
    if (!good || elements != 2 || !scanner.at_end()) return;
    into.is = server_frame::type::close;
    into.code = static_cast<close_code>(code);
}

HTTPHOOKS_DECL server_frame read_server_frame(std::string_view text) {
    using type = server_frame::type;
    server_frame frame;
    if (text.empty()) return frame;
    std::string_view const rest = text.substr(1);
    switch (text.front()) {
        case 'o':
            if (rest.empty()) frame.is = type::open;
            break;
        case 'h':
            frame.is = type::heartbeat;
            break;
        case 'a':
            frame.messages = rest;
            if (!check_messages(rest)) frame.is = type::messages;
            break;
        case 'm':
            frame.messages = rest;
            if (rest.starts_with('"') && !check_message_frame(rest)) frame.is = type::messages;
            break;
        case 'c':
            read_close_frame(rest, frame);
            break;
        default:
            break;
    }
    return frame;
}

HTTPHOOKS_DECL std::optional<server_info> read_server_info(std::string_view json) {
    using httphooks::detail::json_kind;
    using httphooks::detail::json_slice;
    constexpr std::size_t depth = 16;
    if (!httphooks::detail::is_utf8(json)) return std::nullopt;
    httphooks::detail::json_scanner scanner(json, depth);
    server_info info;
    bool const good = scanner.object([&](json_slice const& name, json_slice const& value) {
        if (name.text == "websocket") {
            info.websocket = value.text != "false";
        } else if (name.text == "base_url" && value.kind == json_kind::string) {
            info.base_url.clear();
            detail::append_unescaped(info.base_url, value);
        }
        return true;
    });
    if (!good || !scanner.at_end()) return std::nullopt;
    return info;
}

HTTPHOOKS_DECL http::absolute_url url_below(http::absolute_url url, std::string_view path) {
    std::size_t end = url.target.find('?');
    std::string const query = end == url.target.npos ? std::string() : url.target.substr(end);
    if (end == url.target.npos) end = url.target.size();
    while (end > 0 && url.target[end - 1] == '/') --end;
    url.target.resize(end);
    url.target.append(path).append(query);
    return url;
}

HTTPHOOKS_DECL std::optional<http::absolute_url> transport_base(http::absolute_url const& asked,
                                                                std::string const& base_url) {
    if (base_url.empty()) return asked;
    bool const path = base_url.starts_with('/') && !base_url.starts_with("//");
    auto parsed = http::absolute_url::parse(path ? "http://x" + base_url : base_url);
    if (!parsed) return std::nullopt;
    if (!path) {
        if (asked.tls && !parsed->tls) return std::nullopt;
        return *parsed;
    }
    http::absolute_url below = asked;
    below.target = parsed->target;
    return below;
}

HTTPHOOKS_DECL std::string new_session_path() {
    constexpr char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
    std::uint32_t bits = httphooks::detail::random_bits::next();
    std::string path = "/";
    for (int i = 0; i < 3; ++i, bits /= 10) path.push_back(static_cast<char>('0' + bits % 10));
    path.push_back('/');
    for (int word = 0; word < 4; ++word) {
        bits = httphooks::detail::random_bits::next();
        for (int i = 0; i < 6; ++i, bits >>= 5) path.push_back(letters[bits & 31]);
    }
    return path;
}

HTTPHOOKS_DECL void add_fields(request& to, fields const& more) {
    for (auto const& f : more) to.insert(f.name(), f.name_string(), f.value());
}

HTTPHOOKS_DECL std::chrono::milliseconds open_limit(std::chrono::milliseconds round_trip) {
    using std::chrono::milliseconds;
    return 2 * (round_trip > milliseconds(100) ? 4 * round_trip : milliseconds(300) + round_trip);
}

}  // namespace httphooks::sockjs::detail
