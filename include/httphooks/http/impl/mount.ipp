// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/mount.hpp>

#include <httphooks/http/framing_guard.hpp>
#include <httphooks/message.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace httphooks::http {

HTTPHOOKS_DECL detail::mounted* mounts::owner(request const& r) const noexcept {
    if (list_.empty()) return nullptr;
    auto const raw = r.target();
    std::string_view const path = detail::target_path({raw.data(), raw.size()});
    for (auto const& m : list_)
        if (path.starts_with(m->prefix) &&
            (path.size() == m->prefix.size() || path[m->prefix.size()] == '/'))
            return m.get();
    return nullptr;
}

HTTPHOOKS_DECL detail::mounted* mounts::find(request const& r) const noexcept {
    detail::mounted* const m = owner(r);
    if (!m) return nullptr;
    auto const raw = r.target();
    return framing_guard::valid_target(r.method(), {raw.data(), raw.size()}) ? m : nullptr;
}

HTTPHOOKS_DECL std::optional<std::uint64_t> mounts::body_limit(request const& r) const {
    detail::mounted* const m = find(r);
    return m ? m->body_limit() : std::nullopt;
}

HTTPHOOKS_DECL void mounts::drain() {
    for (auto const& m : list_) m->drain();
}

}  // namespace httphooks::http
