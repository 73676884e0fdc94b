// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The streamed replies that one socket is sent at a time, in messages.
*/

#include <httphooks/config.hpp>
#include <httphooks/message.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace httphooks::detail {

struct stream_message;

/// The socket that the messages go over, as streams see it.
struct stream_carrier {
    /// Bytes that wait for the client.
    virtual std::size_t waiting() const noexcept = 0;
    /// How many may wait behind what waits already; 0 where less than 1,024 messages may.
    virtual std::size_t limit() const noexcept = 0;
    /// Has message_streams::on_drain() called when they have left.
    virtual void expect_drain() = 0;
    /// One stream fewer is under way.
    virtual void on_stream_over() noexcept = 0;

protected:
    ~stream_carrier() = default;
};

/** The streams that are under way for a socket.

    Each write is a message as soon as the socket takes it: while much waits for the client nothing
    is taken of any stream, and who writes them waits. They take turns. What is longer than most()
    goes in several messages; no character is torn apart by that.

    @par Thread safety
    The executor only. */
class message_streams final : public std::enable_shared_from_this<message_streams> {
public:
    /// Sends a message. @return false: it is lost, and with it the stream
    using send_function = std::function<bool(stream_message const&)>;

    /// How many bytes of a write are a message, at most; a multiple of 3, so that base64 has no
    /// gaps.
    static constexpr std::size_t most() noexcept { return 24 * 1024; }

    /// @param c told until cancel()
    /// @param executor where all happens, one thing at a time
    message_streams(stream_carrier& c, asio::any_io_executor executor);
    message_streams(message_streams const&) = delete;
    message_streams& operator=(message_streams const&) = delete;
    ~message_streams();

    /** Sends the first message, and begins the stream.
        @param head a reply whose body is a stream
        @param id JSON */
    void begin(response const& head, std::string_view id, send_function send);

    /// What waited for the client has left.
    void on_drain() noexcept;

    /// The socket has gone: whoever writes is told.
    void cancel() noexcept;

    /// How many are under way.
    std::size_t size() const noexcept { return streams_.size(); }

private:
    class stream;
    using stream_ptr = std::shared_ptr<stream>;

    inline void wake(stream& s) noexcept;
    inline void pump() noexcept;
    inline bool step(stream& s);
    inline bool send(stream& s, stream_message const& m);
    inline void fail(stream& s) noexcept;
    inline void remove(stream& s) noexcept;

    stream_carrier* carrier_;
    asio::any_io_executor executor_;
    /// From so many bytes that wait on nothing more is taken.
    std::size_t const most_waiting_;
    std::vector<stream_ptr> streams_{};
    /// Those that may have something to say, whose turn comes in this order.
    std::deque<stream_ptr> ready_{};
    /// on_drain() is waited for.
    bool held_ = false;
    /// It was called since a message was begun to be sent.
    bool drained_ = false;
    bool pumping_ = false;
};

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/registry/impl/message_streams.ipp>
#endif
