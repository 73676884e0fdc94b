// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/live_server.hpp>

#include <httphooks/engineio/server.hpp>
#include <httphooks/socketio/detail/live_connection.hpp>
#include <httphooks/socketio/detail/live_nsp.hpp>
#include <httphooks/socketio/options.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <nlohmann/json.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

HTTPHOOKS_DECL std::shared_ptr<server_settings> live_server::settings_of(
    asio::any_io_executor executor, socketio::options o) {
    if (o.engine.path != engineio::options().path && o.engine.path != o.path)
        throw std::invalid_argument("socketio::server: engine.path has no effect: path says where");
    auto s = std::make_shared<server_settings>(std::move(executor), std::move(o));
    s->options.engine.path = s->options.path;
    return s;
}

HTTPHOOKS_DECL void live_server::start() {
    engine_.on_connection([weak = weak_from_this()](engineio::connection c) {
        auto const self = weak.lock();
        if (!self) return c.close();
        {
            std::lock_guard const lock(self->mutex_);
            ++self->connections_;
        }
        std::make_shared<live_connection>(self, std::move(c))->begin();
    });
    engine_.on_error([s = settings_](std::exception_ptr e) { s->failed(std::move(e)); });
}

inline std::shared_ptr<live_nsp> live_server::make(std::string name) {
    return std::make_shared<live_nsp>(std::move(name), settings_, weak_from_this());
}

HTTPHOOKS_DECL void live_server::on_new_namespace(
    shared_function<void(std::shared_ptr<live_nsp>)> f) {
    std::lock_guard const lock(mutex_);
    on_new_.push_back(std::move(f));
}

inline std::pair<live_server::entry&, bool> live_server::entry_of(std::string const& name) {
    auto const [at, fresh] = names_.try_emplace(name);
    if (fresh) at->second.nsp = make(name);
    return {at->second, fresh};
}

inline void live_server::settle(std::shared_ptr<live_nsp> const& n,
                                std::shared_ptr<live_nsp> const& parent) {
    settings_->guarded([&] { n->adapter().open(); });
    if (parent) n->inherit(*parent);
    decltype(on_new_) told;
    {
        std::lock_guard const lock(mutex_);
        told = on_new_;
    }
    for (auto const& f : told) settings_->guarded([&] { f(n); });
    std::vector<found_nsp> waiting;
    {
        std::lock_guard const lock(mutex_);
        entry& e = names_.find(n->name())->second;
        e.ready = true;
        waiting.swap(e.waiting);
    }
    for (auto const& f : waiting) f(n);
}

HTTPHOOKS_DECL std::shared_ptr<live_nsp> live_server::of(std::string_view name) {
    std::string full(name);
    if (!full.starts_with('/')) full.insert(full.begin(), '/');
    std::shared_ptr<live_nsp> n;
    std::shared_ptr<pattern_list const> patterns;
    {
        std::lock_guard const lock(mutex_);
        auto const [e, fresh] = entry_of(full);
        if (!fresh) return e.nsp;
        n = e.nsp;
        patterns = patterns_;
    }
    ask_patterns(std::move(patterns), 0, std::move(full), nullptr,
                 [self = shared_from_this(), n](std::shared_ptr<live_nsp> const& parent) {
                     self->settle(n, parent);
                 });
    return n;
}

HTTPHOOKS_DECL std::shared_ptr<live_nsp> live_server::of(live_nsp::matcher m) {
    std::lock_guard const lock(mutex_);
    auto fresh = make("/_" + std::to_string(patterns_->size()));
    fresh->become_pattern();
    auto more = std::make_shared<pattern_list>(*patterns_);
    more->push_back({fresh, std::move(m)});
    patterns_ = std::move(more);
    return fresh;
}

HTTPHOOKS_DECL void live_server::look_up(std::string_view name,
                                         std::shared_ptr<nlohmann::json const> const& auth,
                                         std::function<void(std::shared_ptr<live_nsp>)> then) {
    std::shared_ptr<live_nsp> found;
    std::shared_ptr<pattern_list const> patterns;
    {
        std::lock_guard const lock(mutex_);
        if (auto const at = names_.find(name); at != names_.end()) {
            found = at->second.nsp;
            found->enter();
            if (!at->second.ready) return at->second.waiting.push_back(std::move(then));
        }
        patterns = patterns_;
    }
    if (found) return then(std::move(found));
    std::string text(name);
    auto told = [self = shared_from_this(), text,
                 then = std::move(then)](std::shared_ptr<live_nsp> const& parent) {
        parent ? self->child(parent, text, then) : then(nullptr);
    };
    ask_patterns(std::move(patterns), 0, std::move(text), auth, std::move(told));
}

inline void live_server::ask_patterns(std::shared_ptr<pattern_list const> patterns, std::size_t at,
                                      std::string name, std::shared_ptr<nlohmann::json const> auth,
                                      found_nsp then) {
    if (at == patterns->size()) return then(nullptr);
    pattern const& p = (*patterns)[at];
    auto const answer = std::make_shared<one_answer>(
        [self = shared_from_this(), patterns, at, name, auth, then](bool good) {
            if (good)
                then((*patterns)[at].parent);
            else
                self->ask_patterns(patterns, at + 1, name, auth, then);
        });
    static nlohmann::json const none = nlohmann::json::object();
    if (!settings_->guarded(
            [&] { p.takes(name, auth ? *auth : none, [answer](bool b) { answer->give(b); }); }))
        answer->give(false);
}

inline void live_server::child(std::shared_ptr<live_nsp> const& parent, std::string const& name,
                               found_nsp then) {
    std::shared_ptr<live_nsp> n;
    {
        std::lock_guard const lock(mutex_);
        auto const [e, fresh] = entry_of(name);
        n = e.nsp;
        n->enter();
        if (!e.ready) e.waiting.push_back(std::move(then));
        if (!fresh && !e.ready) return;
        if (fresh) then = nullptr;
    }
    then ? then(std::move(n)) : settle(n, parent);
}

HTTPHOOKS_DECL void live_server::emptied(live_nsp& n) {
    if (!settings_->options.cleanup_empty_child_namespaces) return;
    std::shared_ptr<live_nsp> gone;
    {
        std::lock_guard const lock(mutex_);
        auto const at = names_.find(n.name());
        if (at == names_.end() || at->second.nsp.get() != &n || !n.is_empty()) return;
        gone = std::move(at->second.nsp);
        names_.erase(at);
    }
    // the application may keep it, and another one of its name may come
    gone->adapter().close();
}

/// Nobody comes any more: lets go of functions of the application's, which may hold the server.
inline void live_server::let_go() {
    std::vector<std::shared_ptr<live_nsp>> all;
    std::shared_ptr<pattern_list const> patterns = std::make_shared<pattern_list>();
    decltype(on_new_) told;
    {
        std::lock_guard const lock(mutex_);
        patterns_.swap(patterns);
        on_new_.swap(told);
        for (auto const& p : *patterns) all.push_back(p.parent);
        for (auto const& [name, e] : names_) all.push_back(e.nsp);
    }
    for (auto const& n : all) {
        n->clear_handlers();
        n->adapter().close();
    }
}

HTTPHOOKS_DECL void live_server::connection_gone() {
    auto const kept = shared_from_this();
    std::vector<std::function<void()>> done;
    {
        std::lock_guard const lock(mutex_);
        if (--connections_ != 0 || !draining_) return;
        done.swap(closing_);
    }
    let_go();
    for (auto const& f : done) f();
}

HTTPHOOKS_DECL void live_server::drain() {
    auto const kept = shared_from_this();
    bool empty = false;
    {
        std::lock_guard const lock(mutex_);
        draining_ = true;
        empty = connections_ == 0;
    }
    engine_.drain();
    if (empty) let_go();
}

HTTPHOOKS_DECL void live_server::close(std::function<void()> done) {
    bool empty = false;
    {
        std::lock_guard const lock(mutex_);
        draining_ = true;
        empty = connections_ == 0;
        if (!empty) closing_.push_back(done);
    }
    drain();
    if (empty) done();
}

}  // namespace httphooks::socketio::detail
