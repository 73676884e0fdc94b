// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The opening handshake of a WebSocket, both sides. No I/O.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/message.hpp>
#include <httphooks/websocket/error.hpp>

#include <cstddef>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks::websocket {

/// Chooses among the subprotocols that a client offers, in its order.
using select_subprotocol = std::function<std::string(std::vector<std::string_view> const& offered,
                                                     request const& handshake)>;

/// What a server takes.
struct handshake_options {
    /// The subprotocols that the server speaks. The first of the client's that is among them is
    /// chosen; without any the connection has none, and the client may close it.
    std::vector<std::string> subprotocols{};
    /// Chooses instead of `subprotocols` when the client offers any; what it gives and the client
    /// has not offered, as the empty string, is none.
    select_subprotocol select{};
    /** The origins whose pages may connect, as `https://example.org`; `*` is any. Empty: a page of
        the server's own host and port, and by https if the client came by TLS. Browsers send
        cookies whatever the origin of the page is, so without this check any page could act for
        the user. Clients that are not browsers send no Origin and pass. */
    std::vector<std::string> origins{};
    /// Decides about the Origin instead of `origins`; also when there is none, then it is empty.
    std::function<bool(std::string_view origin, request const& handshake)> check_origin{};
};

/// What a server answers.
struct handshake_reply {
    /// Whether the connection is a WebSocket from now on.
    bool accepted = false;
    /// The subprotocol; empty for none.
    std::string subprotocol{};
    /// The reply: 101 with what it has to have but for Connection, or a refusal.
    response message{};
};

/** Whether a request asks for a WebSocket: its Upgrade field names it.
    @par Source
    RFC 6455 4.2.1 */
bool is_upgrade(request const& r);

/** Answers a client's handshake.

    @param tls whether the client came by TLS, as far as that is known
    @return 101; or 405 for a method other than GET, 426 without an Upgrade field that names
        websocket, or for another version than 13, which then says so; 400 for HTTP/1.0, and a
        missing or malformed Connection, key, version or subprotocol; 403 for an origin that may not
        connect; 500 when a function of the options throws. Extensions are not looked at: see
        accept_deflate()
    @par Source
    RFC 6455 4.2; 10.2 for the origin; RFC 9110 15.5.22
*/
handshake_reply accept(request const& r, handshake_options const& o = {}, bool tls = false);

/// The value of Sec-WebSocket-Accept for a key; RFC 6455 4.2.2.
std::string accept_key(std::string_view key);

/// A new random key for a client's handshake; RFC 6455 4.1.
std::string make_key();

/** A client's request.
    @param target path and query
    @param host the Host field's value
    @param subprotocols offered, the preferred one first */
request make_handshake(std::string_view target, std::string_view host, std::string_view key,
                       std::vector<std::string> const& subprotocols = {});

/** Checks a server's answer, but for extensions.
    @param chosen is set to the subprotocol, empty for none
    @return error::refused, bad_handshake, bad_accept or not_offered; none when the connection is
        open, if no extension was chosen, or one that was offered: see read_deflate_reply()
    @par Source
    RFC 6455 4.1 */
error_code check_reply(response const& r, std::string_view key,
                       std::vector<std::string> const& subprotocols, std::string& chosen);

// ---------------------------------------------------------------------------------------------

namespace detail {

using namespace httphooks::detail;

/// Calls `visit` with each element of the lists in all fields of a name, until it gives false.
template <class Fields, class Visit>
void for_each_element(Fields const& from, field name, Visit visit) {
    auto const [first, last] = from.equal_range(name);
    for (auto it = first; it != last; ++it) {
        auto const raw = it->value();
        std::string_view rest(raw.data(), raw.size());
        for (;;) {
            std::size_t const comma = rest.find(',');
            if (!visit(trim_ows(rest.substr(0, comma)))) return;
            if (comma == rest.npos) break;
            rest.remove_prefix(comma + 1);
        }
    }
}

/// Whether some element of the lists is this token, in any case.
template <class Fields>
bool has_element(Fields const& from, field name, std::string_view token) {
    bool found = false;
    for_each_element(from, name, [&](std::string_view element) {
        found = ascii_iequals(element, token);
        return !found;
    });
    return found;
}

/// The value of a field that is there exactly once; else empty.
template <class Fields>
std::string_view single(Fields const& from, field name) {
    if (from.count(name) != 1) return {};
    auto const value = from[name];
    return trim_ows({value.data(), value.size()});
}

/// Whether the text is base64 of 16 bytes; the bits that its last character has left over may be
/// any, as in the example of RFC 6455 4.1.
bool is_key(std::string_view key);

handshake_reply refusal(status code, std::string why);

}  // namespace detail

}  // namespace httphooks::websocket

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/websocket/impl/handshake.ipp>
#endif
