// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/engineio/detail/parked_poll.hpp>

#include <httphooks/detail/json/json_text.hpp>
#include <httphooks/engineio/content_coding.hpp>
#include <httphooks/engineio/payload.hpp>
#include <httphooks/http/detail/visit.hpp>
#include <httphooks/message.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::engineio::detail {

HTTPHOOKS_DECL std::string script_of(std::string_view call, std::string_view payload) {
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

HTTPHOOKS_DECL std::string unescape_newlines(std::string_view form) {
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

HTTPHOOKS_DECL void parked_poll::answer(std::vector<packet> const& packets,
                                        compression const& with) {
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
