// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/engineio/detail/query.hpp>

#include <httphooks/message.hpp>
#include <httphooks/url.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace httphooks::engineio::detail {

HTTPHOOKS_DECL std::string_view query_of(request const& r) {
    auto const raw = r.target();
    std::string_view const target(raw.data(), raw.size());
    std::size_t const mark = target.find('?');
    return mark == target.npos ? std::string_view() : target.substr(mark + 1);
}

HTTPHOOKS_DECL query read_query(request const& r) {
    query q;
    std::string decoded;
    for (auto const& part : query_view(query_of(r))) {
        std::string_view key = part.key;
        if (httphooks::detail::needs_decoding(key, true)) key = decoded = form_decode(key);
        parameter* const p = key == "transport" ? &q.transport
                             : key == "sid"     ? &q.sid
                             : key == "EIO"     ? &q.eio
                                                : nullptr;
        if (p) {
            p->repeated = p->value.has_value();
            p->value = form_decode(part.value);
        } else if (key == "j") {
            q.script.emplace();
            for (char const c : form_decode(part.value))
                if (c >= '0' && c <= '9') q.script->push_back(c);
        } else if (key == "b64") {
            q.base64 = !part.value.empty();
        }
    }
    return q;
}

HTTPHOOKS_DECL std::optional<std::string> form_value(std::string_view form, std::string_view key) {
    for (auto const& part : query_view(form))
        if (form_decode(part.key) == key) return form_decode(part.value);
    return std::nullopt;
}

}  // namespace httphooks::engineio::detail
