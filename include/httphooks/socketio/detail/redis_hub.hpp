// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Two connections to Redis, which the adapters of one server share.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/redis/arguments.hpp>
#include <httphooks/redis/connection.hpp>
#include <httphooks/redis/message.hpp>
#include <httphooks/redis/options.hpp>
#include <httphooks/redis/subscriber.hpp>
#include <httphooks/redis/value.hpp>
#include <httphooks/socketio/adapter.hpp>
#include <httphooks/socketio/cluster_transport.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

/// What hears messages of Redis; owned by a std::shared_ptr.
class redis_listener {
public:
    redis_listener() = default;
    redis_listener(redis_listener const&) = delete;
    redis_listener& operator=(redis_listener const&) = delete;
    virtual ~redis_listener() = default;

    /// A message of one of its channels.
    virtual void on_message(redis::message const& m) = 0;
    /// The adapter that it works for.
    virtual std::weak_ptr<cluster_link> link() const = 0;
};

/// Who wants which channels. Thread-safe.
class redis_routes {
public:
    /// Somebody wants a channel, in place of who did before.
    void add(redis::subscription kind, std::string_view channel,
             std::shared_ptr<redis_listener> const& by);
    /// Somebody does no more. @return false: another one has come in its place
    bool remove(redis::subscription kind, std::string_view channel, redis_listener const& by);
    /// Passes a message on; one at a time.
    void hear(redis::message const& m);
    /// One of the adapters; null: there is none.
    std::shared_ptr<cluster_link> any_link();

private:
    using name = std::pair<redis::subscription, std::string>;
    using name_view = std::pair<redis::subscription, std::string_view>;
    struct less {
        using is_transparent = void;
        template <class A, class B>
        bool operator()(A const& a, B const& b) const noexcept {
            return a.first != b.first ? a.first < b.first
                                      : std::string_view(a.second) < std::string_view(b.second);
        }
    };

    std::mutex mutex_{};
    std::map<name, std::weak_ptr<redis_listener>, less> all_{};
    /// Another number after each change.
    std::atomic<std::uint64_t> version_{1};
    /// Who was told last, who is told next, too, mostly. Of hear() alone.
    struct {
        std::uint64_t version = 0;
        redis::subscription kind{};
        std::string channel{};
        std::weak_ptr<redis_listener> who{};
    } last_{};
};

/** Sends commands, and passes messages to who wants their channels. Thread-safe.

    Nothing is sent before everything that is wanted is subscribed: it waits, bounded by
    redis::options::queue_limit and command_timeout; what waits longest is dropped. The connections
    go when the last user leaves: before the context of their executor does. */
class redis_hub final : public std::enable_shared_from_this<redis_hub> {
public:
    using handler = std::function<void(error_code, redis::value)>;

    /// The hub of a context's server.
    static std::shared_ptr<redis_hub> of(adapter_context& context, redis::options const& o);

    /// A hub for who shares it otherwise.
    static std::shared_ptr<redis_hub> make(asio::any_io_executor const& executor,
                                           redis::options const& o);

    redis_hub(asio::any_io_executor const& executor, redis::options const& o);
    redis_hub(redis_hub const&) = delete;
    redis_hub& operator=(redis_hub const&) = delete;

    /// Somebody uses it.
    void enter() {
        std::lock_guard const lock(mutex_);
        ++users_;
    }
    /// Does not any more.
    void leave();

    /// Wants a channel, in place of who has wanted it before.
    void want(redis::subscription kind, std::string_view channel,
              std::shared_ptr<redis_listener> const& by);
    /// Wants it no more, unless another one does now.
    void forget(redis::subscription kind, std::string_view channel, redis_listener const& by);
    /// What is wanted by now is waited for before anything is sent.
    void settle();

    /** Publishes; what is not sent is told to the link. Messages of one turn of the event loop
        leave together, and those that come while earlier ones are not answered with the next.
        @param command PUBLISH or SPUBLISH */
    void publish(std::string_view command, std::string_view channel, std::string_view payload,
                 std::weak_ptr<cluster_link> from);
    /// Sends another command, when publishing is possible.
    void ask(redis::arguments command, handler done);
    /// Has commands run as one; fails at once when Redis is away.
    void ask(redis::transaction commands, handler done);
    /** Sends a command, if publishing is possible. It fails with error::not_connected when Redis
        goes before it was sent. @return false: publishing is not possible, and nothing was taken */
    bool ask_now(redis::arguments command, handler done);
    /// Sends a command when publishing is possible; it waits while Redis is away.
    void queue(redis::arguments command, handler done) {
        send(std::move(command), std::move(done), false);
    }
    /// Sends a command, the last one perhaps, that nobody waits for.
    void say(redis::arguments command) {
        send(
            std::move(command), [](error_code, redis::value const&) {}, true);
    }
    /// Whether what is sent now leaves at once.
    bool is_open() const {
        std::lock_guard const lock(mutex_);
        return leaves_at_once();
    }
    /// For commands of other kinds, while somebody uses the hub.
    redis::connection& commands() noexcept { return connections_->commands; }
    /// Whether Redis is away.
    bool is_away() const noexcept;

private:
    using clock = std::chrono::steady_clock;
    /// A command that waits.
    struct waiting {
        redis::arguments command;
        handler done;
        clock::time_point since;
        /// Whether it is of no use when Redis is away.
        bool hasty;
    };

    /// Messages that leave together.
    struct batch {
        std::string bytes{};
        std::uint32_t messages = 0;
        /// Who has published how many of them.
        std::vector<std::pair<std::weak_ptr<cluster_link>, std::uint32_t>> from{};
        clock::time_point since{};

        inline void lose(std::uint32_t most) const;
    };
    class batch_command;

    /// Both, while anybody uses them.
    struct connections {
        connections(asio::any_io_executor const& executor, redis::options const& o)
            : commands(executor, o), subscriber(executor, o) {}

        redis::connection commands;
        redis::subscriber subscriber;
    };
    using shared_connections = std::shared_ptr<connections>;

    void begin();
    shared_connections both() const {
        std::lock_guard const lock(mutex_);
        return connections_;
    }
    void send(redis::arguments command, handler done, bool hasty);
    inline void on_state();
    inline void tell(error_code ec);
    /// Sends what waits, if it may be.
    inline void flush();
    bool is_ready() const;
    /// Whether nothing waits before what is sent now.
    bool leaves_at_once() const { return waiting_.empty() && !flushing_ && is_ready(); }
    /// Whether what has waited since then is of no use any more.
    inline bool is_late(clock::time_point since) const;
    /// Drops a batch that has waited for too long.
    inline void drop_late_batch();
    // behind the mutex
    /// Whether messages may leave together.
    bool is_plain() const { return leaves_at_once() && !connections_->commands.is_cluster(); }
    /// Has the batch leave, unless it is on its way.
    inline void submit_batch();
    /// A batch has been answered, or never will be.
    inline void batch_ended();

    redis::options options_;
    std::shared_ptr<redis_routes> const routes_ = std::make_shared<redis_routes>();
    mutable std::mutex mutex_{};
    shared_connections connections_;
    std::size_t users_ = 0;
    std::deque<waiting> waiting_{};
    std::size_t bytes_ = 0;
    batch batch_{};
    /// Whether a command is on its way that takes the batch.
    bool collecting_ = false;
    /// Batches that have no reply.
    std::size_t batches_ = 0;
    std::size_t settling_ = 0;
    /// Whether the application was told that Redis is away.
    bool told_ = false;
    bool flushing_ = false;
};

}  // namespace httphooks::socketio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/detail/impl/redis_hub.ipp>
#endif
