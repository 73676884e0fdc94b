// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What the namespaces of a server share that is one of several over streams of Redis, and what
    each of them has there.
*/

#include <httphooks/config.hpp>
#include <httphooks/redis/options.hpp>
#include <httphooks/socketio/adapter.hpp>
#include <httphooks/socketio/cluster_message.hpp>
#include <httphooks/socketio/cluster_transport.hpp>
#include <httphooks/socketio/detail/redis_hub.hpp>
#include <httphooks/socketio/detail/redis_stream_reader.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

namespace httphooks::socketio {
struct redis_streams_adapter_options;
}  // namespace httphooks::socketio

namespace httphooks::socketio::detail {

/// The stream of a namespace.
/// @par Source
/// \@socket.io/redis-streams-adapter 0.3, computeStreamName() and hashCode(): the number may be
/// negative
std::string stream_of(std::string_view nsp, redis_streams_adapter_options const& o);

/// The connections of one server.
class redis_streams {
public:
    static std::shared_ptr<redis_streams> of(adapter_context& context, redis::options const& o);

    redis_streams(asio::any_io_executor executor, redis::options const& o)
        : executor_(std::move(executor)), options_(o), hub_(redis_hub::make(executor_, o)) {}

    std::shared_ptr<redis_hub> const& hub() const noexcept { return hub_; }
    /// Who reads a stream, for a namespace that begins.
    std::shared_ptr<redis_stream_reader> enter(std::string const& nsp,
                                               std::shared_ptr<stream_listener> const& listener,
                                               redis_streams_adapter_options const& o);
    /// A namespace ends: the last one of a reader takes it along.
    void leave(std::string const& nsp, stream_listener const& listener,
               redis_streams_adapter_options const& o);

private:
    asio::any_io_executor executor_;
    redis::options options_;
    std::shared_ptr<redis_hub> hub_;
    std::mutex mutex_{};
    std::map<std::string, std::shared_ptr<redis_stream_reader>> readers_{};
};

/// A session as node's servers keep it.
std::string encode_session(session_state const& s);
/// @return nothing: it is none
std::optional<session_state> decode_session(std::string_view text);

/// Reads an entry into a message. @return whether it is one
bool read_entry(cluster_message& m, stream_entry const& e);

/// What a namespace hears: entries of its stream, and messages on its channels. Thread-safe.
class redis_stream_ear final : public redis_listener, public stream_listener {
public:
    explicit redis_stream_ear(bool keeps) : keeps_(keeps) {}

    void open(std::weak_ptr<cluster_link> to);

    HTTPHOOKS_DECL void on_message(redis::message const& m) override;
    std::weak_ptr<cluster_link> link() const override {
        std::lock_guard const lock(mutex_);
        return link_;
    }
    HTTPHOOKS_DECL void on_entry(stream_entry const& e) override;
    HTTPHOOKS_DECL void on_begin(std::string_view offset) override;
    HTTPHOOKS_DECL void on_away() override { deliver_all(); }
    HTTPHOOKS_DECL void on_failure(error_code ec) override;

    /// What names events of this server that its clients have got already.
    std::string const& other_uid() const noexcept { return other_uid_; }

    /// Keeps an event that is on its way to the stream, until it comes back.
    /// @param data as it is to be there @return its number
    std::uint64_t keep(std::shared_ptr<std::string const> data);
    /// It is not on its way at all. @return whether it was kept still: else it was delivered
    bool forget(std::uint64_t number);
    /** It was not added to the stream, or perhaps. Unless it has come back, clients of this server
        get it now, behind those that were to come back before it.
        @param perhaps whether it may come back after all */
    void deliver_lost(std::uint64_t number, bool perhaps);
    /// Redis has gone: clients of this server get all that has not come back now.
    void deliver_all();

private:
    using event_data = std::shared_ptr<std::string const>;
    struct event {
        std::uint64_t number;
        event_data data;
    };

    /// An event of this server is in the stream. @return whether its clients have not got it yet
    inline bool take_back(std::string_view data);
    /// Takes the first of those that are kept, if its number is below another.
    inline event_data take_first(std::uint64_t end);
    /// Clients of this server get an event that is in no stream.
    inline void deliver(std::string const& data, bool perhaps);

    bool const keeps_;
    std::string const other_uid_ = cluster_id();
    mutable std::mutex mutex_{};
    std::weak_ptr<cluster_link> link_{};
    std::deque<event> kept_{};
    std::size_t kept_bytes_ = 0;
    std::uint64_t numbers_ = 0;
    /// Events that were delivered, and may come back after all.
    std::unordered_multiset<std::string> doubtful_{};
    std::size_t doubtful_bytes_ = 0;
};

}  // namespace httphooks::socketio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/detail/impl/redis_streams.ipp>
#endif
