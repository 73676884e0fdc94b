// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Signed and encrypted cookies. Needs OpenSSL; link httphooks::tls.
*/

#include <httphooks/config.hpp>
#include <httphooks/cookie.hpp>
#include <httphooks/fields.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks {

/** Keys that sign cookies, or encrypt them: what a client sends back is what the server gave it.

    A signed value is `value.signature`, readable by the client; an encrypted one is not, and may
    have any bytes. Both are good for the name alone that they were made for. Nothing says when they
    were made, or stops a client from sending an old one: put the time into the value if that
    matters, or use sessions. Copies share their keys.

    The first key signs and encrypts, all verify and decrypt: to change keys, put a new one in
    front, and take the old one away when its cookies have ended. A key that encrypts is good for
    2^32 values.

    @par Thread safety
    All threads.
    @par Source
    HMAC-SHA256 (RFC 2104, RFC 6234), AES-256-GCM (NIST SP 800-38D) with random nonces and the name
    as associated data; the two keys are derived from each one that is given (RFC 5869)
    @par Example
    examples/cookies.cpp
*/
class cookie_keys {
public:
    /** @param keys each at least 32 bytes from a random source, as `openssl rand` gives them
        @throws std::invalid_argument there is none, or one is shorter
        @throws std::runtime_error OpenSSL fails */
    explicit cookie_keys(std::vector<std::string> const& keys);

    /// A value with a signature for the name. @throws std::runtime_error OpenSSL fails
    std::string sign(std::string_view name, std::string_view value) const;
    /// The value of a signed one; nothing when the signature is not good for the name.
    std::optional<std::string> verify(std::string_view name, std::string_view text) const;

    /// A value that nobody else reads. @throws std::runtime_error OpenSSL fails
    std::string encrypt(std::string_view name, std::string_view value) const;
    /// The value of an encrypted one; nothing when it was not made for the name with these keys.
    std::optional<std::string> decrypt(std::string_view name, std::string_view text) const;

    /// A cookie with its value signed.
    cookie sign(cookie c) const;
    /// A cookie with its value encrypted.
    cookie encrypt(cookie c) const;

    /// The value of a request's signed cookie; nothing when there is none, or it is not good.
    std::optional<std::string> verify(fields const& headers, std::string_view name) const;
    /// The value of a request's encrypted cookie; nothing when there is none, or it is not good.
    std::optional<std::string> decrypt(fields const& headers, std::string_view name) const;

private:
    struct key;

    std::shared_ptr<std::vector<key> const> keys_;
};

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/tls_cookie_keys.ipp>
#endif
