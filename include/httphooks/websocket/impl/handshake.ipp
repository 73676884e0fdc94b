// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/websocket/handshake.hpp>

#include <httphooks/detail/system/random_bits.hpp>
#include <httphooks/detail/text/base64.hpp>
#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/message.hpp>
#include <httphooks/websocket/detail/sha1.hpp>
#include <httphooks/websocket/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::websocket {

namespace detail {

HTTPHOOKS_DECL bool is_key(std::string_view key) {
    constexpr std::size_t characters = 22;
    return key.size() == characters + 2 && key.ends_with("==") &&
           std::ranges::all_of(key.substr(0, characters), [](char c) {
               return base64_values[static_cast<unsigned char>(c)] < 64;
           });
}

/// The subprotocols that a client offers; nothing when one of them is no token.
inline std::optional<std::vector<std::string_view>> offered_subprotocols(request const& r) {
    std::vector<std::string_view> offered;
    bool good = true;
    for_each_element(r.base(), field::sec_websocket_protocol, [&](std::string_view one) {
        good = is_token(one);
        offered.push_back(one);
        return good;
    });
    if (!good) return std::nullopt;
    return offered;
}

inline std::string choose_subprotocol(std::vector<std::string_view> const& offered,
                                      request const& r, handshake_options const& o) {
    if (offered.empty()) return {};
    if (o.select) {
        std::string chosen = o.select(offered, r);
        return std::ranges::find(offered, chosen) != offered.end() ? chosen : std::string();
    }
    auto const first = std::ranges::find_first_of(offered, o.subprotocols);
    return first != offered.end() ? std::string(*first) : std::string();
}

/// Whether an origin is what the request was sent to. Without TLS both schemes are: a proxy that
/// ends TLS may be in front.
inline bool is_same_origin(std::string_view origin, request const& r, bool tls) {
    bool const https = ascii_istarts_with(origin, "https://");
    if (!https && (tls || !ascii_istarts_with(origin, "http://"))) return false;
    auto const without_port = [https](std::string_view host) {
        std::string_view const port = https ? ":443" : ":80";
        if (host.ends_with(port)) host.remove_suffix(port.size());
        return host;
    };
    auto const host = r[field::host];
    return ascii_iequals(without_port(origin.substr(origin.find("://") + 3)),
                         without_port({host.data(), host.size()}));
}

inline bool origin_passes(request const& r, handshake_options const& o, bool tls) {
    auto const value = r[field::origin];
    std::string_view const origin(value.data(), value.size());
    if (o.check_origin) return o.check_origin(origin, r);
    if (r.count(field::origin) == 0) return true;
    if (r.count(field::origin) > 1) return false;
    if (o.origins.empty()) return is_same_origin(origin, r, tls);
    return std::ranges::any_of(o.origins, [origin](std::string const& allowed) {
        return allowed == "*" || ascii_iequals(allowed, origin);
    });
}

HTTPHOOKS_DECL handshake_reply refusal(status code, std::string why) {
    return {false, {}, make_response(code, std::move(why), "text/plain; charset=utf-8")};
}

}  // namespace detail

HTTPHOOKS_DECL bool is_upgrade(request const& r) {
    return detail::has_element(r.base(), field::upgrade, "websocket");
}

HTTPHOOKS_DECL handshake_reply accept(request const& r, handshake_options const& o, bool tls) {
    using detail::refusal;
    if (r.method() != verb::get) {
        handshake_reply reply = refusal(status::method_not_allowed, "WebSockets begin with GET\n");
        reply.message.set(field::allow, "GET");
        return reply;
    }
    if (r.version() < 11) return refusal(status::bad_request, "WebSockets need HTTP/1.1\n");
    if (!is_upgrade(r)) {
        handshake_reply reply = refusal(status::upgrade_required, "This is a WebSocket\n");
        reply.message.set(field::upgrade, "websocket");
        return reply;
    }
    if (!detail::has_element(r.base(), field::connection, "upgrade"))
        return refusal(status::bad_request, "Connection does not say Upgrade\n");
    std::string_view const key = detail::single(r.base(), field::sec_websocket_key);
    if (!detail::is_key(key))
        return refusal(status::bad_request, "Sec-WebSocket-Key is missing or malformed\n");
    std::string_view const version = detail::single(r.base(), field::sec_websocket_version);
    if (version != "13") {
        bool const other =
            !version.empty() && version.size() <= 3 &&
            std::ranges::all_of(version, [](char c) { return c >= '0' && c <= '9'; });
        handshake_reply reply =
            other ? refusal(status::upgrade_required, "Sec-WebSocket-Version is 13 here\n")
                  : refusal(status::bad_request, "Sec-WebSocket-Version is missing or malformed\n");
        if (other) reply.message.set(field::upgrade, "websocket");
        reply.message.set(field::sec_websocket_version, "13");
        return reply;
    }
    handshake_reply reply;
    try {
        if (!detail::origin_passes(r, o, tls))
            return refusal(status::forbidden, "This origin may not connect\n");
        auto const offered = detail::offered_subprotocols(r);
        if (!offered) return refusal(status::bad_request, "Sec-WebSocket-Protocol is malformed\n");
        reply.subprotocol = detail::choose_subprotocol(*offered, r, o);
    } catch (...) {
        return refusal(status::internal_server_error, "The handshake failed\n");
    }
    reply.accepted = true;
    reply.message.result(status::switching_protocols);
    reply.message.set(field::upgrade, "websocket");
    reply.message.set(field::sec_websocket_accept, accept_key(key));
    if (!reply.subprotocol.empty())
        reply.message.set(field::sec_websocket_protocol, reply.subprotocol);
    return reply;
}

HTTPHOOKS_DECL std::string accept_key(std::string_view key) {
    std::string text(key);
    text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::string out;
    detail::append_base64(out, detail::sha1(text));
    return out;
}

HTTPHOOKS_DECL std::string make_key() {
    char bytes[16];
    for (std::size_t i = 0; i < sizeof bytes; i += 4) {
        std::uint32_t const k = httphooks::detail::random_bits::next();
        std::memcpy(bytes + i, &k, 4);
    }
    std::string out;
    detail::append_base64(out, {bytes, sizeof bytes});
    return out;
}

HTTPHOOKS_DECL request make_handshake(std::string_view target, std::string_view host,
                                      std::string_view key,
                                      std::vector<std::string> const& subprotocols) {
    request r(verb::get, target, 11);
    r.set(field::host, host);
    r.set(field::upgrade, "websocket");
    r.set(field::connection, "Upgrade");
    r.set(field::sec_websocket_key, key);
    r.set(field::sec_websocket_version, "13");
    std::string offered;
    for (auto const& p : subprotocols) offered.append(offered.empty() ? "" : ", ").append(p);
    if (!offered.empty()) r.set(field::sec_websocket_protocol, offered);
    return r;
}

HTTPHOOKS_DECL error_code check_reply(response const& r, std::string_view key,
                                      std::vector<std::string> const& subprotocols,
                                      std::string& chosen) {
    chosen.clear();
    if (r.result() != status::switching_protocols) return error::refused;
    if (!detail::has_element(r.base(), field::upgrade, "websocket") ||
        !detail::has_element(r.base(), field::connection, "upgrade"))
        return error::bad_handshake;
    if (detail::single(r.base(), field::sec_websocket_accept) != accept_key(key))
        return error::bad_accept;
    if (r.count(field::sec_websocket_protocol) != 0) {
        chosen = detail::single(r.base(), field::sec_websocket_protocol);
        if (std::ranges::find(subprotocols, chosen) == subprotocols.end())
            return error::not_offered;
    }
    return {};
}

}  // namespace httphooks::websocket
