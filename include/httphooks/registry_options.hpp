// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a registry is created with.
*/

#include <httphooks/config.hpp>
#include <httphooks/failure.hpp>
#include <httphooks/hook.hpp>
#include <httphooks/multipart.hpp>
#include <httphooks/request_id.hpp>
#include <httphooks/responders.hpp>

#include <chrono>
#include <cstddef>
#include <ctime>
#include <functional>
#include <optional>
#include <string>

namespace httphooks {

/// What a registry is created with.
struct registry_options {
    /// How long an asynchronous run of a hook may take; 0: without limit.
    std::chrono::milliseconds time_limit = std::chrono::seconds(30);
    /// How many asynchronous listeners of one event loop may run at once; more are dropped and
    /// counted.
    std::size_t max_listeners = 10'000;
    /// Told of every error in a hook, on the thread where it happened; null: one line on std::cerr.
    std::function<void(hook_error const&)> error_handler = nullptr;
    /** Asked once for each reply of the library's own that tells of a failure, before
        context::reply_headers() are added; null: such replies stay as they are.

        What it gives goes out in its place, a redirection too, but it cannot make it a success: of
        a status below 300 the first one stands. `Allow`, and the fields for pages of other origins,
        stay. When it throws, the first reply stands, and the error handler is told.
        problem_details() is one. */
    failure_handler on_failure = nullptr;
    /// How many bytes of a streamed response are collected where it cannot be sent bit by bit; more
    /// make it a 500. It may take as long as `time_limit`. Also how long a file may be whose
    /// content post-responders and post-listeners see; of a longer one they see the file and no
    /// text.
    std::size_t collect_limit = 1024 * 1024;
    /// Whether the reply is a 204, not a 200 without content, when no responder set anything.
    bool empty_is_no_content = false;
    /// The value of the Server header; empty: none.
    std::string server_name = {};
    /// The second that it is now; null: the system's clock. For tests.
    std::function<std::time_t()> clock = nullptr;
    /// Random bits for the boundary of a collapsed reply; null: the system's. For tests.
    boundary_source boundary = nullptr;
    /// Which of the responders that match run.
    httphooks::responders responders = httphooks::responders::all;
    /// Gives each request an id, which its reply has too; nothing: requests have none.
    std::optional<httphooks::request_id> request_id = std::nullopt;
};

}  // namespace httphooks
