// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/handshake.hpp>

#include <httphooks/detail/text/http_date.hpp>
#include <httphooks/engineio/detail/query.hpp>
#include <httphooks/engineio/handshake.hpp>
#include <httphooks/message.hpp>
#include <httphooks/url.hpp>

#include <nlohmann/json.hpp>

#include <cctype>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::socketio {

namespace detail {

HTTPHOOKS_DECL nlohmann::json query_to_json(std::string_view query) {
    auto all = nlohmann::json::object();
    for (auto const& part : query_view(query)) {
        nlohmann::json value = form_decode(part.value);
        auto const [at, fresh] = all.emplace(form_decode(part.key), value);
        if (fresh) continue;
        if (!at->is_array()) *at = nlohmann::json::array({std::move(*at)});
        at->push_back(std::move(value));
    }
    return all;
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

HTTPHOOKS_DECL nlohmann::json handshake::to_json() const {
    auto named = nlohmann::json::object();
    for (auto const& f : headers()) {
        auto const raw = f.name_string();
        std::string name(raw.data(), raw.size());
        for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        auto const value = f.value();
        named[name] = std::string(value.data(), value.size());
    }
    auto const ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(issued().time_since_epoch());
    return {{"headers", std::move(named)},
            {"time", time()},
            {"address", address()},
            {"xdomain", xdomain()},
            {"secure", secure()},
            {"issued", ms.count()},
            {"url", url()},
            {"query", query()},
            {"auth", auth()}};
}

}  // namespace httphooks::socketio
