// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The messages of one socket as requests to the hooks: envelopes in, envelopes out, in order.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/registry/exchange_factory.hpp>
#include <httphooks/detail/registry/message_streams.hpp>
#include <httphooks/detail/runs/pipeline.hpp>
#include <httphooks/envelope.hpp>
#include <httphooks/exchange.hpp>
#include <httphooks/into_response.hpp>
#include <httphooks/message.hpp>
#include <httphooks/origin.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::detail {

/// What the sockets of one event loop share to have their messages answered. Not thread-safe.
struct message_loop {
    message_loop(std::unique_ptr<exchange_factory> h, asio::any_io_executor ex)
        : hooks(std::move(h)), executor(std::move(ex)) {}

    std::unique_ptr<exchange_factory> hooks;
    asio::any_io_executor executor;
};

/// Answers what is no request, in place of its hooks. @param why what is wrong with it
void refuse_message(exchange& ex, error_code why);

/** The requests of one socket.

    Answers to messages with an id come when they are ready, answers to others in the order of their
    messages. What is no request is answered with 400. If it is wanted, a streamed answer to a
    message with an id is sent in messages of its own: see message_streams. When the object goes,
    its requests are cancelled.

    @par Thread safety
    The loop's thread only.
*/
class message_dispatch final : private reply_sink, private stream_carrier {
public:
    /// Gets the answers; must not destroy the message_dispatch.
    struct listener {
        /// An answer, to be encoded with this id; both are good until it returns.
        virtual void on_answer(response const& reply, std::string_view id) noexcept = 0;
        /// There is room for requests again, after receive() gave false.
        virtual void on_room() noexcept = 0;

        /// A message of a stream. @return whether it is sent
        virtual bool on_stream_message(stream_message const& m) = 0;
        /// Bytes that wait for the client.
        virtual std::size_t waiting() const noexcept = 0;
        /// How many may wait behind what waits already; 0 where less than 1,024 messages may.
        virtual std::size_t limit() const noexcept = 0;
        /// message_dispatch::on_drain() is to be called when they have left.
        virtual void expect_drain() = 0;

    protected:
        ~listener() = default;
    };

    /// @param most how many requests may be under way
    /// @param depth how deep an envelope may be nested
    /// @param streams whether streams are sent bit by bit, where there is an id
    message_dispatch(std::shared_ptr<message_loop> loop, origin from, listener& l, std::size_t most,
                     std::size_t depth = envelope::default_depth, bool streams = false)
        : loop_(std::move(loop)),
          origin_(std::move(from)),
          listener_(l),
          most_(most),
          depth_(depth),
          takes_streams_(streams) {}
    message_dispatch(message_dispatch const&) = delete;
    message_dispatch& operator=(message_dispatch const&) = delete;
    ~message_dispatch() { cancel(); }

    /** Takes a message.
        @return whether there is room for another; if not, on_room() follows */
    bool receive(std::string_view json);

    /// What waited for the client has left.
    void on_drain() noexcept {
        if (streams_) streams_->on_drain();
    }

    /// Cancels all requests; their answers are dropped.
    void cancel() noexcept;

    /// How many requests are under way.
    std::size_t in_flight() const noexcept {
        return queue_.size() + (streams_ ? streams_->size() : 0);
    }

private:
    struct entry {
        exchange_ptr journey;
        std::string id;
        bool ready;
    };

    HTTPHOOKS_DECL void on_reply(exchange& ex) noexcept override;
    inline bool must_wait(std::string_view id) const noexcept;
    HTTPHOOKS_DECL void on_stream_over() noexcept override;
    std::size_t waiting() const noexcept override { return listener_.waiting(); }
    std::size_t limit() const noexcept override { return listener_.limit(); }
    void expect_drain() override { listener_.expect_drain(); }
    inline void answer(exchange_ptr const& ex, std::string_view id);
    inline void begin_stream(exchange& ex, response const& reply, std::string_view id);
    inline void answer_in_order();

    std::shared_ptr<message_loop> loop_;
    origin origin_;
    listener& listener_;
    std::size_t const most_;
    std::size_t const depth_;
    bool const takes_streams_;
    std::vector<entry> queue_{};
    /// Null: there was none yet.
    std::shared_ptr<message_streams> streams_{};
};

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/registry/impl/message_dispatch.ipp>
#endif
