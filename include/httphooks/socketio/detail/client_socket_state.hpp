// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What is behind a client's socket: one namespace, connected or not.
*/

#include <httphooks/config.hpp>
#include <httphooks/engineio/packet.hpp>
#include <httphooks/error.hpp>
#include <httphooks/socketio/ack.hpp>
#include <httphooks/socketio/client_disconnect_reason.hpp>
#include <httphooks/socketio/connect_error.hpp>
#include <httphooks/socketio/detail/ack_table.hpp>
#include <httphooks/socketio/detail/client_carrier.hpp>
#include <httphooks/socketio/detail/event_buffer.hpp>
#include <httphooks/socketio/detail/handler_list.hpp>
#include <httphooks/socketio/detail/typed_handler.hpp>
#include <httphooks/socketio/packet.hpp>
#include <httphooks/socketio/parser.hpp>
#include <httphooks/socketio/socket_error.hpp>

#include <nlohmann/json.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

class client_socket_state final : public handler_host {
public:
    client_socket_state(client_carrier& c, std::string nsp)
        : carrier_(c),
          nsp_(std::move(nsp)),
          auth_(c.options().auth),
          join_timer_(c.executor()),
          ack_timer_(c.executor()),
          kept_(c.options().buffer_limit) {}
    client_socket_state(client_socket_state const&) = delete;
    client_socket_state& operator=(client_socket_state const&) = delete;

    /// Keeps the carrier, too.
    std::shared_ptr<client_socket_state> self() { return {carrier_.keep(), this}; }

    // from any thread ---------------------------------------------------------------------

    std::string const& nsp() const noexcept { return nsp_; }
    bool is_connected() const noexcept { return connected_.load(std::memory_order_acquire); }
    bool recovered() const noexcept { return recovered_.load(std::memory_order_relaxed); }
    std::string id() const;
    asio::any_io_executor executor() const override { return carrier_.executor(); }

    void emit(payload&& p, client_emit_flags const& f, ack_handler ack = {});
    void acknowledge(std::shared_ptr<client_answers> from, std::uint64_t id, payload&& answer);
    void connect();
    void disconnect();

    // on the executor ---------------------------------------------------------------------

    handler_list<void(incoming_call const&)> events{};
    handler_list<void(std::string_view, arguments const&)> any{};
    handler_list<void()> on_connect{};
    handler_list<void(connect_error const&)> on_connect_error{};
    handler_list<void(client_disconnect_reason)> on_disconnect{};
    handler_list<void(socket_error const&)> on_error{};

    void set_auth(nlohmann::json auth) { auth_ = std::move(auth); }
    /// Whether it is to be connected whenever there is a connection.
    bool is_wanted() const noexcept { return wanted_; }
    /// There is a new connection.
    void begin() {
        asked_ = false;
        join();
    }
    /// Joins the namespace, if it is wanted.
    void join();
    /// A packet of its namespace has come. @param size its bytes
    /// @return whether the server may send it now
    bool receive(incoming& p, std::size_t size);
    /// The connection is no more. @param ec what an attempt ends with
    void lost(client_disconnect_reason why, error_code ec = error::disconnected);
    /// Is not wanted any more.
    void give_up() noexcept { wanted_ = false; }
    /// Tells the server that the client leaves.
    void say_goodbye();
    /// Leaves at once; the server knows.
    void leave(client_disconnect_reason why);
    /// Leaves at once, and for ever: nothing is waited for any more.
    void end();
    /// No connection was made.
    void fail(connect_error const& why);

    HTTPHOOKS_DECL void on_bad_argument(incoming_call const& call,
                                        bad_argument const& what) override;
    HTTPHOOKS_DECL void on_exception(std::exception_ptr what, std::string_view event,
                                     acknowledgement const& ack) override;
    std::shared_ptr<handler_host> handle() override { return self(); }

private:
    enum class phase : std::uint8_t { idle, joining, connected };

    /// An event that came before the namespace was connected.
    struct early_event {
        std::string name;
        arguments args;
        std::optional<std::uint64_t> id;
    };

    template <class Function>
    void guarded(Function f) noexcept;
    inline std::vector<engineio::packet> messages(packet_type t, std::optional<std::uint64_t> id,
                                           payload const& p) const;
    inline void emit_here(payload const& p, client_emit_flags const& f, ack_handler ack);
    inline void reject(payload const& p, ack_handler ack, error_code ec);
    inline void wait_for_ack(std::uint64_t id, ack_handler f,
                      std::optional<std::chrono::milliseconds> timeout);
    inline void arm_ack_timer();
    inline void expire();
    inline void flush();

    inline void ask();
    void connected(incoming const& p);
    void refused(incoming const& p);
    void refused(connect_error const& why);
    inline void keep_early(incoming const& p, std::size_t size);
    inline void dispatch(std::string_view name, arguments const& args, std::optional<std::uint64_t> id);
    /// @return whether it was connected
    inline bool enter_idle();

    client_carrier& carrier_;
    std::string const nsp_;
    nlohmann::json auth_;
    asio::steady_timer join_timer_;
    asio::steady_timer ack_timer_;
    mutable std::mutex id_mutex_{};
    std::string id_{};
    std::string pid_{};
    std::string offset_{};
    std::shared_ptr<client_answers> answers_{};
    ack_table acks_{};
    std::uint64_t next_ack_ = 0;
    std::vector<early_event> early_{};
    std::size_t early_size_ = 0;
    event_buffer kept_;
    phase phase_ = phase::idle;
    bool wanted_ = true;
    /// The server has not answered yet whether the client is in.
    bool asked_ = false;
    std::atomic<bool> connected_{false};
    std::atomic<bool> recovered_{false};
};

// ---------------------------------------------------------------------------------------------

/// Calls the application; when it throws, the connection is given up.
template <class Function>
void client_socket_state::guarded(Function f) noexcept {
    try {
        f();
    } catch (...) {
        carrier_.give_up();
    }
}

}  // namespace httphooks::socketio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/detail/impl/client_socket_state.ipp>
#endif
