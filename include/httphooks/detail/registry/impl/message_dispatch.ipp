// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/registry/message_dispatch.hpp>

#include <httphooks/detail/registry/exchange_factory.hpp>
#include <httphooks/detail/registry/message_streams.hpp>
#include <httphooks/detail/runs/dispatch_operation.hpp>
#include <httphooks/envelope.hpp>
#include <httphooks/exchange.hpp>
#include <httphooks/into_response.hpp>
#include <httphooks/message.hpp>
#include <httphooks/origin.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::detail {

/// Whether an answer has to wait for that of an earlier message.
inline bool message_dispatch::must_wait(std::string_view id) const noexcept {
    return id.empty() && std::ranges::any_of(queue_, [](entry const& e) { return e.id.empty(); });
}

HTTPHOOKS_DECL bool message_dispatch::receive(std::string_view json) {
    exchange_ptr ex = loop_->hooks->make_exchange(loop_->executor, this);
    std::string_view id;
    error_code const ec = envelope::detail::decode_to(ex->incoming(), id, json, depth_);
    ex->origin() = origin_;
    bool ready = true;
    if (ec && ec != error::unknown_method) {
        refuse_message(*ex, ec);
    } else {
        if (takes_streams_ && !id.empty()) [[unlikely]]
            ex->take_streams();
        ready = ex->start();
    }
    if (ready && !must_wait(id))
        answer(ex, id);
    else
        queue_.push_back({std::move(ex), std::string(id), ready});
    return in_flight() < most_;
}

HTTPHOOKS_DECL void refuse_message(exchange& ex, error_code why) {
    ex.incoming().version(11);
    ex.refuse(status::bad_request, why);
}

inline void message_dispatch::answer(exchange_ptr const& ex, std::string_view id) {
    response reply = finished_reply(*ex, every_file);
    if (!reply.body().is_text()) [[unlikely]]
        return begin_stream(*ex, reply, id);
    listener_.on_answer(reply, id);
    ex->handed_over();
    recycle(std::move(reply));
}

/// Who writes the stream begins behind the response-listeners.
inline void message_dispatch::begin_stream(exchange& ex, response const& reply,
                                           std::string_view id) {
    ex.watch(*reply.body().stream());
    ex.handed_over();
    if (!streams_) {
        stream_carrier& carrier = *this;
        streams_ = std::make_shared<message_streams>(carrier, loop_->executor);
    }
    streams_->begin(reply, id,
                    [this](stream_message const& m) { return listener_.on_stream_message(m); });
}

HTTPHOOKS_DECL void message_dispatch::on_stream_over() noexcept {
    if (in_flight() + 1 == most_) listener_.on_room();
}

HTTPHOOKS_DECL void message_dispatch::on_reply(exchange& ex) noexcept {
    auto const it =
        std::ranges::find_if(queue_, [&ex](entry const& e) { return e.journey.get() == &ex; });
    if (it == queue_.end()) return;
    bool const was_full = in_flight() >= most_;
    if (it->id.empty()) {
        it->ready = true;
        answer_in_order();
    } else {
        entry const done = std::move(*it);
        queue_.erase(it);
        answer(done.journey, done.id);
    }
    if (was_full && in_flight() < most_) listener_.on_room();
}

/// Gives the answers without id whose turn it is.
inline void message_dispatch::answer_in_order() {
    for (;;) {
        auto const it = std::ranges::find_if(queue_, [](entry const& e) { return e.id.empty(); });
        if (it == queue_.end() || !it->ready) return;
        entry const done = std::move(*it);
        queue_.erase(it);
        answer(done.journey, {});
    }
}

HTTPHOOKS_DECL void message_dispatch::cancel() noexcept {
    std::vector<entry> const all = std::exchange(queue_, {});
    for (entry const& e : all)
        if (!e.ready) e.journey->cancel();
    if (auto const streams = std::exchange(streams_, nullptr)) streams->cancel();
}

}  // namespace httphooks::detail
