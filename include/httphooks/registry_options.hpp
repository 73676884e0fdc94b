// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a registry is created with.
*/

#include <httphooks/config.hpp>
#include <httphooks/hook.hpp>
#include <httphooks/multipart.hpp>
#include <httphooks/request_id.hpp>

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
    /// The value of the Server header; empty: none.
    std::string server_name = {};
    /// The second that it is now; null: the system's clock. For tests.
    std::function<std::time_t()> clock = nullptr;
    /// Random bits for the boundary of a collapsed reply; null: the system's. For tests.
    boundary_source boundary = nullptr;
    /// Gives each request an id, which its reply has too; nothing: requests have none.
    std::optional<httphooks::request_id> request_id = std::nullopt;
};

}  // namespace httphooks
