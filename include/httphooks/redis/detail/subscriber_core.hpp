// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What the handles of a subscriber share: what is wanted, what is had, and the servers.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/context_guard.hpp>
#include <httphooks/detail/system/timer.hpp>
#include <httphooks/error.hpp>
#include <httphooks/redis/connection_state.hpp>
#include <httphooks/redis/detail/node_map.hpp>
#include <httphooks/redis/message.hpp>
#include <httphooks/redis/options.hpp>
#include <httphooks/redis/subscriber_stats.hpp>
#include <httphooks/redis/url.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace httphooks::redis::detail {

/** Wishes come in on any thread; all else happens on a strand.

    It lives as long as a handle does, and until close() has run after that. */
class subscriber_core : public std::enable_shared_from_this<subscriber_core> {
public:
    using state_handler = std::function<void(connection_state, error_code)>;
    using refused_handler = std::function<void(subscription, std::string_view, std::string_view)>;
    using settle_handler = asio::any_completion_handler<void(error_code)>;

    /// @throws boost::system::system_error see subscriber
    subscriber_core(asio::any_io_executor const& executor, options o);
    ~subscriber_core();

    asio::any_io_executor const& executor() const noexcept { return executor_; }

    // from any thread
    void on_message(std::function<void(message const&)> f);
    void on_state(state_handler f);
    void on_refused(refused_handler f);
    void want(subscription kind, std::string_view channel, bool wanted);
    void settle(settle_handler done);
    void close();
    connection_state state() const noexcept { return state_.load(std::memory_order_acquire); }
    subscriber_stats stats() const;

private:
    class node;
    class waiter;

    /// A channel, a pattern, or a channel of a shard. At most one question is under way for it.
    struct entry {
        subscription kind = subscription::channel;
        std::string_view name{};
        bool wanted = false;
        /// Whether the server has said so.
        bool held = false;
        /// Whether the server has been asked, and has not answered.
        bool asked = false;
        /// Whether the server does not want it.
        bool refused = false;
        std::uint32_t redirections = 0;
        /// Who was asked last.
        node* where = nullptr;
        /// Who waits for it to be settled.
        std::vector<std::shared_ptr<waiter>> waiters{};

        bool settled() const noexcept { return !asked && (wanted == held || refused); }
    };

    /// What came in: a wish, or who waits for those before.
    struct request {
        subscription kind = subscription::channel;
        std::string name{};
        bool wanted = false;
        std::shared_ptr<waiter> who{};
    };

    struct hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view s) const noexcept {
            return std::hash<std::string_view>()(s);
        }
    };
    using entries = std::unordered_map<std::string, entry, hash, std::equal_to<>>;

    inline void wake();
    inline void drain();
    inline void apply(request const& r);
    inline void wait_for(std::shared_ptr<waiter> const& who);
    inline void shut();

    inline entries& all(subscription kind) noexcept {
        return entries_[static_cast<std::size_t>(kind)];
    }
    inline entry* find(subscription kind, std::string_view name);
    /// Asks for what has changed, or notes that nothing has. The entry may be gone then.
    inline void review(entry& e);
    inline void review_all();
    /// Who is to be asked; null: somebody who is not there yet.
    inline node* route(entry const& e) const;
    inline void refuse(entry& e, std::string_view text);
    inline void moved(node& from, entry& e, std::string_view text);
    inline void ask_later();
    inline void flush();
    inline std::unique_ptr<node> make_node(url address);

    inline void set_state(connection_state s, error_code why);
    /// Tells that it is connected, if everything is settled.
    inline void check_settled();

    asio::any_io_executor const executor_;
    asio::any_io_executor const strand_;
    options const options_;

    // behind the mutex
    mutable std::mutex mutex_{};
    std::vector<request> inbox_{};
    subscriber_stats stats_{};
    bool awake_ = false;
    bool closing_ = false;

    std::atomic<connection_state> state_{connection_state::idle};
    std::atomic<std::uint64_t> messages_{0};

    // on the strand; handlers are set before
    std::function<void(message const&)> on_message_{};
    state_handler on_state_{};
    refused_handler on_refused_{};
    std::array<entries, 3> entries_{};
    std::unordered_set<entry*> unsettled_{};
    /// Why it is away.
    error_code why_{};
    node_map<node> nodes_;
    httphooks::detail::timer later_;
    bool later_set_ = false;
    httphooks::detail::context_guard guard_;
};

}  // namespace httphooks::redis::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/redis/detail/impl/subscriber_core.ipp>
#endif
