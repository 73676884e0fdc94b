// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A live connection behind an interface, so that a mount need not know its stream.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/fields.hpp>
#include <httphooks/http/detail/connection_ticket.hpp>
#include <httphooks/http/detail/tcp_endpoint.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <typeinfo>

namespace httphooks::detail {

class body_budget;
class body_claim;

}  // namespace httphooks::detail

namespace httphooks::http::detail {

class byte_stream;

/// The completion of an operation of a connection.
using connection_handler = asio::any_completion_handler<void(error_code)>;

/** A connection, whatever its stream is: writes one thing at a time, and watches for the end of the
    client. What it needs of the stream is private. All calls on its executor. */
class connection_core : public severable, public std::enable_shared_from_this<connection_core> {
public:
    connection_core(connection_core const&) = delete;
    connection_core& operator=(connection_core const&) = delete;
    HTTPHOOKS_DECL ~connection_core() override;

    virtual asio::any_io_executor get_executor() = 0;
    virtual std::type_info const& stream_type() const noexcept = 0;
    virtual void* stream() noexcept = 0;
    /// The stream in a form that does not depend on its type; the core has none afterwards.
    virtual std::shared_ptr<byte_stream> detach() = 0;
    virtual bool is_open() const noexcept = 0;
    /// Whether the client has gone, as far as the system knows, whatever was read so far.
    virtual bool peer_gone() noexcept = 0;

    /// Writes the bytes; one call at a time.
    void send(std::string bytes, connection_handler handler);

    /// Waits for the end of the client; one call at a time.
    void wait_abort(connection_handler handler);

    /// Ends wait_abort() with operation_aborted.
    void cancel_wait() noexcept;

    /** Calls a function on the executor when no wait_abort() is under way any more; cancels the one
        that is. From any thread.
        @param argument has the connection */
    void settle(void (*then)(std::shared_ptr<void> const&), std::shared_ptr<void> argument);

    void close(bool reset) noexcept;
    void sever() noexcept override { close(true); }

    /// Bytes that the client has sent behind the request.
    std::string input{};
    /// Who asks; behind a trusted proxy its client.
    tcp_endpoint peer{};
    /// Whose stream it is: the client's, or a proxy's.
    tcp_endpoint stream_peer{};
    std::string server_name{};
    /// A field that every reply to its request has, as a line; empty: none.
    std::string reply_line{};
    std::chrono::milliseconds write_timeout{30'000};
    /// What the replies to the request get beside their own fields; null: nothing.
    std::unique_ptr<fields const> reply_fields{};
    std::unique_ptr<connection_ticket> ticket{};
    /// What bodies may take in the server; null: anything.
    std::shared_ptr<httphooks::detail::body_budget> bodies{};
    /// What counts the body of its request; null: nothing.
    std::shared_ptr<httphooks::detail::body_claim> claim{};
    /// Whether who asks came by TLS.
    bool tls = false;
    /// Whether a trusted proxy passed the request on.
    bool proxied = false;
    bool http11 = true;
    bool head = false;
    /// Whether the connection may serve another request.
    bool reusable = true;
    /// Whether the client has sent FIN.
    bool input_ended = false;

protected:
    static constexpr std::size_t most_input = 64 * 1024;

    connection_core();

    /// The bytes that send() has left, up to so many.
    asio::const_buffer rest(std::size_t most) const noexcept;
    /// Some of rest() is written.
    void on_written(error_code ec, std::size_t n, connection_handler handler);
    /// Room for what begin_watch() reads.
    std::array<char, 2048>& piece() noexcept { return piece_; }
    /// The end of what begin_watch() has begun. @param n bytes that are in piece()
    void on_watched(error_code ec, std::size_t n);
    /// begin_watch() was forgotten, together with its context.
    void forget_waits() noexcept;

private:
    class deadline;

    /// Whether the stream waits without reading.
    virtual bool by_readiness() const noexcept = 0;
    /// Writes what can be written at once. @return how many bytes
    virtual std::size_t write_now(std::string const& bytes, error_code& ec) = 0;
    /// Writes some bytes of rest(); on_written() follows.
    virtual void begin_write(connection_handler handler) = 0;
    /// Reads some bytes or waits for an error; on_watched() follows, soon when it is stopped.
    virtual void begin_watch(asio::cancellation_slot stop) = 0;
    /// Calls a handler, not within this call.
    virtual void finish(connection_handler handler, error_code ec) = 0;
    virtual void close_stream(bool reset) noexcept = 0;

    inline void watch();
    inline void end_wait(error_code ec);

    std::unique_ptr<deadline> deadline_;
    std::string output_{};
    std::size_t sent_ = 0;
    std::array<char, 2048> piece_;
    asio::cancellation_signal stop_watch_{};
    connection_handler wait_handler_{};
    void (*settled_)(std::shared_ptr<void> const&) = nullptr;
    std::shared_ptr<void> settles_{};
    bool watching_ = false;
    bool cancelled_ = false;
    bool timed_out_ = false;
    bool told_end_ = false;
};

}  // namespace httphooks::http::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/detail/impl/connection_core.ipp>
#endif
