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
#include <httphooks/socketio/redis_streams_adapter.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

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
                                               std::weak_ptr<stream_listener> listener,
                                               redis_streams_adapter_options const& o);
    /// A namespace ends: the last one of a reader takes it along.
    void leave(std::string const& nsp, redis_streams_adapter_options const& o);

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
    HTTPHOOKS_DECL void on_failure(error_code ec) override;

    /// What names events of this server that its clients have got already.
    std::string const& other_uid() const noexcept { return other_uid_; }
    /// An event that was to come back does not, or perhaps: its clients get it now.
    /// @param data as it was to be in the stream @param perhaps whether it may come back after all
    void deliver_now(std::string const& data, bool perhaps);

private:
    bool const keeps_;
    std::string const other_uid_ = cluster_id();
    mutable std::mutex mutex_{};
    std::weak_ptr<cluster_link> link_{};
    std::unordered_multiset<std::string> doubtful_{};
    std::size_t doubtful_bytes_ = 0;
};

}  // namespace httphooks::socketio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/detail/impl/redis_streams.ipp>
#endif
