// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/engineio/detail/client_handshake.hpp>

#include <httphooks/detail/json/json_scanner.hpp>
#include <httphooks/detail/text/utf8.hpp>
#include <httphooks/engineio/transport_kind.hpp>
#include <httphooks/http/absolute_url.hpp>
#include <httphooks/url.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace httphooks::engineio::detail {

/// A number of JSON that counts something, up to what 31 bits hold.
inline bool read_count(httphooks::detail::json_slice const& value, std::uint32_t& to) {
    std::string_view const t = value.text;
    auto const [stop, ec] = std::from_chars(t.data(), t.data() + t.size(), to);
    return value.kind == httphooks::detail::json_kind::number && ec == std::errc() &&
           stop == t.data() + t.size() && to <= 0x7fff'ffffu;
}

HTTPHOOKS_DECL std::optional<server_handshake> read_handshake(std::string_view json) {
    using httphooks::detail::json_kind;
    using httphooks::detail::json_scanner;
    using httphooks::detail::json_slice;
    constexpr std::size_t depth = 16;
    constexpr std::size_t most_sid = 256;
    if (!httphooks::detail::is_utf8(json)) return std::nullopt;
    server_handshake shake;
    std::optional<std::uint32_t> interval;
    std::optional<std::uint32_t> timeout;
    json_scanner scanner(json, depth);
    bool const good = scanner.object([&](json_slice const& name, json_slice const& value) {
        if (name.text == "sid") {
            shake.sid = value.text;
            return value.kind == json_kind::string && !value.escaped;
        }
        if (name.text == "upgrades") {
            json_scanner list(value.text, depth);
            return list.array([&](json_slice const& s) {
                shake.websocket = shake.websocket || s.text == "websocket";
                return true;
            });
        }
        if (name.text == "pingInterval") return read_count(value, interval.emplace());
        if (name.text == "pingTimeout") return read_count(value, timeout.emplace());
        if (name.text == "maxPayload") {
            std::uint32_t n = 0;
            if (!read_count(value, n)) return false;
            shake.max_payload = n;
        }
        return true;
    });
    if (!good || !scanner.at_end() || !interval || !timeout || shake.sid.empty() ||
        shake.sid.size() > most_sid)
        return std::nullopt;
    shake.ping_interval = std::chrono::milliseconds(*interval);
    shake.ping_timeout = std::chrono::milliseconds(*timeout);
    return shake;
}

HTTPHOOKS_DECL http::absolute_url transport_url(http::absolute_url base, transport_kind t,
                                                std::string_view sid) {
    std::string_view const target = base.target;
    std::size_t const mark = std::min(target.find('?'), target.size());
    std::string made(target.substr(0, mark));
    if (made == "/") made = "/engine.io/";
    if (!made.ends_with('/')) made.push_back('/');
    std::string_view const query = target.substr(mark);
    made.append(query).append(query.empty() ? "?" : query.size() > 1 ? "&" : "");
    made.append("EIO=4&transport=").append(to_string(t));
    if (!sid.empty()) made.append("&sid=").append(percent_encode(sid));
    base.target = std::move(made);
    return base;
}

}  // namespace httphooks::engineio::detail
