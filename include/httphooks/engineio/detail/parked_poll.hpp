// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A poll: the request that a session answers when it has something to say.
*/

#include <httphooks/detail/json/json_text.hpp>
#include <httphooks/engineio/content_coding.hpp>
#include <httphooks/engineio/payload.hpp>
#include <httphooks/http/detail/visit.hpp>
#include <httphooks/message.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::engineio::detail {

/// How the polls of a client are answered.
struct poll_style {
    revision protocol = revision::v4;
    /// Whether the client takes payloads of bytes.
    bool bytes = false;
    /// The function that a script calls; empty: the reply is no script.
    std::string script_call{};
    /// What the client takes.
    content_coding coding = content_coding::identity;
};

/** A poll. It is kept by its connection while the client waits. */
struct parked_poll {
    std::weak_ptr<http::detail::waiting_visit> client{};
    /// Its fields, but for the type.
    response reply{};
    poll_style style{};

    /// Answers, from any thread.
    void answer(std::vector<packet> const& packets, compression const& with);
    void answer(response r) {
        if (auto const c = client.lock()) c->answer(std::move(r));
    }
};

/// Turns a payload into a script that hands it to a function of the page.
std::string script_of(std::string_view call, std::string_view payload);

/** Undoes what a form does to newlines: `\n` stands for one, `\\n` for a backslash and an n.
    @par Source
    engine.io 6.6, JSONP.onData */
std::string unescape_newlines(std::string_view form);

// ---------------------------------------------------------------------------------------------

inline std::string script_of(std::string_view call, std::string_view payload) {
    std::string text(call);
    text.append("(\"");
    std::string escaped;
    httphooks::detail::append_json_text(escaped, payload);
    // JavaScript once took these for the ends of lines
    constexpr std::string_view line_separator = "\xe2\x80\xa8";
    constexpr std::string_view paragraph_separator = "\xe2\x80\xa9";
    for (std::string_view rest = escaped; !rest.empty();) {
        std::size_t const at = std::min(rest.find("\xe2\x80"), rest.size());
        text.append(rest.substr(0, at));
        rest.remove_prefix(at);
        if (rest.empty()) break;
        if (rest.starts_with(line_separator))
            text.append("\\u2028");
        else if (rest.starts_with(paragraph_separator))
            text.append("\\u2029");
        else
            text.append(rest.substr(0, 3));
        rest.remove_prefix(std::min<std::size_t>(3, rest.size()));
    }
    return text.append("\");");
}

inline std::string unescape_newlines(std::string_view form) {
    std::string text;
    text.reserve(form.size());
    while (!form.empty()) {
        if (form.starts_with("\\\\n")) {
            text.append("\\n");
            form.remove_prefix(3);
        } else if (form.starts_with("\\n")) {
            text.push_back('\n');
            form.remove_prefix(2);
        } else {
            text.push_back(form.front());
            form.remove_prefix(1);
        }
    }
    return text;
}

/// Compresses a reply, if that is wanted.
inline void compress(response& reply, content_coding as, std::vector<packet> const& packets,
                     compression const& with) {
    if (as == content_coding::identity || !with.compress || reply.body().size() < with.threshold ||
        std::ranges::none_of(packets, [](packet const& p) { return p.compress; }))
        return;
    std::string body = reply.body();
    try {
        if (!with.compress(as, body)) return;
    } catch (...) {
        // the reply does without
        return;
    }
    reply.body() = std::move(body);
    std::string_view const name = to_string(as);
    reply.set(field::content_encoding, {name.data(), name.size()});
}

inline void parked_poll::answer(std::vector<packet> const& packets, compression const& with) {
    auto const c = client.lock();
    if (!c) return;
    encoded_payload out =
        encode_payload(packets, style.protocol, style.bytes && style.script_call.empty());
    if (!style.script_call.empty()) {
        reply.set(field::content_type, "text/javascript; charset=UTF-8");
        reply.set("X-Content-Type-Options", "nosniff");
        out.body = script_of(style.script_call, out.body);
    } else {
        reply.set(field::content_type,
                  out.binary ? "application/octet-stream" : "text/plain; charset=UTF-8");
    }
    reply.body() = std::move(out.body);
    compress(reply, style.coding, packets, with);
    c->answer(std::move(reply));
}

}  // namespace httphooks::engineio::detail
