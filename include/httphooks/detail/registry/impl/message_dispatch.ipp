// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/registry/message_dispatch.hpp>
#include <httphooks/detail/text/http_date.hpp>

#include <httphooks/detail/registry/exchange_factory.hpp>
#include <httphooks/detail/registry/hook_entry.hpp>
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

HTTPHOOKS_DECL response bad_envelope_reply(exchange_factory& hooks, origin const& from) {
    response reply = error_response(status::bad_request);
    identify(hooks, request(), from, reply);
    reply.append_parsed(field::date, "Date", http_date(coarse_time()));
    reply.append_parsed(field::content_length, "Content-Length",
                        std::to_string(reply.body().size()));
    return reply;
}

inline void message_dispatch::refuse(std::string_view id) {
    listener_.on_answer(bad_envelope_reply(*loop_->hooks, origin_), id);
}

inline void message_dispatch::answer(exchange_ptr const& ex, std::string_view id) {
    response reply = finished_reply(*ex, every_file);
    listener_.on_answer(reply, id);
    ex->handed_over();
    recycle(std::move(reply));
}

HTTPHOOKS_DECL void message_dispatch::on_reply(exchange& ex) noexcept {
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

HTTPHOOKS_DECL void message_dispatch::cancel() noexcept {
    std::vector<entry> const all = std::exchange(queue_, {});
    for (entry const& e : all)
        if (e.journey && !e.ready) e.journey->cancel();
}

}  // namespace httphooks::detail
