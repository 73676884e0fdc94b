// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What the handles of a Socket.IO server share: the Engine.IO server below, and the namespaces.
*/

#include <httphooks/engineio/server.hpp>
#include <httphooks/socketio/detail/live_connection.hpp>
#include <httphooks/socketio/detail/live_nsp.hpp>
#include <httphooks/socketio/options.hpp>

#include <nlohmann/json.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

/** A server. Thread-safe. */
class live_server final : public nsp_owner,
                          public connection_owner,
                          public std::enable_shared_from_this<live_server> {
public:
    live_server(asio::any_io_executor executor, socketio::options o)
        : settings_(settings_of(executor, std::move(o))),
          engine_(std::move(executor), settings_->options.engine) {}

    /// To be called once, when the server is owned.
    void start();

    engineio::server& engine() noexcept { return engine_; }
    server_settings& settings() noexcept override { return *settings_; }

    /// The namespace of a name; it is made when there is none.
    std::shared_ptr<live_nsp> of(std::string_view name);
    /// Namespaces of all names that fit.
    std::shared_ptr<live_nsp> of(live_nsp::matcher m);
    std::shared_ptr<live_nsp> find(std::string_view name);
    void on_new_namespace(std::function<void(std::shared_ptr<live_nsp>)> f);

    void look_up(std::string_view name, std::shared_ptr<nlohmann::json const> const& auth,
                 std::function<void(std::shared_ptr<live_nsp>)> then) override;
    void connection_gone() override;
    void emptied(live_nsp& n) override;

    void drain();
    /// Drains; calls a function when the last connection has gone.
    void close(std::function<void()> done);

private:
    static std::shared_ptr<server_settings> settings_of(asio::any_io_executor executor,
                                                        socketio::options o);
    std::shared_ptr<live_nsp> make(std::string name);
    void tell_new(std::shared_ptr<live_nsp> const& n);
    void let_go();
    void look_through(std::shared_ptr<std::vector<std::shared_ptr<live_nsp>> const> patterns,
                      std::size_t at, std::string name, std::shared_ptr<nlohmann::json const> auth,
                      std::function<void(std::shared_ptr<live_nsp>)> then);
    std::shared_ptr<live_nsp> child(std::shared_ptr<live_nsp> const& parent,
                                    std::string const& name);

    std::shared_ptr<server_settings> settings_;
    engineio::server engine_;
    std::mutex mutex_{};
    std::map<std::string, std::shared_ptr<live_nsp>, std::less<>> names_{};
    std::shared_ptr<std::vector<std::shared_ptr<live_nsp>> const> patterns_ =
        std::make_shared<std::vector<std::shared_ptr<live_nsp>>>();
    std::vector<std::function<void(std::shared_ptr<live_nsp>)>> on_new_{};
    std::size_t connections_ = 0;
    bool draining_ = false;
    std::vector<std::function<void()>> closing_{};
};

// ---------------------------------------------------------------------------------------------

inline std::shared_ptr<server_settings> live_server::settings_of(asio::any_io_executor executor,
                                                                 socketio::options o) {
    auto s = std::make_shared<server_settings>(std::move(executor), std::move(o));
    s->options.engine.path = s->options.path;
    return s;
}

inline void live_server::start() {
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

inline void live_server::tell_new(std::shared_ptr<live_nsp> const& n) {
    std::vector<std::function<void(std::shared_ptr<live_nsp>)>> all;
    {
        std::lock_guard const lock(mutex_);
        all = on_new_;
    }
    for (auto const& f : all) settings_->guarded([&] { f(n); });
}

inline void live_server::on_new_namespace(std::function<void(std::shared_ptr<live_nsp>)> f) {
    std::lock_guard const lock(mutex_);
    on_new_.push_back(std::move(f));
}

inline std::shared_ptr<live_nsp> live_server::of(std::string_view name) {
    std::string full(name);
    if (!full.starts_with('/')) full.insert(full.begin(), '/');
    std::shared_ptr<live_nsp> fresh;
    {
        std::lock_guard const lock(mutex_);
        if (auto const at = names_.find(full); at != names_.end()) return at->second;
        fresh = make(full);
        names_.emplace(full, fresh);
    }
    if (full != "/") tell_new(fresh);
    return fresh;
}

inline std::shared_ptr<live_nsp> live_server::of(live_nsp::matcher m) {
    std::lock_guard const lock(mutex_);
    auto fresh = make("/_" + std::to_string(patterns_->size()));
    fresh->match_by(std::move(m));
    auto more = std::make_shared<std::vector<std::shared_ptr<live_nsp>>>(*patterns_);
    more->push_back(fresh);
    patterns_ = std::move(more);
    return fresh;
}

inline std::shared_ptr<live_nsp> live_server::find(std::string_view name) {
    std::lock_guard const lock(mutex_);
    auto const at = names_.find(name);
    return at == names_.end() ? nullptr : at->second;
}

inline void live_server::look_up(std::string_view name,
                                 std::shared_ptr<nlohmann::json const> const& auth,
                                 std::function<void(std::shared_ptr<live_nsp>)> then) {
    std::shared_ptr<live_nsp> found;
    std::shared_ptr<std::vector<std::shared_ptr<live_nsp>> const> patterns;
    {
        std::lock_guard const lock(mutex_);
        if (auto const at = names_.find(name); at != names_.end()) {
            found = at->second;
            found->enter();
        }
        patterns = patterns_;
    }
    if (found) return then(std::move(found));
    look_through(std::move(patterns), 0, std::string(name), auth, std::move(then));
}

inline void live_server::look_through(
    std::shared_ptr<std::vector<std::shared_ptr<live_nsp>> const> patterns, std::size_t at,
    std::string name, std::shared_ptr<nlohmann::json const> auth,
    std::function<void(std::shared_ptr<live_nsp>)> then) {
    if (at == patterns->size()) return then(nullptr);
    auto const parent = (*patterns)[at];
    auto const answered = std::make_shared<std::atomic<bool>>(false);
    auto const decide = [self = shared_from_this(), patterns, at, name, auth, then, parent,
                         answered](bool good) {
        if (answered->exchange(true)) return;
        if (good)
            then(self->child(parent, name));
        else
            self->look_through(patterns, at + 1, name, auth, then);
    };
    static nlohmann::json const none = nlohmann::json::object();
    if (!settings_->guarded([&] { parent->matches()(name, auth ? *auth : none, decide); }))
        decide(false);
}

inline std::shared_ptr<live_nsp> live_server::child(std::shared_ptr<live_nsp> const& parent,
                                                    std::string const& name) {
    std::shared_ptr<live_nsp> n;
    bool fresh = false;
    {
        std::lock_guard const lock(mutex_);
        auto& place = names_[name];
        if (!place) {
            place = make(name);
            place->inherit(parent);
            fresh = true;
        }
        n = place;
        n->enter();
    }
    if (fresh) tell_new(n);
    return n;
}

inline void live_server::emptied(live_nsp& n) {
    if (!settings_->options.cleanup_empty_child_namespaces) return;
    std::shared_ptr<live_nsp> gone;  // destroyed outside of the lock
    std::lock_guard const lock(mutex_);
    auto const at = names_.find(n.name());
    if (at == names_.end() || at->second.get() != &n || !n.is_empty()) return;
    gone = std::move(at->second);
    names_.erase(at);
}

/// Nobody comes any more: lets go of handlers, which may hold the server.
inline void live_server::let_go() {
    std::vector<std::shared_ptr<live_nsp>> all;
    {
        std::lock_guard const lock(mutex_);
        all = *patterns_;
        for (auto const& [name, n] : names_) all.push_back(n);
    }
    for (auto const& n : all) n->clear_handlers();
}

inline void live_server::connection_gone() {
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

inline void live_server::drain() {
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

inline void live_server::close(std::function<void()> done) {
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
