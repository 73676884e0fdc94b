// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/tls_cookie_keys.hpp>

#include <httphooks/detail/text/base64url.hpp>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks {

namespace detail {

using cookie_mac = std::array<unsigned char, 32>;

inline constexpr std::size_t cookie_nonce_size = 12;
inline constexpr std::size_t cookie_tag_size = 16;
/// More than any cookie has.
inline constexpr std::size_t cookie_text_limit = 16 * 1024;

inline unsigned char const* octets(std::string_view s) noexcept {
    return reinterpret_cast<unsigned char const*>(s.data());
}

inline std::string_view as_text(cookie_mac const& mac) noexcept {
    return {reinterpret_cast<char const*>(mac.data()), mac.size()};
}

inline void must(bool done) {
    if (!done) throw std::runtime_error("cookie_keys: OpenSSL failed");
}

inline cookie_mac hmac_sha256(std::string_view key, std::string_view text) {
    cookie_mac mac{};
    unsigned size = 0;
    must(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), octets(text), text.size(),
              mac.data(), &size) != nullptr &&
         size == mac.size());
    return mac;
}

/// The signature of a cookie: the name's size comes first, so that no other pair has the same text.
inline cookie_mac cookie_signature(std::string_view key, std::string_view name,
                                   std::string_view value) {
    std::string text = std::to_string(name.size());
    text.append(":").append(name).append(value);
    return hmac_sha256(key, text);
}

struct free_cipher {
    void operator()(EVP_CIPHER_CTX* c) const noexcept { EVP_CIPHER_CTX_free(c); }
};
using cipher_context = std::unique_ptr<EVP_CIPHER_CTX, free_cipher>;

inline cipher_context make_cipher() {
    cipher_context c(EVP_CIPHER_CTX_new());
    must(c != nullptr);
    return c;
}

/// Nonce, ciphertext and tag.
inline std::string seal_cookie(std::string_view key, std::string_view name,
                               std::string_view value) {
    std::string sealed(cookie_nonce_size + value.size() + cookie_tag_size, '\0');
    auto* const out = reinterpret_cast<unsigned char*>(sealed.data());
    must(RAND_bytes(out, static_cast<int>(cookie_nonce_size)) == 1);
    auto const c = make_cipher();
    int n = 0;
    must(EVP_EncryptInit_ex(c.get(), EVP_aes_256_gcm(), nullptr, octets(key), out) == 1);
    must(EVP_EncryptUpdate(c.get(), nullptr, &n, octets(name), static_cast<int>(name.size())) == 1);
    must(EVP_EncryptUpdate(c.get(), out + cookie_nonce_size, &n, octets(value),
                           static_cast<int>(value.size())) == 1);
    must(EVP_EncryptFinal_ex(c.get(), out + cookie_nonce_size + n, &n) == 1);
    must(EVP_CIPHER_CTX_ctrl(c.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(cookie_tag_size),
                             out + cookie_nonce_size + value.size()) == 1);
    return sealed;
}

inline std::optional<std::string> open_cookie(std::string_view key, std::string_view name,
                                              std::string sealed) {
    if (sealed.size() < cookie_nonce_size + cookie_tag_size) return std::nullopt;
    std::size_t const size = sealed.size() - cookie_nonce_size - cookie_tag_size;
    auto* const in = reinterpret_cast<unsigned char*>(sealed.data());
    std::string value(size, '\0');
    auto* const out = reinterpret_cast<unsigned char*>(value.data());
    auto const c = make_cipher();
    int n = 0;
    must(EVP_DecryptInit_ex(c.get(), EVP_aes_256_gcm(), nullptr, octets(key), in) == 1);
    must(EVP_CIPHER_CTX_ctrl(c.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(cookie_tag_size),
                             in + cookie_nonce_size + size) == 1);
    must(EVP_DecryptUpdate(c.get(), nullptr, &n, octets(name), static_cast<int>(name.size())) == 1);
    must(EVP_DecryptUpdate(c.get(), out, &n, in + cookie_nonce_size, static_cast<int>(size)) == 1);
    if (EVP_DecryptFinal_ex(c.get(), out + n, &n) != 1) return std::nullopt;
    return value;
}

}  // namespace detail

struct cookie_keys::key {
    detail::cookie_mac signing;
    detail::cookie_mac encrypting;

    explicit key(std::string_view given) {
        if (given.size() < 32)
            throw std::invalid_argument("cookie_keys: a key has less than 32 bytes");
        // HKDF of one block each
        auto const extracted = detail::hmac_sha256("httphooks cookies", given);
        signing = detail::hmac_sha256(detail::as_text(extracted), "signature\x01");
        encrypting = detail::hmac_sha256(detail::as_text(extracted), "encryption\x01");
    }
};

HTTPHOOKS_DECL cookie_keys::cookie_keys(std::vector<std::string> const& keys) {
    if (keys.empty()) throw std::invalid_argument("cookie_keys: there is none");
    keys_ = std::make_shared<std::vector<key> const>(keys.begin(), keys.end());
}

HTTPHOOKS_DECL std::string cookie_keys::sign(std::string_view name, std::string_view value) const {
    std::string text(value);
    text.push_back('.');
    auto const mac = detail::cookie_signature(detail::as_text(keys_->front().signing), name, value);
    detail::append_base64url(text, detail::as_text(mac));
    return text;
}

HTTPHOOKS_DECL std::optional<std::string> cookie_keys::verify(std::string_view name,
                                                              std::string_view text) const {
    std::size_t const dot = text.rfind('.');
    if (text.size() > detail::cookie_text_limit || dot == text.npos) return std::nullopt;
    std::string_view const value = text.substr(0, dot);
    std::string mac;
    if (!detail::append_from_base64url(mac, text.substr(dot + 1))) return std::nullopt;
    bool good = false;
    for (key const& k : *keys_) {
        auto const expected = detail::cookie_signature(detail::as_text(k.signing), name, value);
        good |= detail::equal_in_constant_time(mac, detail::as_text(expected));
    }
    if (!good) return std::nullopt;
    return std::string(value);
}

HTTPHOOKS_DECL std::string cookie_keys::encrypt(std::string_view name,
                                                std::string_view value) const {
    if (value.size() > detail::cookie_text_limit)
        throw std::invalid_argument("cookie_keys: the value is too long for a cookie");
    std::string text;
    detail::append_base64url(
        text, detail::seal_cookie(detail::as_text(keys_->front().encrypting), name, value));
    return text;
}

HTTPHOOKS_DECL std::optional<std::string> cookie_keys::decrypt(std::string_view name,
                                                               std::string_view text) const {
    std::string sealed;
    if (text.size() > 2 * detail::cookie_text_limit || !detail::append_from_base64url(sealed, text))
        return std::nullopt;
    for (key const& k : *keys_)
        if (auto value = detail::open_cookie(detail::as_text(k.encrypting), name, sealed))
            return value;
    return std::nullopt;
}

HTTPHOOKS_DECL cookie cookie_keys::sign(cookie c) const {
    c.value = sign(c.name, c.value);
    return c;
}

HTTPHOOKS_DECL cookie cookie_keys::encrypt(cookie c) const {
    c.value = encrypt(c.name, c.value);
    return c;
}

HTTPHOOKS_DECL std::optional<std::string> cookie_keys::verify(fields const& headers,
                                                              std::string_view name) const {
    auto const text = cookie_value(headers, name);
    return text ? verify(name, *text) : std::nullopt;
}

HTTPHOOKS_DECL std::optional<std::string> cookie_keys::decrypt(fields const& headers,
                                                               std::string_view name) const {
    auto const text = cookie_value(headers, name);
    return text ? decrypt(name, *text) : std::nullopt;
}

}  // namespace httphooks
