// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The messages of one socket as requests to the hooks: envelopes in, envelopes out, in order.
*/

#include <httphooks/detail/registry/exchange_factory.hpp>
#include <httphooks/detail/runs/dispatch_operation.hpp>
#include <httphooks/envelope.hpp>
#include <httphooks/exchange.hpp>
#include <httphooks/into_response.hpp>
#include <httphooks/message.hpp>
#include <httphooks/origin.hpp>
#include <httphooks/pipeline.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::detail {

/// What the sockets of one event loop share to have their messages answered. Not thread-safe.
struct message_loop {
    message_loop(std::unique_ptr<exchange_factory> h, asio::any_io_executor ex)
        : hooks(std::move(h)), executor(std::move(ex)) {}

    std::unique_ptr<exchange_factory> hooks;
    asio::any_io_executor executor;
};

/// The answer to what is no request.
response bad_envelope_reply();

/** The requests of one socket.

    Answers to messages with an id come when they are ready, answers to others in the order of their
    messages. What is no request is answered with 400. When the object goes, its requests are
    cancelled.

    @par Thread safety
    The loop's thread only.
*/
class message_dispatch final : private reply_sink {
public:
    /// Gets the answers; must not destroy the message_dispatch.
    struct listener {
        /// An answer, to be encoded with this id; both are good until it returns.
        virtual void on_answer(response const& reply, std::string_view id) noexcept = 0;
        /// There is room for requests again, after receive() gave false.
        virtual void on_room() noexcept = 0;

    protected:
        ~listener() = default;
    };

    /// @param most how many requests may be under way
    /// @param depth how deep an envelope may be nested
    message_dispatch(std::shared_ptr<message_loop> loop, origin from, listener& l, std::size_t most,
                     std::size_t depth = envelope::default_depth)
        : loop_(std::move(loop)),
          origin_(std::move(from)),
          listener_(l),
          most_(most),
          depth_(depth) {}
    message_dispatch(message_dispatch const&) = delete;
    message_dispatch& operator=(message_dispatch const&) = delete;
    ~message_dispatch() { cancel(); }

    /** Takes a message.
        @return whether there is room for another; if not, on_room() follows */
    bool receive(std::string_view json);

    /// Cancels all requests; their answers are dropped.
    void cancel() noexcept;

    /// How many requests are under way.
    std::size_t in_flight() const noexcept { return queue_.size(); }

private:
    struct entry {
        /// Null for one that was refused.
        exchange_ptr journey;
        std::string id;
        bool ready;
    };

    void on_reply(exchange& ex) noexcept override;
    bool must_wait(std::string_view id) const noexcept;
    void refuse(std::string_view id);
    void answer(exchange_ptr const& ex, std::string_view id);
    void answer_in_order();

    std::shared_ptr<message_loop> loop_;
    origin origin_;
    listener& listener_;
    std::size_t const most_;
    std::size_t const depth_;
    std::vector<entry> queue_{};
};

// ---------------------------------------------------------------------------------------------

/// Whether an answer has to wait for that of an earlier message.
inline bool message_dispatch::must_wait(std::string_view id) const noexcept {
    return id.empty() && std::ranges::any_of(queue_, [](entry const& e) { return e.id.empty(); });
}

inline bool message_dispatch::receive(std::string_view json) {
    exchange_ptr ex = loop_->hooks->make_exchange(loop_->executor, this);
    std::string_view id;
    error_code const ec = envelope::detail::decode_to(ex->incoming(), id, json, depth_);
    if (ec && ec != error::unknown_method) {
        if (must_wait(id))
            queue_.push_back({nullptr, {}, true});
        else
            refuse(id);
        return queue_.size() < most_;
    }
    ex->origin() = origin_;
    bool const ready = ex->start();
    if (ready && !must_wait(id))
        answer(ex, id);
    else
        queue_.push_back({std::move(ex), std::string(id), ready});
    return queue_.size() < most_;
}

inline response bad_envelope_reply() {
    response reply = error_response(status::bad_request);
    reply.append_parsed(field::date, "Date", http_date(coarse_time()));
    reply.append_parsed(field::content_length, "Content-Length",
                        std::to_string(reply.body().size()));
    return reply;
}

inline void message_dispatch::refuse(std::string_view id) {
    listener_.on_answer(bad_envelope_reply(), id);
}

inline void message_dispatch::answer(exchange_ptr const& ex, std::string_view id) {
    response reply = finished_reply(*ex, every_file);
    listener_.on_answer(reply, id);
    ex->handed_over();
    recycle(std::move(reply));
}

inline void message_dispatch::on_reply(exchange& ex) noexcept {
    auto const it =
        std::ranges::find_if(queue_, [&ex](entry const& e) { return e.journey.get() == &ex; });
    if (it == queue_.end()) return;
    bool const was_full = queue_.size() >= most_;
    if (it->id.empty()) {
        it->ready = true;
        answer_in_order();
    } else {
        entry const done = std::move(*it);
        queue_.erase(it);
        answer(done.journey, done.id);
    }
    if (was_full && queue_.size() < most_) listener_.on_room();
}

/// Gives the answers without id whose turn it is.
inline void message_dispatch::answer_in_order() {
    for (;;) {
        auto const it = std::ranges::find_if(queue_, [](entry const& e) { return e.id.empty(); });
        if (it == queue_.end() || !it->ready) return;
        entry const done = std::move(*it);
        queue_.erase(it);
        if (done.journey)
            answer(done.journey, {});
        else
            refuse({});
    }
}

inline void message_dispatch::cancel() noexcept {
    std::vector<entry> const all = std::exchange(queue_, {});
    for (entry const& e : all)
        if (e.journey && !e.ready) e.journey->cancel();
}

}  // namespace httphooks::detail
