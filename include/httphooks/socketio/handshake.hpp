// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    How a client came to a namespace: the request that opened its connection, and what it said when
    it joined.
*/

#include <httphooks/config.hpp>
#include <httphooks/engineio/handshake.hpp>
#include <httphooks/fields.hpp>
#include <httphooks/message.hpp>
#include <httphooks/socketio/detail/payload.hpp>

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::socketio {

/** How a client came.
    @par Thread safety
    All threads. */
class handshake {
public:
    /// For servers. @param auth null: none
    handshake(engineio::handshake const& from, std::shared_ptr<nlohmann::json const> auth)
        : from_(from), auth_(std::move(auth)) {}

    /// The fields of the request, cookies too.
    fields const& headers() const noexcept { return *from_.message; }
    /// The request.
    httphooks::request const& request() const noexcept { return *from_.message; }
    /// When it came, as HTTP dates are.
    std::string time() const;
    /// When it came.
    std::chrono::system_clock::time_point issued() const noexcept { return from_.issued; }
    /// The client's address, or that of a proxy.
    std::string address() const { return from_.peer.address().to_string(); }
    /// Whether the request came from a page of an origin.
    bool xdomain() const { return headers().find(field::origin) != headers().end(); }
    /// Whether the client came by TLS; behind a trusted proxy what the proxy says.
    bool secure() const noexcept { return from_.tls; }
    /// The target of the request.
    std::string_view url() const noexcept {
        auto const t = from_.message->target();
        return {t.data(), t.size()};
    }
    /// A parameter of the query, unescaped.
    std::optional<std::string> query(std::string_view name) const;
    /// The query; a parameter that comes several times is an array.
    nlohmann::json query() const;
    /// What the client joined with; an object.
    nlohmann::json const& auth() const noexcept;

    /// All of it, as node's RemoteSocket has it.
    nlohmann::json to_json() const;
    /// Appends the same as JSON; its members are in node's order.
    void append_to(packet_data& to) const;

private:
    engineio::handshake from_;
    std::shared_ptr<nlohmann::json const> auth_;
};

// ---------------------------------------------------------------------------------------------

namespace detail {

/// A query as an object; a parameter that comes several times is an array.
nlohmann::json query_to_json(std::string_view query);
/// Appends the same as JSON.
void append_query(std::string& to, std::string_view query);

}  // namespace detail

}  // namespace httphooks::socketio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/impl/handshake.ipp>
#endif
