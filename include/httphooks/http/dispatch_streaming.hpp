// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The hooks of a request whose body is still to be read, in a session of the caller's own.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/registry/exchange_factory.hpp>
#include <httphooks/detail/runs/authorize_operation.hpp>
#include <httphooks/detail/runs/body_channel.hpp>
#include <httphooks/detail/runs/dispatch_operation.hpp>
#include <httphooks/error.hpp>
#include <httphooks/exchange.hpp>
#include <httphooks/message.hpp>
#include <httphooks/origin.hpp>
#include <httphooks/registry.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string_view>
#include <utility>

namespace httphooks::http {

/// How the body of a request is read in a session of the caller's own.
struct dispatch_streaming_options {
    /// Bytes of the body, unless a matching hook sets its own limit; beyond it 413.
    std::uint64_t body_limit = 1024 * 1024;
    /// How long the client may send nothing while it is waited for; for streams with an
    /// `expires_after()`, as beast::tcp_stream.
    std::chrono::milliseconds read_timeout{10'000};
};

namespace detail {

/// What happens to an exchange while its body is read; on one executor, one thing at a time.
class streaming_session final : public reply_sink, public httphooks::detail::body_feed {
public:
    explicit streaming_session(asio::any_io_executor const& executor)
        : timer_(executor, asio::steady_timer::time_point::max()) {}
    streaming_session(streaming_session const&) = delete;
    streaming_session& operator=(streaming_session const&) = delete;
    ~streaming_session() {
        if (channel()) channel()->attach(nullptr);
        if (exchange_ && !replied_) exchange_->abandon();
    }

    void on_reply(exchange&) noexcept override {
        replied_ = true;
        timer_.cancel();
    }
    void on_body_wanted(exchange&) noexcept override {
        wanted_ = true;
        timer_.cancel();
    }
    void on_read() noexcept override { timer_.cancel(); }

    /// Starts the hooks for a header. @param whole whether there is no body
    void start(exchange_ptr ex, bool whole) {
        exchange_ = std::move(ex);
        if (whole ? exchange_->start() : exchange_->start_before_body()) replied_ = true;
        if (channel()) channel()->attach(this);
    }
    void cancel() noexcept {
        if (channel()) channel()->attach(nullptr);
        if (exchange_ && !replied_) exchange_->cancel();
        exchange_.reset();
    }

    bool replied() const noexcept { return replied_; }
    bool takes_body() const noexcept { return channel() ? channel()->wants() : wanted_; }

    void put(std::string_view bytes) {
        if (!channel()) {
            exchange_->incoming().body().append(bytes);
            return;
        }
        channel()->put(bytes);
        channel()->flush();
    }
    void finish() {
        if (channel())
            channel()->finish();
        else if (std::exchange(wanted_, false) && exchange_->go_on())
            replied_ = true;
    }
    /// The body will not be whole. @return whether a hook knows, and will answer
    bool fail(error_code why) {
        wanted_ = false;
        if (channel()) {
            channel()->fail(why);
            return true;
        }
        if (why == error::body_incomplete) return false;
        exchange_->refuse_body(why == error::body_limit ? status::payload_too_large
                                                        : status::bad_request);
        return true;
    }

    /// Waits until something happens.
    asio::awaitable<void> wait() {
        auto waiting = timer_.async_wait(asio::as_tuple(asio::use_awaitable));
        co_await std::move(waiting);
    }

private:
    httphooks::detail::body_channel* channel() const noexcept {
        return exchange_ ? exchange_->body().get() : nullptr;
    }

    asio::steady_timer timer_;
    exchange_ptr exchange_{};
    bool replied_ = false;
    bool wanted_ = false;
};

using buffer_parser = beast::http::request_parser<beast::http::buffer_body>;

/// Reads a piece of the body. @param n how long it is
template <class Stream, class Buffer>
asio::awaitable<void> read_body_piece(Stream& stream, Buffer& buffer, buffer_parser& parser,
                                      error_code& ec) {
    auto reading =
        beast::http::async_read_some(stream, buffer, parser, asio::as_tuple(asio::use_awaitable));
    auto const [error, n] = co_await std::move(reading);
    ec = error;
}

/// What the hook that reads is told of a read that has failed.
inline error_code body_error_of(error_code ec) noexcept {
    if (ec == beast::http::error::body_limit) return error::body_limit;
    bool const of_http = ec.category() == make_error_code(beast::http::error::bad_chunk).category();
    if (of_http && ec != beast::http::error::partial_message &&
        ec != beast::http::error::end_of_stream)
        return error::malformed_body;
    if (ec == beast::error::timeout) return error::body_timeout;
    return error::body_incomplete;
}

template <class Stream, class Buffer>
asio::awaitable<response> dispatch_streaming(
    std::shared_ptr<httphooks::detail::exchange_factory> hooks, Stream& stream, Buffer& buffer,
    std::unique_ptr<buffer_parser> message, origin from, dispatch_streaming_options o) {
    buffer_parser& parser = *message;
    using namespace asio::experimental::awaitable_operators;
    namespace core = httphooks::detail;
    asio::any_io_executor const executor = co_await asio::this_coro::executor;
    streaming_session session(executor);
    exchange_ptr const ex = hooks->make_exchange(executor, &session);
    ex->incoming() = core::header_of(parser.get());
    ex->origin() = std::move(from);
    bool asks = beast::iequals(parser.get()[field::expect], "100-continue") &&
                parser.get().version() == 11 && buffer.size() == 0;
    std::uint64_t const limit = hooks->plan_body(ex->incoming()).limit.value_or(o.body_limit);
    std::uint64_t received = 0;
    bool over = parser.is_done();
    std::array<char, 16 * 1024> room;
    std::exception_ptr failure;
    try {
        session.start(ex, over);
        if (parser.content_length().value_or(0) > limit && !over) {
            over = true;
            session.fail(error::body_limit);
        }
        while (!session.replied()) {
            if (over || !session.takes_body()) {
                auto waiting = session.wait();
                co_await std::move(waiting);
                continue;
            }
            if (std::exchange(asks, false)) {
                constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
                auto writing = asio::async_write(stream, asio::buffer(go_on),
                                                 asio::as_tuple(asio::use_awaitable));
                co_await std::move(writing);
            }
            parser.get().body().data = room.data();
            parser.get().body().size = room.size();
            parser.get().body().more = true;
            if constexpr (requires {
                              beast::get_lowest_layer(stream).expires_after(o.read_timeout);
                          })
                beast::get_lowest_layer(stream).expires_after(o.read_timeout);
            error_code ec;
            auto reading = read_body_piece(stream, buffer, parser, ec);
            auto waiting = session.wait();
            auto either = std::move(reading) || std::move(waiting);
            co_await std::move(either);
            std::size_t const n = room.size() - parser.get().body().size;
            received += n;
            if (ec == beast::http::error::need_buffer) ec = {};
            if (!ec && received > limit) ec = beast::http::error::body_limit;
            if (ec && session.replied()) break;
            if (ec == asio::error::operation_aborted) continue;  // something else has happened
            if (!ec && n > 0) session.put({room.data(), n});
            if (ec) {
                over = true;
                if (!session.fail(body_error_of(ec))) throw system_error(ec);
            } else if (parser.is_done()) {
                over = true;
                session.finish();
            }
        }
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure) {
        session.cancel();
        std::rethrow_exception(failure);
    }
    response reply = core::finished_reply(*ex, core::small_file);
    if (!parser.is_done()) reply.set(field::connection, "close");
    ex->handed_over();
    co_return reply;
}

}  // namespace detail

/** Runs a request whose header was read through the hooks, which may read its body while it comes:
    as async_dispatch() of the registry, for a session of the caller's own.

    Guards that need no body run before it is read, and a responder with body::stream reads it; else
    it is read whole. `100 Continue` is sent to a client that waits for it. A reply to a request
    whose body was not read to its end says that the connection closes: close it then.

    @param hooks the registry
    @param stream what the header was read from; stays until the operation has ended
    @param buffer what was read behind the header; stays as long
    @param parser which has read the header and nothing of the body, with body_limit(boost::none):
        limits are what the hooks and the options say
    @param from where the request came from
    @param token for `void(std::exception_ptr, response)`
    @par Completes with
    the reply, ready to be written as async_dispatch() gives it; an exception when the client went
    before the body was whole and no hook reads it
    @par Example
    examples/streaming_beast.cpp
*/
template <class State, class Stream, class Buffer, class Body, class Allocator,
          class Token = asio::use_awaitable_t<>>
auto async_dispatch_streaming(basic_registry<State> const& hooks, Stream& stream, Buffer& buffer,
                              beast::http::request_parser<Body, Allocator>&& parser, origin from,
                              dispatch_streaming_options const& o = {}, Token&& token = Token()) {
    asio::any_io_executor const executor =
        asio::make_strand(asio::any_io_executor(stream.get_executor()));
    auto whole = std::make_unique<detail::buffer_parser>(std::move(parser));
    whole->body_limit(boost::none);
    return asio::co_spawn(executor,
                          detail::dispatch_streaming(hooks.shared_loop(), stream, buffer,
                                                     std::move(whole), std::move(from), o),
                          std::forward<Token>(token));
}

}  // namespace httphooks::http
