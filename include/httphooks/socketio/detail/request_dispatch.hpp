// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The requests of one socket: objects in, acknowledgements out, in any order, and streams as
    events.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/registry/exchange_factory.hpp>
#include <httphooks/detail/registry/message_dispatch.hpp>
#include <httphooks/detail/registry/message_streams.hpp>
#include <httphooks/engineio/connection.hpp>
#include <httphooks/engineio/detail/drain_listener.hpp>
#include <httphooks/error.hpp>
#include <httphooks/exchange.hpp>
#include <httphooks/message.hpp>
#include <httphooks/origin.hpp>
#include <httphooks/socketio/ack.hpp>
#include <httphooks/socketio/arguments.hpp>
#include <httphooks/socketio/detail/payload.hpp>
#include <httphooks/socketio/dispatch_options.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

class live_socket;

/** Reads a request from the first argument of an event.
    @param to is empty
    @param id the JSON of the member `id`
    @return as envelope::decode() */
error_code read_request(request& to, std::string& id, arguments const& args, std::size_t depth);

/// Makes the payload of an acknowledgement from a response.
void make_response_payload(payload& to, response& r, std::string_view id);

/// Makes the payload of an event from a message of a stream. @param event its name; empty: it is
/// one of an acknowledgement
void make_stream_payload(payload& to, std::string_view event,
                         httphooks::detail::stream_message const& m);

/** The requests of one socket. When the object goes, they are cancelled.

    @par Thread safety
    The socket's executor only. */
class request_dispatch final : public std::enable_shared_from_this<request_dispatch>,
                               public engineio::detail::drain_listener,
                               private httphooks::reply_sink,
                               private httphooks::detail::stream_carrier {
public:
    /// @param of sends what is no acknowledgement
    /// @param below paused while too many requests are under way
    request_dispatch(std::shared_ptr<httphooks::detail::message_loop> loop, origin from,
                     std::weak_ptr<live_socket> of, engineio::connection below,
                     std::shared_ptr<dispatch_options const> o);
    request_dispatch(request_dispatch const&) = delete;
    request_dispatch& operator=(request_dispatch const&) = delete;
    ~request_dispatch() { cancel(); }

    void receive(arguments const& args, acknowledgement const& ack);
    /// Cancels all requests; their answers are dropped.
    void cancel() noexcept;

private:
    using exchange_ptr = httphooks::exchange_ptr;

    struct entry {
        exchange_ptr journey;
        acknowledgement ack;
        std::string id;
    };

    HTTPHOOKS_DECL void on_reply(exchange& ex) noexcept override;
    HTTPHOOKS_DECL void on_drained() noexcept override;
    HTTPHOOKS_DECL std::size_t waiting() const noexcept override;
    HTTPHOOKS_DECL std::size_t limit() const noexcept override;
    HTTPHOOKS_DECL void expect_drain() override;
    HTTPHOOKS_DECL void on_stream_over() noexcept override;
    inline std::size_t in_flight() const noexcept;
    inline void answer(exchange_ptr const& ex, acknowledgement const& ack, std::string_view id);
    inline void begin_stream(exchange& ex, response const& reply, acknowledgement const& ack,
                             std::string_view id);
    inline bool send(httphooks::detail::stream_message const& m, acknowledgement const& ack);
    inline void set_paused(bool b);

    std::shared_ptr<httphooks::detail::message_loop> loop_;
    origin origin_;
    std::weak_ptr<live_socket> socket_;
    engineio::connection connection_;
    std::shared_ptr<dispatch_options const> options_;
    std::vector<entry> under_way_{};
    /// Null: there was none yet.
    std::shared_ptr<httphooks::detail::message_streams> streams_{};
    bool paused_ = false;
};

}  // namespace httphooks::socketio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/detail/impl/request_dispatch.ipp>
#endif
