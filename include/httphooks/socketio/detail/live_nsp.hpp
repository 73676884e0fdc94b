// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A namespace: its handlers, its middlewares, its sockets.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/shared_function.hpp>
#include <httphooks/http/detail/home.hpp>
#include <httphooks/http/detail/session_owner.hpp>
#include <httphooks/server_counters.hpp>
#include <httphooks/socketio/adapter.hpp>
#include <httphooks/socketio/detail/encoded_delivery.hpp>
#include <httphooks/socketio/detail/handler_list.hpp>
#include <httphooks/socketio/detail/typed_handler.hpp>
#include <httphooks/socketio/middleware.hpp>
#include <httphooks/socketio/options.hpp>
#include <httphooks/socketio/parser.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

class live_socket;
class live_nsp;

/// What all parts of one server share.
struct server_settings {
    server_settings(asio::any_io_executor executor, socketio::options o)
        : options(std::move(o)), place(std::move(executor)) {}

    socketio::options options;
    std::function<void(std::exception_ptr)> on_error{};
    /// The server's; sockets have those of their connections.
    http::detail::home place;

    /// What adapters share, while there are any.
    std::mutex shared_mutex{};
    std::weak_ptr<void> shared{};
    /// Where what is dropped is counted; null: nowhere.
    std::shared_ptr<server_counters> counters{};

    void failed(std::exception_ptr e) noexcept { http::detail::tell_error(on_error, std::move(e)); }
    /// Calls a function of the application's. @return whether it returned
    template <class Function>
    bool guarded(Function f) noexcept {
        try {
            f();
            return true;
        } catch (...) {
            failed(std::current_exception());
            return false;
        }
    }
};

/// Who has namespaces.
class nsp_owner {
public:
    /// Nobody is in the namespace any more.
    virtual void emptied(live_nsp& n) = 0;

protected:
    ~nsp_owner() = default;
};

using socket_ptr = std::shared_ptr<live_socket>;
using httphooks::detail::shared_function;
using middleware = shared_function<void(socket_ptr const&, next)>;
using server_side_function =
    shared_function<void(arguments const&, std::function<void(packet_data const&)> const& answer)>;

/// What the application set; not changed any more. Copies have the same functions.
struct nsp_handlers {
    std::vector<middleware> middlewares{};
    std::vector<shared_function<void(socket_ptr const&)>> connection{};
    std::vector<shared_function<void(room_event, std::string_view, std::string_view)>> rooms{};
    std::vector<std::pair<std::string, server_side_function>> server_side{};
};

/** A namespace, or a pattern of such, which has children and no sockets. Thread-safe. */
class live_nsp final : public adapter_context, public std::enable_shared_from_this<live_nsp> {
public:
    /// Whether a name is that of a child; answers later, perhaps.
    using matcher =
        shared_function<void(std::string_view, nlohmann::json const&, std::function<void(bool)>)>;

    live_nsp(std::string name, std::shared_ptr<server_settings> s, std::weak_ptr<nsp_owner> owner);
    ~live_nsp() { adapter_->close(); }

    std::string const& name() const noexcept override { return name_; }
    server_settings& settings() const noexcept { return *settings_; }
    std::shared_ptr<server_settings> const& shared_settings() const noexcept { return settings_; }
    any_adapter& adapter() const noexcept { return *adapter_; }

    /// Changes the handlers.
    template <class F>
    void change(F f) {
        std::lock_guard const lock(mutex_);
        auto copy = std::make_shared<nsp_handlers>(*handlers_);
        f(*copy);
        handlers_ = std::move(copy);
    }
    /// Lets go of the handlers, which may hold the server.
    void clear_handlers() {
        std::shared_ptr<nsp_handlers const> gone = std::make_shared<nsp_handlers>();
        std::lock_guard const lock(mutex_);
        handlers_.swap(gone);
    }
    std::shared_ptr<nsp_handlers const> handlers() const {
        std::lock_guard const lock(mutex_);
        return handlers_;
    }

    // patterns ----------------------------------------------------------------------------

    void become_pattern() noexcept { pattern_ = true; }
    bool is_pattern() const noexcept { return pattern_; }
    /// Becomes a child of a pattern, with what that has got, in front of what it has. Before
    /// anybody enters.
    void inherit(live_nsp& parent);
    std::vector<std::shared_ptr<live_nsp>> children();

    // sockets -----------------------------------------------------------------------------

    /// Somebody is about to join.
    void enter() noexcept { ++inside_; }
    /// Somebody who entered is gone.
    void exit();
    bool is_empty() const noexcept { return inside_ == 0; }
    /// Where timers of the namespace run: where a socket does, or the server.
    http::detail::home some_home() const {
        std::lock_guard const lock(mutex_);
        return home_ && !home_->timers().ended() ? *home_ : settings().place;
    }
    void remember(http::detail::home const& h) {
        std::lock_guard const lock(mutex_);
        if (!home_ || !(*home_ == h)) home_.emplace(h);
    }
    /// A socket has the secret of a session that may be restored.
    /// @param spent the offset that it was restored with; empty: it is new
    void know(std::string const& pid, std::weak_ptr<local_socket> s, std::string spent) {
        std::lock_guard const lock(mutex_);
        pids_[pid] = {std::move(s), std::move(spent)};
    }
    /// It has it no more; another one may have it already.
    void forget(std::string const& pid, std::weak_ptr<local_socket> const& s) {
        std::lock_guard const lock(mutex_);
        auto const at = pids_.find(pid);
        if (at == pids_.end()) return;
        auto const& holder = at->second.first;
        if (!holder.owner_before(s) && !s.owner_before(holder)) pids_.erase(at);
    }
    /// The socket that has the secret; null: it has gone, or the offset is spent.
    std::shared_ptr<local_socket> holder(std::string const& pid, std::string const& offset) const {
        std::lock_guard const lock(mutex_);
        auto const at = pids_.find(pid);
        return at == pids_.end() || at->second.second == offset ? nullptr : at->second.first.lock();
    }
    std::uint64_t next_ack() noexcept override {
        return next_ack_.fetch_add(1, std::memory_order_relaxed);
    }

    void broadcast(packet_data data, broadcast_options const& o);
    /// Calls a function with each adapter: that of the namespace, or those of the children.
    template <class F>
    void each(F f) {
        if (!is_pattern()) return f(*this);
        for (auto const& c : children()) f(*c);
    }

    HTTPHOOKS_DECL std::shared_ptr<encoded_delivery const> encode(delivery d) override;
    HTTPHOOKS_DECL void tell(room_event what, std::string_view room,
                             std::string_view id) noexcept override;
    bool tells_rooms() const noexcept override { return tells_rooms_; }
    void tell_rooms() noexcept { tells_rooms_ = true; }
    HTTPHOOKS_DECL void server_side_event(packet_data const& event,
                                          std::function<void(packet_data const&)> answer) override;
    std::chrono::steady_clock::time_point now() const noexcept override {
        return settings_->place.timers().now();
    }
    void failed(std::exception_ptr e) noexcept override { settings_->failed(std::move(e)); }
    void dropped(std::string_view reason) noexcept override {
        if (settings_->counters) settings_->counters->refuse(reason);
    }
    socketio::options const& options() const noexcept override { return settings_->options; }
    http::detail::home const& place() const noexcept override { return settings_->place; }
    std::shared_ptr<adapter_context> keep() noexcept override { return weak_from_this().lock(); }
    HTTPHOOKS_DECL std::shared_ptr<void> share(
        std::function<std::shared_ptr<void>()> const& make) override;

private:
    std::string name_;
    std::shared_ptr<server_settings> settings_;
    std::weak_ptr<nsp_owner> owner_;
    mutable std::mutex mutex_{};
    std::shared_ptr<nsp_handlers const> handlers_ = std::make_shared<nsp_handlers>();
    std::vector<std::weak_ptr<live_nsp>> children_{};
    std::optional<http::detail::home> home_{};
    std::unordered_map<std::string, std::pair<std::weak_ptr<local_socket>, std::string>> pids_{};
    std::atomic<std::size_t> inside_{0};
    std::atomic<std::uint64_t> next_ack_{0};
    std::atomic<bool> tells_rooms_{false};
    bool pattern_ = false;
    bool child_ = false;
    std::unique_ptr<any_adapter> adapter_;
};

}  // namespace httphooks::socketio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/detail/impl/live_nsp.ipp>
#endif
