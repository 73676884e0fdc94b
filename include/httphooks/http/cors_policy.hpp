// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Which pages of other origins may use a server, and the fields that tell browsers so.
*/

#include <httphooks/config.hpp>
#include <httphooks/message.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks::http {

/// Who may read what from another origin. By default nobody.
struct cors_options {
    /// The origins that are allowed, as browsers send them: "https://app.example:8443", without a
    /// path; "null" for documents without an origin; "*" for all, which excludes credentials.
    std::vector<std::string> origins{};
    /// Asked about an origin that is not in the list; called by several threads at once.
    std::function<bool(std::string_view origin)> allow{};
    /// Whether pages may send cookies and other credentials, and read the replies to them.
    bool credentials = false;
    /// The methods that a preflight allows.
    std::vector<std::string> methods{"GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"};
    /// The request headers that a preflight allows; nothing: those that it asks for.
    std::optional<std::vector<std::string>> headers{};
    /// The reply headers that pages may read besides the harmless ones.
    std::vector<std::string> exposed_headers{};
    /// Whether pages of a public network may use a server in a private one: what a preflight with
    /// Access-Control-Request-Private-Network asks.
    bool private_network = false;
    /// How long a browser may remember the answer to a preflight; nothing: the browser's default.
    std::optional<std::chrono::seconds> max_age{};
    /// Whether a request from an origin that is not allowed is answered with 403. Otherwise it
    /// passes, and the browser keeps the reply from the page.
    bool refuse = false;
};

/** Cross-origin resource sharing by some options.

    @par Thread safety
    Several threads may use it at once.
    @par Source
    Fetch standard, 3.2 (HTTP-cors-protocol); WICG Private Network Access, 3.1 (its preflight);
    defaults of npm's cors 2.8. Unlike that, the fields are left out when the origin is not allowed,
    a preflight too, and Vary names Origin whatever the options.
*/
class cors_policy {
public:
    /// What becomes of a request.
    enum class decision : std::uint8_t { pass, preflight, refuse };

    /** @throws std::invalid_argument an origin is not of the form that browsers send, or "*" is
            allowed with credentials
        @throws system_error a method or header name cannot stand in a header field
    */
    explicit cors_policy(cors_options options = {});

    /// Adds the reply's fields, and says what becomes of the request.
    decision apply(request const& r, fields& reply) const;

    /// Whether a request comes from no page, or from one that may use the server.
    bool lets_in(request const& r) const;

private:
    inline bool allowed(std::string_view origin) const;
    inline void add_preflight_fields(request const& r, fields& reply) const;

    cors_options options_;
    bool any_ = false;
    std::string methods_;
    std::string headers_;
    std::string exposed_;
};

}  // namespace httphooks::http

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/impl/cors_policy.ipp>
#endif
