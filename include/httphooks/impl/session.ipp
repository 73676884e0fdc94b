// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/session.hpp>

#include <httphooks/cookie.hpp>
#include <httphooks/detail/sessions/session_service.hpp>
#include <httphooks/detail/text/base64url.hpp>

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks {

HTTPHOOKS_DECL session::session(std::shared_ptr<detail::session_service> service,
                                std::optional<std::string> cookie, bool tls, bool via_socket)
    : service_(std::move(service)), tls_(tls), via_socket_(via_socket), named_(cookie.has_value()) {
    if (!cookie) return;
    auto record = service_->use(*cookie);
    if (!record) return;
    id_ = std::move(*cookie);
    record_ = std::move(*record);
}

inline session_values session::effective() const {
    if (record_.values) return changes_.apply(*record_.values);
    return changes_.set;
}

inline void session::must_reach_client() const {
    if (via_socket_)
        throw std::logic_error(
            "a session can be neither made nor rotated over a socket: it sends no cookie");
}

HTTPHOOKS_DECL bool session::exists() const {
    std::lock_guard const lock(mutex_);
    return !id_.empty() || !changes_.set.empty();
}

HTTPHOOKS_DECL std::string session::get(std::string_view name) const {
    std::lock_guard const lock(mutex_);
    if (auto const set = changes_.set.find(name); set != changes_.set.end()) return set->second;
    if (!record_.values || changes_.clear || changes_.erase.contains(name)) return {};
    auto const kept = record_.values->find(name);
    return kept == record_.values->end() ? std::string() : kept->second;
}

HTTPHOOKS_DECL bool session::has(std::string_view name) const {
    std::lock_guard const lock(mutex_);
    if (changes_.set.contains(name)) return true;
    return record_.values && !changes_.clear && !changes_.erase.contains(name) &&
           record_.values->contains(name);
}

HTTPHOOKS_DECL session_values session::values() const {
    std::lock_guard const lock(mutex_);
    return effective();
}

HTTPHOOKS_DECL void session::set(std::string_view name, std::string value) {
    std::lock_guard const lock(mutex_);
    if (id_.empty()) must_reach_client();
    std::size_t bytes = name.size() + value.size();
    for (auto const& [other, text] : effective())
        if (other != name) bytes += other.size() + text.size();
    if (bytes > service_->options.bytes)
        throw std::length_error("a session has more bytes than session_options allow");
    changes_.set.insert_or_assign(std::string(name), std::move(value));
}

HTTPHOOKS_DECL void session::erase(std::string_view name) {
    std::lock_guard const lock(mutex_);
    if (auto const set = changes_.set.find(name); set != changes_.set.end())
        changes_.set.erase(set);
    if (!id_.empty()) changes_.erase.emplace(name);
}

HTTPHOOKS_DECL void session::clear() {
    std::lock_guard const lock(mutex_);
    changes_.set.clear();
    changes_.erase.clear();
    changes_.clear = !id_.empty();
}

HTTPHOOKS_DECL void session::rotate() {
    {
        std::lock_guard const lock(mutex_);
        must_reach_client();
        rotate_ = true;
    }
    erase(detail::csrf_value);
}

HTTPHOOKS_DECL void session::destroy() {
    std::lock_guard const lock(mutex_);
    if (over_) return;
    if (!id_.empty()) service_->store->remove(id_);
    id_.clear();
    record_ = {};
    changes_ = {};
    rotate_ = false;
    destroyed_ = true;
}

inline void session::add_cookie(fields& reply_headers, std::string_view id,
                                session_time created) const {
    cookie c = service_->options.cookie;
    c.value = id;
    if (service_->options.persistent) {
        session_time const now = service_->now();
        c.max_age =
            std::chrono::duration_cast<std::chrono::seconds>(service_->expires(created, now) - now);
    }
    set_cookie(reply_headers, c, tls_);
}

HTTPHOOKS_DECL void session::before_reply(fields& reply_headers) {
    std::lock_guard const lock(mutex_);
    over_ = true;
    session_time const now = service_->now();
    if (id_.empty()) {
        if (changes_.set.empty()) {
            if (destroyed_ && named_ && !via_socket_)
                set_cookie(reply_headers, expired(service_->options.cookie), tls_);
            return;
        }
        id_ = detail::random_base64url(detail::session_id_bytes);
        record_ = {std::make_shared<session_values const>(std::exchange(changes_.set, {})), now,
                   now};
        service_->store->create(id_, record_, service_->expires(now, now));
        return add_cookie(reply_headers, id_, now);
    }
    if (rotate_) changes_.new_id = detail::random_base64url(detail::session_id_bytes);
    if (rotate_ || !changes_.keeps_values()) {
        session_time const expires = service_->expires(record_.created, now);
        // one that was ended meanwhile stays ended
        if (!service_->store->update(id_, changes_, now, expires)) return;
    }
    if (rotate_)
        add_cookie(reply_headers, *changes_.new_id, record_.created);
    else if (service_->options.persistent && !via_socket_)
        add_cookie(reply_headers, id_, record_.created);
}

}  // namespace httphooks
