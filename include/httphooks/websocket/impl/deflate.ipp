// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/websocket/deflate.hpp>

#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/websocket/error.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks::websocket {

namespace detail {

/// An element of Sec-WebSocket-Extensions.
struct extension {
    struct parameter {
        std::string_view name;
        std::optional<std::string> value;
    };

    std::string_view name{};
    std::vector<parameter> parameters{};
};

/// Reads the value of Sec-WebSocket-Extensions; RFC 6455 9.1.
class extension_scanner {
public:
    explicit extension_scanner(std::string_view text) noexcept : rest_(text) {}

    /// The next element. @return false: there is none, or what follows is malformed
    bool next(extension& e) {
        do skip();
        while (accept(','));
        if (rest_.empty()) return false;
        e = {};
        if (!token(e.name)) return spoil();
        while (accept(';')) {
            extension::parameter p;
            if (!token(p.name) || (accept('=') && !value(p.value.emplace()))) return spoil();
            e.parameters.push_back(std::move(p));
        }
        return rest_.empty() || rest_.front() == ',' || spoil();
    }
    bool malformed() const noexcept { return malformed_; }

private:
    void skip() noexcept {
        std::size_t const n = rest_.find_first_not_of(" \t");
        rest_.remove_prefix(std::min(n, rest_.size()));
    }
    bool accept(char c) noexcept {
        if (!rest_.starts_with(c)) return false;
        rest_.remove_prefix(1);
        skip();
        return true;
    }
    bool token(std::string_view& t) noexcept {
        t = rest_.substr(0, rest_.find_first_of(" \t;,=\""));
        rest_.remove_prefix(t.size());
        skip();
        return httphooks::detail::is_token(t);
    }
    bool value(std::string& v) {
        std::string_view plain;
        if (!rest_.starts_with('"')) {
            bool const good = token(plain);
            v = plain;
            return good;
        }
        std::size_t at = 1;
        for (; at < rest_.size() && rest_[at] != '"'; ++at) {
            if (rest_[at] == '\\') ++at;
            if (at < rest_.size()) v += rest_[at];
        }
        if (at >= rest_.size()) return false;
        rest_.remove_prefix(at + 1);
        skip();
        return httphooks::detail::is_token(v);
    }
    bool spoil() noexcept {
        malformed_ = true;
        return false;
    }

    std::string_view rest_;
    bool malformed_ = false;
};

/// The parameters of permessage-deflate as one side wrote them.
struct deflate_terms {
    bool server_no_context_takeover = false;
    bool client_no_context_takeover = false;
    bool has_client_bits = false;
    std::optional<int> server_bits{};
    std::optional<int> client_bits{};
};

/// The number of window bits; nothing for what is none.
inline std::optional<int> window_bits(std::string_view text) noexcept {
    if (text.size() == 1 && text[0] >= '8' && text[0] <= '9') return text[0] - '0';
    if (text.size() == 2 && text[0] == '1' && text[1] >= '0' && text[1] <= '5')
        return 10 + (text[1] - '0');
    return std::nullopt;
}

/// Nothing: a parameter is unknown, there twice, or has no value that it may have.
inline std::optional<deflate_terms> read_terms(extension const& e) {
    deflate_terms t;
    auto const once = [](bool& flag) { return !std::exchange(flag, true); };
    bool has_server_bits = false;
    for (auto const& p : e.parameters) {
        bool good = false;
        if (p.name == "server_no_context_takeover") {
            good = !p.value && once(t.server_no_context_takeover);
        } else if (p.name == "client_no_context_takeover") {
            good = !p.value && once(t.client_no_context_takeover);
        } else if (p.name == "server_max_window_bits") {
            good = p.value && once(has_server_bits) && (t.server_bits = window_bits(*p.value));
        } else if (p.name == "client_max_window_bits") {
            good = once(t.has_client_bits) && (!p.value || (t.client_bits = window_bits(*p.value)));
        }
        if (!good) return std::nullopt;
    }
    return t;
}

inline constexpr std::string_view deflate_name = "permessage-deflate";

inline void append_term(std::string& to, std::string_view name) {
    to.append("; ").append(name);
}

inline void append_term(std::string& to, std::string_view name, int value) {
    append_term(to, name);
    to.append("=").append(std::to_string(value));
}

inline deflate_acceptance accept_terms(deflate_terms const& t, deflate_options const& o) {
    deflate_acceptance a;
    deflate_parameters& p = a.parameters;
    a.reply = deflate_name;
    p.server_no_context_takeover = o.server_no_context_takeover || t.server_no_context_takeover;
    p.client_no_context_takeover = o.client_no_context_takeover || t.client_no_context_takeover;
    p.server_max_window_bits = std::min(o.server_max_window_bits, t.server_bits.value_or(15));
    if (t.has_client_bits)
        p.client_max_window_bits = std::min(o.client_max_window_bits, t.client_bits.value_or(15));
    if (p.server_no_context_takeover) append_term(a.reply, "server_no_context_takeover");
    if (p.client_no_context_takeover) append_term(a.reply, "client_no_context_takeover");
    if (t.server_bits || p.server_max_window_bits < 15)
        append_term(a.reply, "server_max_window_bits", p.server_max_window_bits);
    if (p.client_max_window_bits < 15)
        append_term(a.reply, "client_max_window_bits", p.client_max_window_bits);
    return a;
}

}  // namespace detail

HTTPHOOKS_DECL std::optional<deflate_acceptance> accept_deflate(std::string_view extensions,
                                                                deflate_options const& o) {
    std::optional<deflate_acceptance> chosen;
    detail::extension_scanner scanner(extensions);
    for (detail::extension e; scanner.next(e);) {
        if (chosen || e.name != detail::deflate_name) continue;
        if (auto const terms = detail::read_terms(e)) chosen = detail::accept_terms(*terms, o);
    }
    if (scanner.malformed()) return std::nullopt;
    return chosen;
}

HTTPHOOKS_DECL std::string offer_deflate(deflate_options const& o) {
    std::string offer(detail::deflate_name);
    if (o.server_no_context_takeover) detail::append_term(offer, "server_no_context_takeover");
    if (o.client_no_context_takeover) detail::append_term(offer, "client_no_context_takeover");
    if (o.server_max_window_bits < 15)
        detail::append_term(offer, "server_max_window_bits", o.server_max_window_bits);
    if (o.client_max_window_bits < 15)
        detail::append_term(offer, "client_max_window_bits", o.client_max_window_bits);
    else
        detail::append_term(offer, "client_max_window_bits");
    return offer;
}

HTTPHOOKS_DECL result<deflate_parameters> read_deflate_reply(std::string_view extensions,
                                                             deflate_options const& o) {
    detail::extension_scanner scanner(extensions);
    detail::extension e;
    detail::extension more;
    if (!scanner.next(e) || e.name != detail::deflate_name || scanner.next(more) ||
        scanner.malformed())
        return error::not_offered;
    auto const t = detail::read_terms(e);
    if (!t || (t->has_client_bits && !t->client_bits)) return error::not_offered;
    deflate_parameters p;
    p.server_no_context_takeover = t->server_no_context_takeover;
    p.client_no_context_takeover = t->client_no_context_takeover || o.client_no_context_takeover;
    p.server_max_window_bits = t->server_bits.value_or(15);
    p.client_max_window_bits = t->client_bits.value_or(o.client_max_window_bits);
    if (p.server_max_window_bits > o.server_max_window_bits ||
        p.client_max_window_bits > o.client_max_window_bits ||
        (o.server_no_context_takeover && !p.server_no_context_takeover))
        return error::not_offered;
    return p;
}

}  // namespace httphooks::websocket
