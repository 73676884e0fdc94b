// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A socket: one client in one namespace.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/shared_function.hpp>
#include <httphooks/engineio/connection.hpp>
#include <httphooks/socketio/ack.hpp>
#include <httphooks/socketio/adapter.hpp>
#include <httphooks/socketio/detail/ack_table.hpp>
#include <httphooks/socketio/detail/handler_list.hpp>
#include <httphooks/socketio/detail/live_nsp.hpp>
#include <httphooks/socketio/detail/typed_handler.hpp>
#include <httphooks/socketio/disconnect_reason.hpp>
#include <httphooks/socketio/handshake.hpp>
#include <httphooks/socketio/middleware.hpp>
#include <httphooks/socketio/packet.hpp>
#include <httphooks/socketio/socket_error.hpp>

#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

using http::detail::home;

/// The connection that sockets are on, as they see it.
class socket_carrier {
public:
    virtual engineio::connection& engine() noexcept = 0;
    virtual home const& place() const noexcept = 0;
    /// A socket is closed. On place(), as the following.
    virtual void left(live_socket& s) = 0;
    /// A socket waits for something that has a deadline.
    virtual void deadline_changed() = 0;
    /// Disconnects all sockets, and closes.
    virtual void disconnect_all() = 0;
    /// The client has come back on another connection: this one is over.
    virtual void supersede() = 0;

protected:
    ~socket_carrier() = default;
};

/// A value that is made when it is needed.
template <class T>
class lazy {
public:
    T& get() {
        if (!value_) value_ = std::make_unique<T>();
        return *value_;
    }
    T* operator->() const noexcept { return value_.get(); }
    explicit operator bool() const noexcept { return value_ != nullptr; }

private:
    std::unique_ptr<T> value_{};
};

using packet_middleware = shared_function<void(std::string_view, arguments const&, next)>;

/// An event on its way through the middlewares of a socket, which it does not keep: they may keep
/// it.
struct packet_journey {
    std::weak_ptr<live_socket> socket{};
    std::string event{};
    arguments args{};
    acknowledgement ack{};
    /// The middleware that is next, and where the way ends: later ones see later events.
    std::size_t at = 0;
    std::size_t end = 0;
};

/** A socket. What it does for its client it does on its home; calls from elsewhere are posted
    there. */
class live_socket final : public local_socket, public ack_target, public handler_host {
public:
    /// While it is closing the application is told of it; for all else it is connected still.
    enum class phase : std::uint8_t { joining, connected, closing, closed };

    live_socket(std::shared_ptr<live_nsp> n, std::shared_ptr<socket_carrier> c, std::string id,
                std::shared_ptr<nlohmann::json const> auth);

    // from any thread ---------------------------------------------------------------------

    std::shared_ptr<live_socket> self() {
        return std::static_pointer_cast<live_socket>(shared_from_this());
    }
    std::string const& id() const noexcept override { return id_; }
    home const& place() const noexcept override { return carrier_->place(); }
    live_nsp& nsp() const noexcept { return *nsp_; }
    std::shared_ptr<live_nsp> const& nsp_handle() const noexcept { return nsp_; }
    engineio::connection const& engine() const noexcept { return carrier_->engine(); }
    socketio::handshake handshake() const { return {engine().handshake(), auth_}; }
    bool is_connected() const noexcept { return connected_.load(std::memory_order_relaxed); }
    bool recovered() const noexcept { return recovered_; }

    bool join(std::span<std::string const> rooms) {
        return nsp_->adapter().add_all(shared_from_this(), rooms);
    }
    void leave(std::string_view room) { nsp_->adapter().del(shared_from_this(), room); }
    std::vector<std::string> rooms() const { return nsp_->adapter().socket_rooms(*this); }
    void emit(packet_data&& p, broadcast_flags const& f, ack_handler ack = {});
    /// Sends an event that is of no use to a client that comes back. On the home. @return whether
    /// it is sent
    bool emit_now(packet_data const& p);
    void disconnect(bool close);
    HTTPHOOKS_DECL void disconnect_later(bool close) override;
    HTTPHOOKS_DECL void acknowledge(std::uint64_t id, packet_data&& answer) override;

    // on the home -------------------------------------------------------------------------

    nlohmann::json& data() { return data_.is_null() ? data_ = nlohmann::json::object() : data_; }
    HTTPHOOKS_DECL socket_description describe() override;
    HTTPHOOKS_DECL void deliver(encoded_delivery const& d) override;

    handler_list<void(incoming_call const&)>& events() noexcept { return events_; }
    lazy<handler_list<void(std::string_view, arguments const&)>> any{};
    lazy<handler_list<void(std::string_view, arguments const&)>> any_outgoing{};
    lazy<handler_list<void(disconnect_reason)>> on_disconnecting{};
    lazy<handler_list<void(disconnect_reason)>> on_disconnect{};
    lazy<handler_list<void(socket_error const&)>> on_error{};
    void use(packet_middleware f) { middlewares_.push_back(std::move(f)); }

    asio::any_io_executor executor() const override { return place().executor(); }
    HTTPHOOKS_DECL void on_bad_argument(incoming_call const& call,
                                        bad_argument const& what) override;
    HTTPHOOKS_DECL void on_exception(std::exception_ptr what, std::string_view event,
                                     acknowledgement const& ack) override;
    std::shared_ptr<handler_host> handle() override { return self(); }

    phase where() const noexcept { return phase_; }
    /// Takes over what an earlier socket of the client was.
    /// @param offset what the client knows of it
    void recover(session_state s, std::string offset);
    void set_pid(std::string pid, std::string spent = {});
    /// The client has come back elsewhere.
    void supersede() { carrier_->supersede(); }
    std::string const& pid() const noexcept { return pid_; }
    /// The client is in: tells it, then the application.
    void connect();
    void receive_event(incoming& p);
    void receive_ack(incoming const& p);
    /// Ends the socket, unless that is under way; the client is not told.
    void close(disconnect_reason why);
    /// Ends the socket without a word: the event loop is over.
    void abandon() noexcept;

    std::optional<ack_table::time_point> deadline() const { return acks_.deadline(); }
    void expire(ack_table::time_point now);

private:
    packet_header header(packet_type t) const noexcept {
        packet_header h;
        h.type = t;
        h.nsp = nsp_->name();
        return h;
    }
    inline void emit_here(packet_data& p, broadcast_flags const& f, ack_handler ack);
    inline bool send(packet_header h, packet_data const& p, bool compress = true);
    inline void wait_for_ack(std::uint64_t id, ack_handler f,
                             std::optional<std::chrono::milliseconds> timeout);
    inline void tell_outgoing(packet_data const& p);
    inline void run_middlewares(incoming& p, acknowledgement ack);
    inline void go_on(std::shared_ptr<packet_journey> const& j);
    inline void dispatch(std::string_view event, arguments const& args, acknowledgement const& ack);
    inline void tell_error(socket_error const& what);
    void answer(acknowledgement const& ack, socket_error const& what) const;
    inline void keep_session(bool was_connected);
    inline late_json described_handshake();
    inline void clear_handlers() noexcept;
    template <class Function>
    void guarded(Function f) noexcept;
    /// The same for what handles an event.
    template <class Function>
    void handling(std::string_view event, acknowledgement const& ack, Function f) noexcept;

    std::shared_ptr<live_nsp> nsp_;
    std::shared_ptr<socket_carrier> carrier_;
    std::string id_;
    std::string pid_{};
    std::shared_ptr<nlohmann::json const> auth_;
    nlohmann::json data_{};  // null until it is asked for
    handler_list<void(incoming_call const&)> events_{};
    std::vector<packet_middleware> middlewares_{};
    /// What it goes on from, until it is connected.
    std::unique_ptr<session_state> restored_{};
    ack_table acks_{};
    phase phase_ = phase::joining;
    std::atomic<bool> connected_{false};
    bool recovered_ = false;
    lazy<std::shared_ptr<std::string const>> handshake_text_{};
};

// ---------------------------------------------------------------------------------------------

/// Calls the application; when it throws, the client is given up.
template <class Function>
void live_socket::guarded(Function f) noexcept {
    if (!nsp_->settings().guarded(f)) carrier_->engine().close();
}

template <class Function>
void live_socket::handling(std::string_view event, acknowledgement const& ack,
                           Function f) noexcept {
    try {
        f();
    } catch (...) {
        on_exception(std::current_exception(), event, ack);
    }
}

}  // namespace httphooks::socketio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/detail/impl/live_socket.ipp>
#endif
