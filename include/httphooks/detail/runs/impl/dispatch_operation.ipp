// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/detail/runs/dispatch_operation.hpp>

#include <httphooks/detail/text/http_date.hpp>
#include <httphooks/pipeline.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>

namespace httphooks::detail {

HTTPHOOKS_DECL response finished_reply(exchange& ex, std::uint64_t most) {
    registry_options const& options = pipeline::options(ex);
    bool const head = ex.head();
    bool const keep_alive = ex.keep_alive();
    unsigned const version = ex.incoming().version();
    response reply = ex.take_reply(most);
    reply.version(version == 10 ? 10 : 11);
    if (!options.server_name.empty() && !reply.contains(field::server))
        reply.set(field::server, options.server_name);
    std::time_t const now = options.clock ? options.clock() : coarse_time();
    if (reply.contains(field::date)) reply.erase(field::date);
    reply.append_parsed(field::date, "Date", http_date(now));
    if (reply.result() != status::no_content && reply.result() != status::not_modified) {
        char digits[20];
        auto const size = response_body::size(reply.body());
        auto const end = std::to_chars(digits, digits + sizeof digits, size).ptr;
        reply.append_parsed(field::content_length, "Content-Length",
                            {digits, static_cast<std::size_t>(end - digits)});
    }
    if (keep_alive && version == 10)
        reply.append_parsed(field::connection, "Connection", "keep-alive");
    else if (!keep_alive && version != 10)
        reply.append_parsed(field::connection, "Connection", "close");
    if (head) reply.body().clear();
    return reply;
}

HTTPHOOKS_DECL bool runs_here(asio::any_io_executor const& executor) noexcept {
    using context_executor = asio::io_context::executor_type;
    if (auto const* const e = executor.target<context_executor>())
        return e->running_in_this_thread();
    if (auto const* const s = executor.target<asio::strand<context_executor>>())
        return s->running_in_this_thread();
    if (auto const* const s = executor.target<asio::strand<asio::any_io_executor>>())
        return s->running_in_this_thread();
    return false;
}

}  // namespace httphooks::detail
