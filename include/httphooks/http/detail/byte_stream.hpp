// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A connected stream that another protocol has taken over, whatever its type is.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::http::detail {

/// Who has a byte_stream: told, on its executor, of what happens to it.
class byte_stream_owner {
public:
    byte_stream_owner(byte_stream_owner const&) = delete;
    byte_stream_owner& operator=(byte_stream_owner const&) = delete;

    /// There is something to read, or an error.
    virtual void on_readable(error_code ec) = 0;
    /// Some of what write() left is written.
    virtual void on_progress() = 0;
    /// All of it is written, or cannot be.
    virtual void on_written(error_code ec) = 0;
    /// The client has closed too, after end().
    virtual void on_ended() = 0;

protected:
    byte_stream_owner() = default;
    virtual ~byte_stream_owner() = default;
};

/** A stream in non-blocking use: tell when it is readable, read, write what can be written.

    While it is open it keeps its owner alive. All calls on its executor, unless they say otherwise.
*/
class byte_stream {
public:
    byte_stream(byte_stream const&) = delete;
    byte_stream& operator=(byte_stream const&) = delete;
    virtual ~byte_stream() = default;

    /// Sets the owner; once, before everything else.
    void open(std::shared_ptr<byte_stream_owner> owner) noexcept { owner_ = std::move(owner); }

    /// From any thread.
    virtual asio::any_io_executor get_executor() const = 0;
    /// The context of the executor. From any thread.
    virtual asio::execution_context& context() const = 0;
    /// Whether the caller runs on the executor; false when that cannot be told. From any thread.
    virtual bool running_here() const noexcept = 0;
    /// Whether the executor's context is what keeps handlers apart, and not a strand within it.
    virtual bool owns_context() const noexcept = 0;
    /// Calls a function on the executor, never within this call. From any thread.
    virtual void post(void (*function)(std::shared_ptr<void> const&),
                      std::shared_ptr<void> argument) = 0;

    /// Has on_readable() called once; does nothing when that is due already.
    virtual void wait_readable() = 0;
    /// Reads what is there. @return 0 with would_block when nothing is
    virtual std::size_t read_some(char* to, std::size_t n, error_code& ec) = 0;

    /** Writes the bytes, and empties the string. Not while an earlier write() is not done.
        @return true: written, or ec says why not; false: on_written() follows */
    virtual bool write(std::string& bytes, error_code& ec) = 0;
    /** Writes what can be written at once. Not while a write() is not done.
        @return how many bytes; 0 from a stream that has to wait for each write */
    virtual std::size_t write_some(std::string_view bytes, error_code& ec) = 0;
    /// How many bytes wait for on_written().
    virtual std::size_t unsent() const noexcept = 0;

    /** Ends the connection in order, when everything is written: sends FIN, drops what still comes
        until the client closes, then calls on_ended().
        @param fin whether to send FIN, or wait for that of the other side */
    virtual void end(bool fin) = 0;

    /// Closes; nothing is called any more. @param reset the peer sees a reset
    virtual void close(bool reset) noexcept = 0;
    /// Destroys the stream, for the end of its context.
    virtual void abandon() noexcept = 0;

protected:
    byte_stream() = default;

    std::shared_ptr<byte_stream_owner> owner_{};
};

/// Whether an executor of any type is that of an io_context.
bool is_plain(asio::any_io_executor const& ex) noexcept;
/// Whether it is one, whose context the caller runs on.
bool is_plain_and_here(asio::any_io_executor const& ex) noexcept;

}  // namespace httphooks::http::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/http/detail/impl/byte_stream.ipp>
#endif
