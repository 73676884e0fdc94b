// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A client's connection: its packets find their sockets here.
*/

#include <httphooks/config.hpp>
#include <httphooks/engineio/connection.hpp>
#include <httphooks/engineio/detail/live_session.hpp>
#include <httphooks/http/detail/home.hpp>
#include <httphooks/socketio/detail/live_nsp.hpp>
#include <httphooks/socketio/detail/live_socket.hpp>
#include <httphooks/socketio/disconnect_reason.hpp>
#include <httphooks/socketio/parser.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks::socketio::detail {

/// Who has connections, and knows namespaces. Thread-safe.
class connection_owner {
public:
    /** Finds the namespace that a client asks for; calls `then` on any thread, with null when there
        is none. The namespace is entered. */
    virtual void look_up(std::string_view name, std::shared_ptr<nlohmann::json const> const& auth,
                         std::function<void(std::shared_ptr<live_nsp>)> then) = 0;
    /// A connection has ended.
    virtual void connection_gone() = 0;
    /// What connections go by.
    virtual server_settings& settings() noexcept = 0;

protected:
    ~connection_owner() = default;
};

/** A connection. All of it happens on its home. */
class live_connection final : public http::detail::timed, public socket_carrier {
public:
    live_connection(std::shared_ptr<connection_owner> owner, engineio::connection c);
    ~live_connection() override { place().timers().leave(*this); }

    /// Begins to listen to the client.
    void begin();

    engineio::connection& engine() noexcept override { return connection_; }
    home const& place() const noexcept override { return connection_.session()->place(); }
    HTTPHOOKS_DECL void left(live_socket& s) override;
    HTTPHOOKS_DECL void deadline_changed() override;
    HTTPHOOKS_DECL void disconnect_all() override;
    HTTPHOOKS_DECL void supersede() override;

    HTTPHOOKS_DECL void on_deadline() override;
    HTTPHOOKS_DECL void on_loop_end() noexcept override;

private:
    using clock = std::chrono::steady_clock;
    static constexpr auto never = clock::time_point::max();

    std::shared_ptr<live_connection> self() {
        return std::static_pointer_cast<live_connection>(shared_from_this());
    }
    bool is_old() const noexcept { return connection_.protocol() == engineio::revision::v3; }
    inline live_socket* find(std::string_view nsp) const;

    inline void receive(std::string_view message, bool binary);
    inline void await_attachments();
    inline bool may_be_held_up() const;
    inline void receive_connect(std::string_view nsp, arguments const& args);
    /// A client's way into a namespace. As long as it lives, something may be under way for it.
    struct attempt {
        std::string nsp;
        std::shared_ptr<nlohmann::json const> auth;
        /// Once there is one.
        socket_ptr socket{};
        bool dropped = false;
    };
    using attempt_ptr = std::shared_ptr<attempt>;

    inline void join(std::string name, std::shared_ptr<nlohmann::json const> auth);
    inline void enter(attempt_ptr const& a, std::shared_ptr<live_nsp> n);
    inline void restore(attempt_ptr const& a, std::shared_ptr<live_nsp> n, std::string const& pid,
                 std::string const& offset);
    inline void open(attempt_ptr const& a, std::shared_ptr<live_nsp> n,
              std::optional<session_state> restored);
    inline void settle(socket_ptr const& s, std::optional<middleware_error> const& refused);
    inline bool drop_attempt(std::string_view nsp, disconnect_reason why);
    void refuse(std::string_view nsp, middleware_error const& why, bool by_middleware);
    inline void violated(std::string_view why, disconnect_reason told = disconnect_reason::forced_close);
    void count_refusal(std::string_view why) const noexcept {
        connection_.session()->counters().refuse(why);
    }
    inline void close_sockets(disconnect_reason why);
    inline void ended(engineio::close_reason why);

    std::shared_ptr<connection_owner> owner_;
    server_settings& settings_;  // the owner keeps them
    engineio::connection connection_;
    decoder decoder_;
    std::vector<socket_ptr> sockets_{};
    std::vector<std::weak_ptr<attempt>> attempts_{};
    /// When a namespace has to be joined; never, once one was.
    clock::time_point connect_until_;
    /// When the attachments of a packet have to be there.
    clock::time_point attachments_until_ = never;
    /// Attachments of a packet are to come.
    bool incomplete_ = false;
    bool ended_ = false;
};

}  // namespace httphooks::socketio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/detail/impl/live_connection.ipp>
#endif
