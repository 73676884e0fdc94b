// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What the handles of a connection to Redis share: the commands, and the nodes that they go to.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/context_guard.hpp>
#include <httphooks/detail/system/timer.hpp>
#include <httphooks/error.hpp>
#include <httphooks/redis/connection_state.hpp>
#include <httphooks/redis/connection_stats.hpp>
#include <httphooks/redis/detail/command.hpp>
#include <httphooks/redis/detail/node_map.hpp>
#include <httphooks/redis/options.hpp>
#include <httphooks/redis/url.hpp>
#include <httphooks/redis/value.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>

namespace httphooks::redis::detail {

/** Commands come in on any thread, and are sorted to nodes on a strand, where all else happens.

    It lives as long as a handle does, and until close() has run after that. */
class connection_core : public std::enable_shared_from_this<connection_core> {
public:
    /// @throws boost::system::system_error see connection
    connection_core(asio::any_io_executor const& executor, options o);
    ~connection_core();

    asio::any_io_executor const& executor() const noexcept { return executor_; }

    // from any thread
    void submit(command_ptr c);
    void connect();
    void close();
    void on_state(std::function<void(connection_state, error_code)> f);
    connection_state state() const noexcept { return state_.load(std::memory_order_acquire); }
    /// Whether commands go to several nodes; known before it is connected.
    bool is_cluster() const noexcept { return cluster_.load(std::memory_order_acquire); }
    connection_stats stats() const;

private:
    class node;
    class own_command;

    /// Bytes that may wait; without a queue, what one turn of the event loop may send.
    std::size_t queue_limit() const noexcept {
        return options_.queue_limit != 0 ? options_.queue_limit : 1024 * 1024;
    }
    /// Has drain() run soon; behind the mutex.
    inline void wake();
    /// Takes what came in, and sends what can be sent.
    inline void drain();
    inline void flush();
    /// Drops what waits longest until there is room, by queue_policy::drop.
    inline void shed();
    /// Hands over what has come of a command. What its handler throws is not thrown here.
    inline void complete(command_ptr c, error_code ec, value reply);
    /// Ends a command that was not sent.
    inline void give_up(command_ptr c, error_code ec);
    inline void shut();

    inline std::unique_ptr<node> make_node(url address);
    inline node& route(command const& c);
    /// Sends a command to another node, as this one has said. @return false: it has not
    inline bool redirect(node& from, command_ptr& c);
    /// A node has said that a slot is elsewhere.
    inline void note_moved(node& from, std::string_view text);
    inline void enqueue(node& n, command_ptr c);
    inline void learn(node& from, value const& slots);
    inline void ask_for_slots(node& from);

    inline void set_state(connection_state s, error_code why);
    /// Has on_deadline() called by then.
    inline void watch(std::chrono::steady_clock::time_point deadline);
    inline void on_deadline();

    asio::any_io_executor const executor_;
    asio::any_io_executor const strand_;
    options const options_;

    // behind the mutex
    mutable std::mutex mutex_{};
    std::deque<command_ptr> inbox_{};
    std::size_t queued_ = 0;
    connection_stats stats_{};
    std::function<void(connection_state, error_code)> on_state_{};
    bool awake_ = false;
    bool wanted_ = false;
    bool closing_ = false;

    std::atomic<connection_state> state_{connection_state::idle};
    std::atomic<bool> cluster_{false};

    // on the strand
    /// Why it is away.
    error_code why_{};
    node_map<node> nodes_;
    httphooks::detail::timer timer_;
    bool watching_ = false;
    std::chrono::steady_clock::time_point slots_asked_{};
    httphooks::detail::context_guard guard_;
};

}  // namespace httphooks::redis::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/redis/detail/impl/connection_core.ipp>
#endif
