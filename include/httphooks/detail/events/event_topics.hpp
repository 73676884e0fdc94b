// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The topics of an event_source_hub, the events that are kept, and who has subscribed to them.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/prefetch.hpp>
#include <httphooks/detail/system/timer.hpp>
#include <httphooks/detail/text/chunk.hpp>
#include <httphooks/event_source_hub.hpp>
#include <httphooks/server_event.hpp>
#include <httphooks/stream_body.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/intrusive/list.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::detail {

class event_loop;
class event_topics;

/// An event as it is sent; shared by all who get it.
class event_frame {
public:
    /// @param text its text, which is not empty
    event_frame(std::string id, std::string_view text);

    std::string const& id() const noexcept { return id_; }
    std::string_view text() const noexcept {
        return std::string_view(chunk_).substr(chunk_.size() - size_ - chunk_end.size(), size_);
    }
    /// The text as a chunk of HTTP/1.1.
    std::string_view chunk() const noexcept { return chunk_; }

private:
    std::string id_;
    std::string chunk_{};
    std::size_t size_;
};
using event_frame_ptr = std::shared_ptr<event_frame const>;

/// The last events of a topic, numbered from 0.
class event_history {
public:
    /// Adds one, and drops what is not to be kept any more.
    void add(event_frame_ptr frame, event_source_hub_options const& o);

    std::uint64_t first() const noexcept { return first_; }
    std::uint64_t end() const noexcept { return first_ + frames_.size(); }
    event_frame_ptr const& at(std::uint64_t number) const {
        return frames_[static_cast<std::size_t>(number - first_)];
    }
    /// The number behind the event with this id; of the first that is kept, if there is none.
    std::uint64_t behind(std::string_view id) const;

private:
    std::deque<event_frame_ptr> frames_;
    std::uint64_t first_ = 0;
    std::size_t bytes_ = 0;
};

/// One client that has subscribed.
class event_subscription final : public stream_body,
                                 public boost::intrusive::list_base_hook<
                                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    event_subscription(std::shared_ptr<event_topics> topics, std::string_view topic,
                       std::string_view last);
    HTTPHOOKS_DECL ~event_subscription() override;

    HTTPHOOKS_DECL void start(asio::any_io_executor const& executor, stream_sink& sink) override;
    bool started() const noexcept override { return started_; }
    HTTPHOOKS_DECL void stop() noexcept override;

    /// There is something to take.
    void tell() noexcept {
        if (sink_) sink_->on_stream();
    }
    /// Has its own part of what tell() needs fetched; then that of the sink, then the rest.
    void fetch() const noexcept { prefetch(this, sizeof *this); }
    void fetch_sink() const noexcept { prefetch(sink_, 64); }
    void fetch_rest() const noexcept {
        if (sink_) sink_->on_stream_soon();
    }
    /// The time of a heartbeat.
    void beat() noexcept;
    void end() noexcept {
        ended_ = true;
        tell();
    }
    /// It has entered a loop.
    void loop(std::shared_ptr<event_loop> l) noexcept { loop_ = std::move(l); }

private:
    /// What it needs to begin.
    struct wish {
        std::shared_ptr<event_topics> topics;
        std::string topic;
        std::string last;
    };

    HTTPHOOKS_DECL std::string_view next() noexcept override;
    HTTPHOOKS_DECL void consume(std::size_t n) override;
    HTTPHOOKS_DECL std::string_view next_chunk() noexcept override;
    HTTPHOOKS_DECL std::size_t consume_chunk() noexcept override;
    HTTPHOOKS_DECL bool ended(bool& failed) const noexcept override;
    HTTPHOOKS_DECL void break_off(error_code, std::exception_ptr) noexcept override;

    std::unique_ptr<wish> wish_;
    std::shared_ptr<event_loop> loop_{};
    stream_sink* sink_ = nullptr;
    /// The event of which a part was taken.
    event_frame_ptr begun_{};
    std::size_t offset_ = 0;
    std::uint64_t number_ = 0;
    bool started_ = false;
    bool ended_ = false;
    bool failed_ = false;
    /// Nothing was sent since the last heartbeat.
    bool quiet_ = false;
};

/** Those of an event loop who have subscribed to a topic, and the events for them.

    On the loop's executor, but for what the topics do under their mutex. */
class event_loop final : public std::enable_shared_from_this<event_loop> {
public:
    event_loop(std::weak_ptr<event_topics> topics, std::string topic,
               event_source_hub_options const& o, asio::any_io_executor executor,
               event_history const& history);
    event_loop(event_loop const&) = delete;
    event_loop& operator=(event_loop const&) = delete;
    ~event_loop();

    std::string const& topic() const noexcept { return topic_; }
    asio::any_io_executor const& executor() const noexcept { return executor_; }
    event_history const& events() const noexcept { return events_; }
    event_source_hub_options const& options() const noexcept { return options_; }
    std::size_t size() const noexcept { return count_.load(std::memory_order_relaxed); }

    void enter(event_subscription& s);
    void leave(event_subscription& s) noexcept;

    /// Under the topics' mutex: an event has come, or the end; deliver() follows.
    void add(event_frame_ptr frame);
    void end();

private:
    using list =
        boost::intrusive::list<event_subscription, boost::intrusive::constant_time_size<false>>;

    inline void post();
    /// Under the topics' mutex. @return whether nothing is left
    inline bool take_incoming();
    inline void deliver();
    /// Calls something for each that there is, whatever becomes of them meanwhile.
    inline void for_all(std::function<void(event_subscription&)> const& f);
    static inline void fetch_next(list const& all) noexcept;
    inline void wait();

    std::weak_ptr<event_topics> topics_;
    std::string const topic_;
    event_source_hub_options const options_;
    asio::any_io_executor const executor_;
    event_history events_;
    list members_;
    std::atomic<std::size_t> count_{0};
    std::vector<event_frame_ptr> incoming_{};
    std::optional<timer> timer_{};
    bool posted_ = false;
    bool ended_ = false;
};

/// The topics of a hub. Thread-safe.
class event_topics final : public std::enable_shared_from_this<event_topics> {
public:
    explicit event_topics(event_source_hub_options const& o);

    void publish(std::string_view topic, server_event e);
    std::size_t subscribers(std::string_view topic) const;
    void close();

    /** Has a subscription enter its loop.
        @param last the id of the last event it has; empty: none
        @return where it begins; nothing: the hub is closed */
    std::optional<std::uint64_t> enter(event_subscription& s, std::string_view topic,
                                       std::string_view last,
                                       asio::any_io_executor const& executor);
    /// The last of a loop has left.
    void forget(event_loop& loop) noexcept;
    /// Under the mutex.
    template <class F>
    void locked(F f) {
        std::lock_guard const lock(mutex_);
        f();
    }

private:
    struct topic {
        event_history history{};
        std::vector<std::shared_ptr<event_loop>> loops{};
    };

    event_source_hub_options const options_;
    std::string const epoch_;
    mutable std::mutex mutex_;
    std::map<std::string, topic, std::less<>> topics_;
    std::uint64_t numbers_ = 0;
    bool closed_ = false;
};

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/events/impl/event_topics.ipp>
#endif
