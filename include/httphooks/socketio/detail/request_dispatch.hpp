// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The requests of one socket: objects in, acknowledgements out, in any order.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/registry/exchange_factory.hpp>
#include <httphooks/detail/registry/message_dispatch.hpp>
#include <httphooks/engineio/connection.hpp>
#include <httphooks/error.hpp>
#include <httphooks/exchange.hpp>
#include <httphooks/message.hpp>
#include <httphooks/origin.hpp>
#include <httphooks/socketio/ack.hpp>
#include <httphooks/socketio/arguments.hpp>
#include <httphooks/socketio/detail/payload.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

/** Reads a request from the first argument of an event.
    @param to is empty
    @param id the JSON of the member `id`
    @return as envelope::decode() */
error_code read_request(request& to, std::string& id, arguments const& args, std::size_t depth);

/// Makes the payload of an acknowledgement from a response.
void make_response_payload(payload& to, response& r, std::string_view id);

/** The requests of one socket. When the object goes, they are cancelled.

    @par Thread safety
    The socket's executor only. */
class request_dispatch final : private httphooks::reply_sink {
public:
    /// @param below paused while too many requests are under way
    /// @param most how many may be
    request_dispatch(std::shared_ptr<httphooks::detail::message_loop> loop, origin from,
                     engineio::connection below, std::size_t most, std::size_t depth)
        : loop_(std::move(loop)),
          origin_(std::move(from)),
          connection_(std::move(below)),
          most_(most),
          depth_(depth) {}
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
    inline void answer(exchange_ptr const& ex, acknowledgement const& ack, std::string_view id);
    inline void set_paused(bool b);

    std::shared_ptr<httphooks::detail::message_loop> loop_;
    origin origin_;
    engineio::connection connection_;
    std::size_t const most_;
    std::size_t const depth_;
    std::vector<entry> under_way_{};
    bool paused_ = false;
};

}  // namespace httphooks::socketio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/detail/impl/request_dispatch.ipp>
#endif
