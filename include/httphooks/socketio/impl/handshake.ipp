// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/handshake.hpp>

#include <httphooks/detail/text/http_date.hpp>
#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/engineio/detail/query.hpp>
#include <httphooks/engineio/handshake.hpp>
#include <httphooks/message.hpp>
#include <httphooks/socketio/detail/payload.hpp>
#include <httphooks/url.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::socketio {

namespace detail {

HTTPHOOKS_DECL void append_query(std::string& to, std::string_view query) {
    // most have a few parameters; those of one name are put together
    std::multimap<std::string, std::string> all;
    for (auto const& part : query_view(query))
        all.emplace(form_decode(part.key), form_decode(part.value));
    to.push_back('{');
    for (auto at = all.begin(); at != all.end();) {
        auto const first = at;
        auto const last = all.upper_bound(at->first);
        if (at != all.begin()) to.push_back(',');
        append_string(to, at->first);
        to.push_back(':');
        bool const several = std::next(first) != last;
        if (several) to.push_back('[');
        for (; at != last; ++at) {
            if (at != first) to.push_back(',');
            append_string(to, at->second);
        }
        if (several) to.push_back(']');
    }
    to.push_back('}');
}

HTTPHOOKS_DECL nlohmann::json query_to_json(std::string_view query) {
    std::string text;
    append_query(text, query);
    return document_of(text, {});
}

/// Appends fields with their names in lower case; of several of one name the last.
inline void append_fields(std::string& to, fields const& all) {
    to.push_back('{');
    std::string name;
    for (auto at = all.begin(); at != all.end();) {
        auto const& f = *at;
        ++at;
        auto const raw = f.name_string();
        // those of one name follow each other
        if (at != all.end() &&
            httphooks::detail::ascii_iequals({raw.data(), raw.size()},
                                             {at->name_string().data(), at->name_string().size()}))
            continue;
        if (to.back() != '{') to.push_back(',');
        name.assign(raw.data(), raw.size());
        for (char& c : name) c = httphooks::detail::ascii_lower(c);
        append_string(to, name);
        to.push_back(':');
        auto const value = f.value();
        append_string(to, {value.data(), value.size()});
    }
    to.push_back('}');
}

}  // namespace detail

HTTPHOOKS_DECL std::string handshake::time() const {
    return std::string(
        httphooks::detail::http_date(std::chrono::system_clock::to_time_t(issued())));
}

HTTPHOOKS_DECL std::optional<std::string> handshake::query(std::string_view name) const {
    return engineio::detail::form_value(engineio::detail::query_of(request()), name);
}

HTTPHOOKS_DECL nlohmann::json handshake::query() const {
    return detail::query_to_json(engineio::detail::query_of(request()));
}

HTTPHOOKS_DECL nlohmann::json const& handshake::auth() const noexcept {
    static nlohmann::json const none = nlohmann::json::object();
    return auth_ ? *auth_ : none;
}

HTTPHOOKS_DECL void handshake::append_to(packet_data& to) const {
    using namespace detail;
    std::string& text = to.text;
    text.append(R"({"headers":)");
    append_fields(text, headers());
    text.append(R"(,"time":)");
    append_string(text, time());
    text.append(R"(,"address":)");
    append_string(text, address());
    text.append(R"(,"xdomain":)");
    append_literal(text, xdomain());
    text.append(R"(,"secure":)");
    append_literal(text, secure());
    text.append(R"(,"issued":)");
    auto const ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(issued().time_since_epoch());
    append_number(text, static_cast<long long>(ms.count()));
    text.append(R"(,"url":)");
    append_string(text, url());
    text.append(R"(,"query":)");
    append_query(text, engineio::detail::query_of(request()));
    text.append(R"(,"auth":)");
    append_document(to, auth());
    text.push_back('}');
}

HTTPHOOKS_DECL nlohmann::json handshake::to_json() const {
    packet_data all;
    append_to(all);
    return detail::payload_to_json(all);
}

}  // namespace httphooks::socketio
