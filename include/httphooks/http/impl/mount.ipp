// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/mount.hpp>

#include <httphooks/http/framing_guard.hpp>
#include <httphooks/message.hpp>

#include <boost/asio/append.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::http {

namespace detail {

/// A connection on its way back to who has given it to a mount.
struct given_back {
    connection client;
    error_code ec;
    mount_handler handler;
};

/// Calls a handler with the connection once nothing is under way on it any more.
inline void give_back(error_code ec, std::optional<connection> back, mount_handler h) {
    if (!back || !back->core()) return std::move(h)(ec, std::nullopt);
    auto kept = std::make_shared<given_back>(given_back{std::move(*back), ec, std::move(h)});
    kept->client.core()->settle(
        [](std::shared_ptr<void> const& p) {
            auto& g = *static_cast<given_back*>(p.get());
            // posted: what calls us may still refer to the connection
            auto const here = g.client.get_executor();
            std::optional<connection> free(std::move(g.client));
            asio::post(here, asio::append(std::move(g.handler), g.ec, std::move(free)));
        },
        kept);
}

HTTPHOOKS_DECL void serve(std::shared_ptr<mounted> const& by, connection c, request r,
                          mount_handler h) {
    by->serve(std::move(c), std::move(r),
              [done = std::move(h)](error_code ec, std::optional<connection> back) mutable {
                  give_back(ec, std::move(back), std::move(done));
              });
}

}  // namespace detail

HTTPHOOKS_DECL void mounts::add(std::shared_ptr<detail::mounted> m, mount_options o) {
    std::string const& prefix = m->prefix;
    if (!prefix.starts_with('/') || prefix.ends_with('/') ||
        prefix.find_first_of("?#") != prefix.npos)
        throw std::invalid_argument("a mount's prefix begins with / and ends without: " + prefix);
    for (auto const& other : list_)
        if (other->prefix == prefix)
            throw std::invalid_argument("a mount has this prefix already: " + prefix);
    if (o.guards) m = detail::put_behind(std::move(m), std::move(o));
    list_.push_back(std::move(m));
    std::sort(list_.begin(), list_.end(),
              [](auto const& a, auto const& b) { return a->prefix.size() > b->prefix.size(); });
}

HTTPHOOKS_DECL std::shared_ptr<detail::mounted> mounts::begin(connection& c,
                                                              request const& r) const {
    detail::mounted* const m = find(r);
    auto const by = std::find_if(list_.begin(), list_.end(),
                                 [m](auto const& entry) { return m && entry.get() == m; });
    if (by == list_.end()) throw std::invalid_argument("no mount owns this path");
    c.begin(r);
    return *by;
}

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
