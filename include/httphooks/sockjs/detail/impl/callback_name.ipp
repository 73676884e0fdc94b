// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/sockjs/detail/callback_name.hpp>

#include <httphooks/message.hpp>
#include <httphooks/sockjs/detail/reply.hpp>
#include <httphooks/url.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace httphooks::sockjs::detail {

HTTPHOOKS_DECL std::string_view query_of(request const& r) {
    auto const raw = r.target();
    std::string_view const target(raw.data(), raw.size());
    std::size_t const mark = target.find('?');
    if (mark == target.npos) return {};
    return target.substr(mark + 1, target.find('#', mark) - mark - 1);
}

HTTPHOOKS_DECL std::optional<std::string> form_value(std::string_view form, std::string_view key) {
    for (auto const& part : query_view(form))
        if (form_decode(part.key) == key) return form_decode(part.value);
    return std::nullopt;
}

HTTPHOOKS_DECL std::string callback_of(request const& r, std::size_t most,
                                       std::optional<response>& refusal) {
    auto name = form_value(query_of(r), "c");
    if (!name) name = form_value(query_of(r), "callback");
    char const* wrong = nullptr;
    if (!name)
        wrong = "\"callback\" parameter required";
    else if (name->empty() || name->size() > most ||
             name->find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789-_.") != name->npos)
        wrong = "invalid \"callback\" parameter";
    if (!wrong) return *name;
    refusal = make_response(status::internal_server_error, wrong, plain_text);
    refusal->set("X-Content-Type-Options", "nosniff");
    add_no_cache(*refusal);
    return {};
}

}  // namespace httphooks::sockjs::detail
