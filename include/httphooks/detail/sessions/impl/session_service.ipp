// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/sessions/session_service.hpp>

#include <httphooks/cookie.hpp>
#include <httphooks/detail/text/base64url.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace httphooks::detail {

HTTPHOOKS_DECL std::optional<std::string> session_cookie(session_service const& service,
                                                         request const& r) {
    auto const value = cookie_value(r, service.options.cookie.name);
    if (!value) return std::nullopt;
    bool const plausible = value->size() == (session_id_bytes * 8 + 5) / 6 && is_base64url(*value);
    return std::string(plausible ? *value : std::string_view());
}

HTTPHOOKS_DECL session_time session_service::now() const {
    return options.now ? options.now() : std::chrono::system_clock::now();
}

HTTPHOOKS_DECL session_time session_service::expires(session_time created,
                                                     session_time used) const {
    return std::min(used + options.idle, created + options.absolute);
}

HTTPHOOKS_DECL std::optional<session_record> session_service::use(std::string_view id) const {
    if (id.empty()) return std::nullopt;
    auto record = store->load(id);
    if (!record) return std::nullopt;
    session_time const time = now();
    if (expires(record->created, record->used) <= time) {
        store->remove(id);
        return std::nullopt;
    }
    if (!store->update(id, {}, time, expires(record->created, time))) return std::nullopt;
    return record;
}

}  // namespace httphooks::detail
