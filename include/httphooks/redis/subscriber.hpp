// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Hears what is published with Redis: channels, patterns, and the channels of shards.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/redis/connection_state.hpp>
#include <httphooks/redis/message.hpp>
#include <httphooks/redis/options.hpp>
#include <httphooks/redis/subscriber_stats.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::redis {

namespace detail {

class subscriber_core;

/// Has the handler called once all answers are in.
void begin_settle(subscriber_core& core, asio::any_completion_handler<void(error_code)> handler);

}  // namespace detail

/** Subscriptions, over a connection of its own; in a cluster over several.

    It keeps what is wanted, and tells the server what has changed since its last answers, once they
    are all in: so a channel that is left and entered again in between is never lost. The first
    subscription opens the connection. When it is lost, it is opened again after a delay, again and
    again; everything that is wanted is subscribed again before connection_state::connected is told.
    What is published meanwhile is lost.

    Copies are handles of one subscriber, which is closed with the last of them. They go before the
    context of the executor does; debug builds assert it.

    @par Thread safety
    All members may be called from all threads, handlers set before the first subscription. Handlers
    are called on the executor, one at a time.
    @par Example
    examples/sockjs_cluster.cpp */
class subscriber {
public:
    using executor_type = asio::any_io_executor;

    /** @param executor where it works; may have several threads
        @param o see options; those of queues are not used
        @throws boost::system::system_error error::invalid_url; operation_not_supported: rediss
            without options::tls */
    explicit subscriber(executor_type const& executor, options o = {});

    /// The executor that it was created with.
    executor_type get_executor() const noexcept;

    /** Sets what is called with each message. What it is given lives as long as the call. A channel
        that was left may be heard until the server has answered. What handlers throw leaves the
        event loop, and the subscriber goes on. */
    void on_message(std::function<void(message const&)> f) const;
    /// Sets what is called when state() changes, or the reason why it is away.
    void on_state(std::function<void(connection_state, error_code)> f) const;
    /** Sets what is called with a subscription that the server refuses, because the user may not
        have it, and the server's text. It is asked for again with the next connection. */
    void on_refused(
        std::function<void(subscription, std::string_view channel, std::string_view text)> f) const;

    /// Wants a channel; what is wanted already stays so.
    void subscribe(std::string_view channel) const { want(subscription::channel, channel, true); }
    void psubscribe(std::string_view pattern) const { want(subscription::pattern, pattern, true); }
    void ssubscribe(std::string_view channel) const { want(subscription::shard, channel, true); }
    /// Wants it no more.
    void unsubscribe(std::string_view channel) const {
        want(subscription::channel, channel, false);
    }
    void punsubscribe(std::string_view pattern) const {
        want(subscription::pattern, pattern, false);
    }
    void sunsubscribe(std::string_view channel) const { want(subscription::shard, channel, false); }
    /// The same for any kind. @param wanted whether it is
    void want(subscription kind, std::string_view channel, bool wanted) const;

    /** Waits until the server has answered to all that was wanted or not by the time of the call.

        @param token for `void(error_code)`
        @par Completes with
        error::closed. asio::error::timed_out: options::command_timeout has passed. */
    template <asio::completion_token_for<void(error_code)> Token = asio::use_awaitable_t<>>
    auto async_settle(Token&& token = Token()) {
        return asio::async_initiate<Token, void(error_code)>(
            [](auto handler, std::shared_ptr<detail::subscriber_core> const& core) {
                detail::begin_settle(*core, std::move(handler));
            },
            token, core_);
    }

    /// What it is about.
    connection_state state() const noexcept;
    bool is_connected() const noexcept { return state() == connection_state::connected; }
    /// What was counted.
    subscriber_stats stats() const;

    /// Closes it for good. No handler is called any more, but one that is running.
    void close() const;

private:
    std::shared_ptr<detail::subscriber_core> core_;
};

/// A text as part of a pattern that matches nothing else.
std::string escape_pattern(std::string_view text);

}  // namespace httphooks::redis

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/redis/impl/subscriber.ipp>
#endif
