// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Replies that are written bit by bit, as long as the client takes them.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/runs/written_stream.hpp>
#include <httphooks/error.hpp>
#include <httphooks/fields.hpp>
#include <httphooks/hook.hpp>
#include <httphooks/message.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <concepts>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace httphooks {

/** Writes the content of a streamed reply.

    Copies are cheap and stand for the same stream. When the last one goes and end() was not called,
    the stream has failed: the connection is broken off, so that the client notices.

    @par Thread safety
    All members may be called from all threads.
*/
class stream_writer {
public:
    using executor_type = asio::any_io_executor;

    /// For who makes streams.
    explicit stream_writer(std::shared_ptr<detail::written_stream> stream);

    /// Where the connection is at work; it runs one thing at a time.
    executor_type get_executor() const;

    /** Writes some bytes: they go out at once, as a chunk of their own.

        A write waits while the client does not take what was written before. Several may be under
        way: they are written in their order.

        @param text the bytes. A std::string that is moved in is kept; any other text must stay
            until the write has ended
        @param token a completion token for `void(error_code)`

        @par Completes with
        success, when the connection has taken the bytes. error::stream_closed: the client has gone,
        or the stream has ended. operation_aborted: the write was cancelled.
        @par Cancellation
        terminal, partial, total; of a write of which a part has been taken terminal alone, and the
        stream fails by that.
    */
    template <class Text,
              asio::completion_token_for<void(error_code)> Token = asio::use_awaitable_t<>>
    requires std::convertible_to<Text&&, std::string_view>
    auto async_write(Text&& text, Token&& token = {}) const;

    /** Waits until nobody takes anything any more: the client has gone, or the stream has ended.

        @par Completes with
        success; operation_aborted when it was cancelled.
    */
    template <asio::completion_token_for<void(error_code)> Token = asio::use_awaitable_t<>>
    auto async_wait_closed(Token&& token = {}) const;

    /** Sends a field behind the content; before end().

        Clients of HTTP/1.0, replies with a length, and those that are collected get none.
        @throws system_error error::invalid_field_name, error::invalid_field_value; or
            error::field_ignored: a field that says how a message is framed or routed may not be
            there
        @par Source
        RFC 9110 6.5
    */
    void trailer(std::string_view name, std::string_view value) const;

    /// That was all; behind the writes that are under way.
    void end() const;

    /// Breaks the connection off, so that the client notices. The error handler is told.
    void fail(error_code why) const;

    /// Whether nobody takes anything any more: the client has gone, or the stream has ended.
    bool closed() const noexcept;

    /// For what belongs to the library.
    std::shared_ptr<detail::written_stream> const& stream() const noexcept {
        return end_->stream();
    }

private:
    std::shared_ptr<detail::writer_end> end_;
};

/// What a streamed reply is given beside its content.
struct stream_options {
    /// Its status.
    status code = status::ok;
    /// How many bytes there will be, for the Content-Length; nothing: nobody knows. The connection
    /// is broken off when there are more or less.
    std::optional<std::uint64_t> length{};
};

/// A function that writes a stream: a coroutine that ends when it has, or one that keeps the
/// writer.
template <class F>
concept stream_producer = std::invocable<F&, stream_writer&> &&
    (std::is_void_v<std::invoke_result_t<F&, stream_writer&>> ||
     std::same_as<std::invoke_result_t<F&, stream_writer&>, asio::awaitable<void>>);

/** A response whose content a function writes, bit by bit.

    The function is called when the header has been written: of the form
    `asio::awaitable<void>(stream_writer&)`, the stream ends with the coroutine, and fails when that
    throws; of the form `void(stream_writer&)`, it keeps a copy of the writer and calls end(). It
    runs on the connection's executor. It is not called for HEAD, nor when another hook has replaced
    the response. The context of the hook that returned the response is gone by then.

    To HTTP/1.1 the content goes in chunks, or with the length that was given; to HTTP/1.0 until the
    connection closes. When the client goes, writes fail and the coroutine is cancelled. Once the
    header is written no failure can become another status: the connection is broken off.

    Post-responders may change status and fields, but see no content. Where several responders
    answer, over other transports, in tests in memory and in a session of the user's own the stream
    is collected first, up to registry_options::collect_limit and for as long as a hook may take:
    else the reply is a 500, or a 504. Over SockJS, Socket.IO and WebSocket each write may be a
    message instead, and a failure is the last one: see `stream_messages` of their options.

    @param content_type the Content-Type; empty: none
    @throws system_error error::invalid_field_value
*/
template <stream_producer F>
response stream(std::string_view content_type, F producer, stream_options const& options = {});

// ---------------------------------------------------------------------------------------------

namespace detail {

template <class F>
class typed_producer final : public producer {
public:
    explicit typed_producer(F&& f) : function_(std::move(f)) {}

    void run(std::shared_ptr<written_stream> stream) override {
        if constexpr (std::is_void_v<std::invoke_result_t<F&, stream_writer&>>) {
            stream_writer const out(stream);
            try {
                stream_writer mine(out);
                function_(mine);
            } catch (...) {  // while `out` lives: an exception is not a dropped writer
                stream->fail({}, std::current_exception());
            }
        } else {
            auto coroutine = drive(function_, stream);
            spawn_stream(*stream, std::move(coroutine));
        }
    }

private:
    static asio::awaitable<void> drive(F& function, std::shared_ptr<written_stream> stream) {
        {
            stream_writer out(stream);
            try {
                auto operation = function(out);
                co_await std::move(operation);
                out.end();
            } catch (...) {
                stream->fail({}, std::current_exception());
            }
        }
    }

    F function_;
};

/// The response of a stream that a producer writes.
response streamed_response(std::string_view content_type, stream_options const& options,
                           std::unique_ptr<producer> writer);

struct initiate_write {
    template <class Handler, class Text>
    void operator()(Handler handler, written_stream::pointer stream, Text text) const {
        auto op = written_stream::make_operation(stream, std::move(handler), std::move(text));
        written_stream::write(std::move(stream), std::move(op));
    }
};

struct initiate_wait_closed {
    template <class Handler>
    void operator()(Handler handler, written_stream::pointer stream) const {
        auto op = written_stream::make_operation(stream, std::move(handler), std::string_view());
        written_stream::wait_closed(std::move(stream), std::move(op));
    }
};

}  // namespace detail

template <class Text, asio::completion_token_for<void(error_code)> Token>
requires std::convertible_to<Text&&, std::string_view>
auto stream_writer::async_write(Text&& text, Token&& token) const {
    if constexpr (std::same_as<Text, std::string>)
        return asio::async_initiate<Token, void(error_code)>(detail::initiate_write(), token,
                                                             end_->stream(), std::move(text));
    else
        return asio::async_initiate<Token, void(error_code)>(
            detail::initiate_write(), token, end_->stream(), std::string_view(text));
}

template <asio::completion_token_for<void(error_code)> Token>
auto stream_writer::async_wait_closed(Token&& token) const {
    return asio::async_initiate<Token, void(error_code)>(detail::initiate_wait_closed(), token,
                                                         end_->stream());
}

template <stream_producer F>
response stream(std::string_view content_type, F producer, stream_options const& options) {
    return detail::streamed_response(
        content_type, options, std::make_unique<detail::typed_producer<F>>(std::move(producer)));
}

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/stream.ipp>
#endif
