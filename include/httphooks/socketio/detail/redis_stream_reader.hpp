// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Reads a stream of Redis, for all namespaces of a server.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/timer.hpp>
#include <httphooks/redis/connection.hpp>
#include <httphooks/redis/options.hpp>
#include <httphooks/redis/value.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks::socketio::detail {

/// Where an entry of a stream is.
struct stream_place {
    std::uint64_t time = 0;
    std::uint64_t number = 0;

    /// Reads `time-number`, and nothing else.
    static std::optional<stream_place> parse(std::string_view text);
    std::string text() const;
    /// The next place that there can be.
    stream_place next() const noexcept {
        return number == UINT64_MAX ? stream_place{time + 1, 0} : stream_place{time, number + 1};
    }

    friend auto operator<=>(stream_place const&, stream_place const&) = default;
};

/// An entry of a stream, as servers write them.
struct stream_entry {
    std::string_view offset{};
    std::string_view uid{};
    std::string_view nsp{};
    std::string_view type{};
    std::string_view data{};

    /// Reads an entry of a reply of XREAD or XRANGE. @return whether it has a place
    bool read(redis::value const& from);
};

/// Who wants the entries of a namespace.
class stream_listener {
public:
    stream_listener() = default;
    stream_listener(stream_listener const&) = delete;
    stream_listener& operator=(stream_listener const&) = delete;
    virtual ~stream_listener() = default;

    virtual void on_entry(stream_entry const& e) = 0;
    /// The newest entry when reading began.
    virtual void on_begin(std::string_view offset) = 0;
    /// The connection has gone: what there is in the stream comes later.
    virtual void on_away() = 0;
    /// The stream cannot be read, or entries were trimmed before they were.
    virtual void on_failure(error_code ec) = 0;
};

/** Thread-safe. Entries are passed one at a time, in the order of the stream; no listener is called
    behind a mutex of the reader's. */
class redis_stream_reader : public std::enable_shared_from_this<redis_stream_reader> {
public:
    /// @param count entries at a time @param block how long a read waits
    /// @param max_len how many entries the stream keeps at least
    redis_stream_reader(asio::any_io_executor const& executor, redis::options o, std::string name,
                        std::size_t count, std::chrono::milliseconds block, std::size_t max_len);
    ~redis_stream_reader();

    void begin();

    std::string const& name() const noexcept { return name_; }
    /// Whether entries that are added now will be read.
    bool has_begun() const noexcept { return begun_; }

    /// The listener of a namespace, in place of another.
    void add(std::string nsp, std::shared_ptr<stream_listener> const& l);
    /// A listener goes, unless another one has its place. @return whether nobody is left
    bool remove(std::string const& nsp, stream_listener const& l);

    /** Calls a function once everything up to a place was passed to listeners.
        @param f called with the newest place of which that is so; nothing: it has not come in time.
            It is called here or where the stream is read, and behind no mutex */
    void when_read(stream_place upto, std::chrono::milliseconds patience,
                   std::function<void(std::optional<stream_place>)> f);

private:
    using clock = std::chrono::steady_clock;

    struct waiting {
        stream_place upto;
        clock::time_point until;
        std::function<void(std::optional<stream_place>)> f;
    };

    inline void read();
    inline void on_begun(error_code ec, redis::value const& reply);
    /// @param whole whether what was read begins with the entry at the place, if it is still there
    inline void on_read(error_code ec, redis::value const& reply, bool whole);
    inline void on_unread(error_code ec, bool whole);
    inline bool may_miss(std::size_t entries);
    inline bool is_at_place(redis::value const& entry) const;
    inline void tell(error_code ec) const;
    inline void on_failure(error_code ec);
    inline void pass(redis::value const& entry);
    inline void serve_waiting();
    inline std::vector<std::shared_ptr<stream_listener>> listeners() const;
    /// Whether everything up to a place was passed; behind the mutex.
    bool was_passed(stream_place upto) const noexcept {
        return begun_ && !passing_ && upto <= place_;
    }

    redis::connection connection_;
    std::string name_;
    std::size_t count_;
    std::chrono::milliseconds block_;
    httphooks::detail::timer later_;

    mutable std::mutex mutex_{};
    std::map<std::string, std::weak_ptr<stream_listener>, std::less<>> listeners_{};
    std::vector<waiting> waiting_{};
    /// Where the newest entry was that has been passed; another one is being passed perhaps.
    stream_place place_{};
    bool passing_ = false;
    std::atomic<bool> begun_{false};
    /// How many entries are read at a time now.
    std::size_t now_;
    std::size_t max_len_;
    /// Whether entries may have been trimmed that were not read: then what is read begins with the
    /// entry at the place itself, so that it shows.
    bool behind_ = false;
};

}  // namespace httphooks::socketio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/detail/impl/redis_stream_reader.ipp>
#endif
