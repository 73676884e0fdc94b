// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/session.hpp>

#include <httphooks/cookie.hpp>
#include <httphooks/detail/sessions/session_service.hpp>
#include <httphooks/detail/text/base64url.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks {

HTTPHOOKS_DECL session::session(std::shared_ptr<detail::session_service> service,
                                detail::found_session found, bool tls, bool via_socket)
    : service_(std::move(service)),
      id_(std::move(found.id)),
      record_(std::move(found.record)),
      tls_(tls),
      via_socket_(via_socket),
      named_(found.named) {}

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
    if (!id_.empty()) {
        if (service_->later) {
            ending_ = std::make_shared<detail::store_operation>();
            auto const ended = detail::store_operation::completion(ending_);
            try {
                service_->later->remove(id_, ended);
            } catch (...) {
                ending_->end(std::current_exception());
            }
        } else {
            service_->store->remove(id_);
        }
    }
    id_.clear();
    record_ = {};
    changes_ = {};
    rotate_ = false;
    destroyed_ = true;
}

inline void session::add_cookie(fields& reply_headers, std::string_view id) const {
    cookie c = service_->options.cookie;
    c.value = id;
    if (service_->options.persistent)
        c.max_age = std::chrono::duration_cast<std::chrono::seconds>(expires_ - used_);
    set_cookie(reply_headers, c, tls_);
}

/// Decides what is saved. With the mutex.
inline session::saving session::begin_saving() {
    over_ = true;
    used_ = service_->now();
    if (id_.empty()) {
        if (changes_.set.empty()) return saving::nothing;
        made_ = true;
        id_ = detail::random_base64url(detail::session_id_bytes);
        record_ = {std::make_shared<session_values const>(std::exchange(changes_.set, {})), used_,
                   used_};
        expires_ = service_->expires(used_, used_);
        return saving::create;
    }
    expires_ = service_->expires(record_.created, used_);
    if (rotate_) changes_.new_id = detail::random_base64url(detail::session_id_bytes);
    // a store that waits has not been told yet that the session was used
    bool const changed = rotate_ || !changes_.keeps_values() || service_->later;
    return changed ? saving::update : saving::nothing;
}

HTTPHOOKS_DECL void session::save(hook_done done) {
    std::shared_ptr<detail::store_operation> ending;
    {
        std::lock_guard const lock(mutex_);
        ending = ending_;
    }
    if (!ending) return save_changes(std::move(done));
    ending->then([this, done](std::exception_ptr error) {
        if (error) return done.fail(std::move(error));
        try {
            save_changes(done);
        } catch (...) {
            done.fail(std::current_exception());
        }
    });
}

inline void session::save_changes(hook_done done) {
    std::unique_lock lock(mutex_);
    saving const what = begin_saving();
    auto const ended = [this, done](std::exception_ptr error, bool there) {
        if (error) return done.fail(std::move(error));
        {
            std::lock_guard const again(mutex_);
            saved_ = there;
        }
        done();
    };
    std::string const id = id_;
    session_record const record = record_;
    session_changes const changes = changes_;
    lock.unlock();
    switch (what) {
        case saving::nothing:
            return ended(nullptr, true);
        case saving::create:
            return service_->later->create(id, record, expires_, [ended](std::exception_ptr error) {
                ended(std::move(error), true);
            });
        case saving::update:
            return service_->later->update(id, changes, used_, expires_, ended);
    }
}

HTTPHOOKS_DECL void session::before_reply(fields& reply_headers) {
    std::lock_guard const lock(mutex_);
    if (!service_->later) {
        saving const what = begin_saving();
        // one that was ended meanwhile stays ended
        saved_ = what != saving::update || service_->store->update(id_, changes_, used_, expires_);
        if (what == saving::create) service_->store->create(id_, record_, expires_);
    }
    if (!saved_) return;
    if (id_.empty()) {
        if (destroyed_ && named_ && !via_socket_)
            set_cookie(reply_headers, expired(service_->options.cookie), tls_);
    } else if (rotate_ && !made_) {
        add_cookie(reply_headers, *changes_.new_id);
    } else if (made_ || (service_->options.persistent && !via_socket_)) {
        add_cookie(reply_headers, id_);
    }
}

}  // namespace httphooks
