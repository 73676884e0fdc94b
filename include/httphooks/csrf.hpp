// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A guard against requests that pages of other sites make in the name of a browser's user.
*/

#include <httphooks/config.hpp>
#include <httphooks/context.hpp>
#include <httphooks/cookie.hpp>
#include <httphooks/detail/runs/hook_run.hpp>
#include <httphooks/form_limits.hpp>
#include <httphooks/message.hpp>
#include <httphooks/origin.hpp>
#include <httphooks/sessions.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks {

/// Where a csrf guard looks.
struct csrf_options {
    /// The request's header that has the token, for scripts.
    std::string header = "X-CSRF-Token";
    /// The form's field that has the token; empty: none.
    std::string field = "csrf_token";
    /// Other origins whose pages may send, as browsers write them: "https://app.example:8443".
    std::vector<std::string> origins{};
    /// Of a guard with signed cookies, the cookie.
    httphooks::cookie cookie{.name = "csrf"};
    /// Of a guard with signed cookies, the cookie that names who is logged in: a token is good with
    /// this one only; empty: none.
    std::string bound_to{};
    /// What a form may hold.
    form_limits form{};
};

/** Signs texts: cookie_keys does.

    `sign(name, value)` gives the value with a signature that is good for this name only;
    `verify(name, text)` gives the value back, or nothing when the signature is not good. */
template <class S>
concept cookie_signer = requires(S const& s, std::string_view text) {
    { s.sign(text, text) } -> std::convertible_to<std::string>;
    { s.verify(text, text) } -> std::convertible_to<std::optional<std::string>>;
};

namespace detail {

/// A signer, whatever its type.
struct csrf_signer {
    csrf_signer() = default;
    csrf_signer(csrf_signer const&) = delete;
    csrf_signer& operator=(csrf_signer const&) = delete;
    virtual ~csrf_signer() = default;
    virtual std::string sign(std::string_view name, std::string_view value) const = 0;
    virtual std::optional<std::string> verify(std::string_view name,
                                              std::string_view text) const = 0;
};

template <cookie_signer S>
struct csrf_signer_as final : csrf_signer {
    explicit csrf_signer_as(S s) : signer(std::move(s)) {}
    std::string sign(std::string_view name, std::string_view value) const override {
        return signer.sign(name, value);
    }
    std::optional<std::string> verify(std::string_view name, std::string_view text) const override {
        return signer.verify(name, text);
    }
    S signer;
};

}  // namespace detail

/** A pre-responder that answers 403 to what a page of another site may have sent.

    GET, HEAD, OPTIONS and TRACE pass. Any other request passes when both are true. It comes from no
    other site: Sec-Fetch-Site is same-origin or none, or where a browser does not send that, Origin
    has the host of the request's Host field, or is absent; or Origin is one of
    csrf_options::origins. And it has the token, in a header or in a form's field. Over sockets the
    fields of the request that opened the socket say where it comes from, and the message has the
    token.

    The token belongs to a session, which has a secret for it; or, for a guard that is made with
    keys, to a signed cookie that is sent with the token ("signed double submit"). The text of a
    token is another one each time, so that compression of a page tells nothing of the secret.

    @par Thread safety
    All threads.
    @par Source
    OWASP Cross-Site Request Forgery Prevention Cheat Sheet; Fetch Metadata (W3C); Go's
    net/http.CrossOriginProtection (the check without a token)
    @par Example
    examples/sessions.cpp
*/
class csrf {
public:
    /** A guard with tokens of sessions.
        @throws std::invalid_argument the header's name is not one; bound_to is given */
    explicit csrf(httphooks::sessions sessions, csrf_options options = {});

    /** A guard with tokens of signed cookies.
        @param keys for example cookie_keys
        @throws std::invalid_argument the header's name, or the cookie, is not one */
    template <cookie_signer Keys>
    explicit csrf(Keys keys, csrf_options options = {})
        : csrf(std::make_unique<detail::csrf_signer_as<Keys>>(std::move(keys)),
               std::move(options)) {}

    /** The token for the client of a request, to be put in a page's form, or for its scripts.

        The first one makes a session, or sets the cookie; all tokens of a request are good.
        @param c of a hook that answers
        @throws what session::set throws; over a socket a cookie cannot be set: std::logic_error */
    template <hook_type Type, class State>
    requires(is_responder(Type)) std::string token(basic_context<Type, State>& c)
    const {
        if (shared_->by_session) return token_of(shared_->by_session->of(c));
        return token_of(detail::context_access::run(c));
    }

    /// Passes, or answers 403.
    template <class State>
    void operator()(basic_context<hook_type::pre_responder, State>& c) const {
        if (is_safe(c.request().method())) return c.pass();
        bool const good =
            comes_from_here(c.request(), c.origin()) &&
            (shared_->by_session ? has_token(c.request(), secret_of(shared_->by_session->of(c)))
                                 : has_token(c.request(), secret_of(c.request(), c.origin())));
        if (good) return c.pass();
        c.end(error_response(status::forbidden));
    }

private:
    struct shared {
        csrf_options options;
        std::optional<sessions> by_session;
        std::unique_ptr<detail::csrf_signer> signer;
    };

    csrf(std::unique_ptr<detail::csrf_signer> signer, csrf_options options);

    static bool is_safe(verb method) noexcept {
        return method == verb::get || method == verb::head || method == verb::options ||
               method == verb::trace;
    }
    bool comes_from_here(request const& r, origin const& from) const;
    bool has_token(request const& r, std::string_view secret) const;
    static std::string secret_of(session const& s);
    std::string secret_of(request const& r, origin const& from) const;
    static std::string token_of(session& s);
    std::string token_of(detail::hook_run& run) const;
    inline std::string signed_name(request const& r) const;

    std::shared_ptr<shared const> shared_;
};

namespace detail {

/// A text that stands for a secret, another one each time.
std::string mask_secret(std::string_view secret);

/// Whether a text is the secret, or stands for it; never for an empty one. The time tells nothing.
bool is_masked_secret(std::string_view text, std::string_view secret);

}  // namespace detail

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/csrf.ipp>
#endif
