// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/csrf.hpp>

#include <httphooks/detail/runs/attachment.hpp>
#include <httphooks/detail/text/base64url.hpp>
#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/exchange.hpp>
#include <httphooks/fields.hpp>
#include <httphooks/form_data.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks {

namespace detail {

HTTPHOOKS_DECL std::string mask_secret(std::string_view secret) {
    std::string bytes = random_bytes(secret.size());
    for (std::size_t i = 0; i < secret.size(); ++i)
        bytes.push_back(static_cast<char>(static_cast<unsigned char>(bytes[i]) ^
                                          static_cast<unsigned char>(secret[i])));
    std::string text;
    append_base64url(text, bytes);
    return text;
}

HTTPHOOKS_DECL bool is_masked_secret(std::string_view text, std::string_view secret) {
    if (secret.empty()) return false;
    if (equal_in_constant_time(text, secret)) return true;
    std::string bytes;
    if (text.size() > 4 * secret.size() || !append_from_base64url(bytes, text) ||
        bytes.size() != 2 * secret.size())
        return false;
    std::string unmasked;
    for (std::size_t i = 0; i < secret.size(); ++i)
        unmasked.push_back(static_cast<char>(static_cast<unsigned char>(bytes[i]) ^
                                             static_cast<unsigned char>(bytes[secret.size() + i])));
    return equal_in_constant_time(unmasked, secret);
}

/// The only value of a field; nothing when there is none, or several.
inline std::optional<std::string_view> only_value(fields const& f, std::string_view name) {
    if (f.count(name) != 1) return std::nullopt;
    return f[name];
}

/// The secret that was made for a client, which gets it as a cookie with the reply.
class new_csrf_secret final : public attachment {
public:
    new_csrf_secret(void const* key, hook_run& run, cookie c)
        : attachment(key, run.hook()), cookie_(std::move(c)), tls_(run.origin().tls()) {}

    std::string const& value() const noexcept { return cookie_.value; }
    void before_reply(fields& reply_headers) override { set_cookie(reply_headers, cookie_, tls_); }

private:
    cookie cookie_;
    bool tls_;
};

}  // namespace detail

HTTPHOOKS_DECL csrf::csrf(httphooks::sessions sessions, csrf_options options) {
    if (!detail::is_token(options.header))
        throw std::invalid_argument("csrf: the header's name is not one");
    if (!options.bound_to.empty())
        throw std::invalid_argument("csrf: bound_to has no effect on tokens of sessions");
    auto s = std::make_shared<shared>();
    s->options = std::move(options);
    s->by_session.emplace(std::move(sessions));
    shared_ = std::move(s);
}

HTTPHOOKS_DECL csrf::csrf(std::unique_ptr<detail::csrf_signer> signer, csrf_options options) {
    if (!detail::is_token(options.header))
        throw std::invalid_argument("csrf: the header's name is not one");
    static_cast<void>(options.cookie.to_string(true));
    auto s = std::make_shared<shared>();
    s->options = std::move(options);
    s->signer = std::move(signer);
    shared_ = std::move(s);
}

HTTPHOOKS_DECL bool csrf::comes_from_here(request const& r, origin const& from) const {
    request const& sent = from.handshake() ? *from.handshake() : r;
    auto const origin = detail::only_value(sent, "Origin");
    if (origin &&
        std::ranges::find(shared_->options.origins, *origin) != shared_->options.origins.end())
        return true;
    if (sent.contains("Sec-Fetch-Site")) {
        auto const site = detail::only_value(sent, "Sec-Fetch-Site");
        return site && (*site == "same-origin" || *site == "none");
    }
    if (!sent.contains(field::origin)) return true;
    auto const host = detail::only_value(sent, "Host");
    if (!origin || !host || host->empty()) return false;
    std::size_t const scheme = origin->find("://");
    if (scheme == origin->npos) return false;
    // a proxy may have taken TLS away, and nobody adds it
    if (from.tls() && origin->substr(0, scheme) != "https") return false;
    return detail::ascii_iequals(origin->substr(scheme + 3), *host);
}

HTTPHOOKS_DECL bool csrf::has_token(request const& r, std::string_view secret) const {
    csrf_options const& o = shared_->options;
    if (secret.empty()) return false;
    if (r.contains(o.header)) {
        auto const token = detail::only_value(r, o.header);
        return token && detail::is_masked_secret(*token, secret);
    }
    if (o.field.empty()) return false;
    auto const form = form_data::parse(r[field::content_type], r.body(), o.form);
    return form && detail::is_masked_secret((*form)[o.field], secret);
}

HTTPHOOKS_DECL std::string csrf::secret_of(session const& s) {
    return s.get(detail::csrf_value);
}

HTTPHOOKS_DECL std::string csrf::token_of(session& s) {
    std::string secret = s.get(detail::csrf_value);
    if (secret.empty()) {
        secret = detail::random_base64url(24);
        s.set(detail::csrf_value, secret);
    }
    return detail::mask_secret(secret);
}

inline std::string csrf::signed_name(request const& r) const {
    csrf_options const& o = shared_->options;
    std::string name = o.cookie.name;
    // no cookie's name or value has the separator
    if (!o.bound_to.empty()) name.append(";").append(cookie_value(r, o.bound_to).value_or(""));
    return name;
}

HTTPHOOKS_DECL std::string csrf::secret_of(request const& r, origin const& from) const {
    request const& sent = from.handshake() ? *from.handshake() : r;
    auto const value = cookie_value(sent, shared_->options.cookie.name);
    if (!value || !shared_->signer->verify(signed_name(sent), *value)) return {};
    return std::string(*value);
}

HTTPHOOKS_DECL std::string csrf::token_of(detail::hook_run& run) const {
    std::string secret = secret_of(run.request(), run.origin());
    if (!secret.empty()) return detail::mask_secret(secret);
    if (run.origin().handshake()) throw std::logic_error("csrf: a socket sends no cookie");
    detail::attachments& all = run.exchange().attached();
    detail::attachment* made = all.find(shared_.get());
    if (!made) {
        cookie c = shared_->options.cookie;
        c.value = shared_->signer->sign(signed_name(run.request()), detail::random_base64url(24));
        made =
            &all.add(std::make_unique<detail::new_csrf_secret>(shared_.get(), run, std::move(c)));
    }
    return detail::mask_secret(static_cast<detail::new_csrf_secret*>(made)->value());
}

}  // namespace httphooks
