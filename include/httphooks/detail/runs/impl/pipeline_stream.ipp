// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Responses that are streams: collected where they must be whole, and who is told what fails.
*/

#include <httphooks/detail/runs/async_run.hpp>
#include <httphooks/detail/runs/pipeline.hpp>
#include <httphooks/detail/runs/stream_collector.hpp>
#include <httphooks/exchange.hpp>
#include <httphooks/stream_body.hpp>

#include <exception>
#include <memory>
#include <string>
#include <utility>

namespace httphooks::detail {

HTTPHOOKS_DECL bool pipeline::collect_streams(exchange& ex) {
    for (response& r : ex.responses_) {
        auto stream = r.body().stream();
        if (!stream) continue;
        if (ex.head() && ex.responses_.size() == 1) return true;
        if (!ex.collector_) {
            registry_options const& o = options(ex);
            watch(ex, *stream);
            ex.collector_ = std::make_shared<stream_collector>(exchange_ptr(&ex), std::move(stream),
                                                               o.collect_limit, o.time_limit);
            ex.collector_->start(async_run::serial_executor(ex));
            return false;
        }
        if (!ex.collector_->done()) return false;
        take_collected(ex, r);
    }
    return true;
}

/// Makes a response of what was collected of its stream.
inline void pipeline::take_collected(exchange& ex, response& r) {
    auto const collector = std::move(ex.collector_);
    if (error_code const ec = collector->error()) {
        r = reply_to({ec});
        ex.author_ = nullptr;
        note(ex, reason_of(ec, nullptr), nullptr, {ec});
    } else {
        r.body() = std::move(collector->text());
    }
}

HTTPHOOKS_DECL void pipeline::watch(exchange& ex, stream_body& stream) {
    if (stream.started()) return;  // it is another reply's
    stream.on_failure([table = ex.table_, author = ex.author_, id = ex.id_,
                       request_id = ex.request_id_](error_code why, std::exception_ptr thrown) {
        if (body_failure(why, thrown) != status::unknown) return;  // the client's affair
        static hook_info const replaced{};
        table->services->report(
            {author ? author->info : replaced, id, why, std::move(thrown), {}, request_id});
    });
}

}  // namespace httphooks::detail

namespace httphooks {

HTTPHOOKS_DECL void exchange::watch(stream_body& stream) {
    detail::pipeline::watch(*this, stream);
}

}  // namespace httphooks
