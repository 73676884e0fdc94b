// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The client's end of a WebSocket without a network, as clients of tests share it.
*/

#include <httphooks/config.hpp>
#include <httphooks/http/mount.hpp>
#include <httphooks/message.hpp>
#include <httphooks/testing/clock.hpp>
#include <httphooks/testing/detail/memory_connection.hpp>
#include <httphooks/testing/websocket_client_options.hpp>
#include <httphooks/testing/websocket_close.hpp>
#include <httphooks/websocket/close_code.hpp>
#include <httphooks/websocket/frame.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace httphooks::testing::detail {

/// The client's end of a WebSocket.
class memory_websocket {
public:
    explicit memory_websocket(clock& on) : clock_(on) {}
    memory_websocket(memory_websocket const&) = delete;
    memory_websocket& operator=(memory_websocket const&) = delete;
    HTTPHOOKS_DECL virtual ~memory_websocket();

    /// Sends the request; once. @throws std::invalid_argument no mount has the path
    void open(http::mounts const& servers, websocket_client_options const& o);
    bool is_open() const noexcept { return upgraded_ && !said_close_ && !closed_; }
    std::optional<response> const& reply() const noexcept;

    /// Sends a frame, and runs what is ready. @throws std::logic_error it is not open
    void send(websocket::opcode op, std::string_view payload);
    void send_raw(std::string_view bytes);
    /// Begins to close, and runs what is ready.
    void close(websocket::close_code code, std::string_view reason);
    /// Loses the connection, and runs what is ready.
    void drop();
    void run() { clock_.run(); }

    std::optional<websocket_close> const& closed() const noexcept { return closed_; }

    bool answers_pings = true;
    std::size_t pings = 0;
    std::size_t pongs = 0;

protected:
    /// Puts a frame on its way; for handlers.
    void put(websocket::opcode op, std::string_view payload);
    /// Begins to close; for handlers.
    void put_close(websocket::close_code code, std::string_view reason);

private:
    struct sink;

    virtual void on_message(std::string_view data, bool binary) = 0;
    /// It has ended; closed() tells how.
    HTTPHOOKS_DECL virtual void on_closed();

    void on_change();
    void end(websocket_close how);
    void require_open() const;

    clock& clock_;
    std::optional<memory_connection> connection_{};
    websocket::frame_reader reader_{};
    std::string input_{};
    std::optional<websocket_close> closed_{};
    bool upgraded_ = false;
    bool said_close_ = false;
};

}  // namespace httphooks::testing::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/testing/detail/impl/memory_websocket.ipp>
#endif
