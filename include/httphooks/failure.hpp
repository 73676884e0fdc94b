// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a reply tells of when something failed; for those who make such replies their own.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/hook.hpp>
#include <httphooks/message.hpp>
#include <httphooks/origin.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <string>
#include <string_view>

namespace httphooks {

/// Why a reply tells of a failure.
enum class failure_reason : std::uint8_t {
    /// A hook threw, an http_error too; or the server itself failed.
    exception,
    /// A hook reported an error or let its `done` go; or a file could not be read.
    error,
    /// A hook exceeded its time limit, or the request that of the server.
    time_limit,
    /// A pre-responder finished without a decision.
    undecided,
    /// A hook gave a response, or a replacement, with a status that none can have.
    invalid_replacement,
    /// No responder serves the path.
    no_match,
    /// The path has responders, but none for the method.
    method_not_allowed,
    /// The request was refused before any hook ran: 400, 408, 413, 414, 417, 431, 501 or 503.
    refused,
};

/// The reason's name, as in "time-limit".
constexpr std::string_view to_string(failure_reason r) noexcept {
    constexpr std::string_view names[]{
        "exception",           "error",    "time-limit",         "undecided",
        "invalid-replacement", "no-match", "method-not-allowed", "refused"};
    return names[static_cast<std::size_t>(r)];
}

/** A failure whose reply is about to go out; good until the handler returns.

    The reply is the library's own: a status that a hook chose is no failure.
*/
struct failure {
    /// What failed.
    failure_reason reason;
    /// The status of the reply, 400 to 599.
    httphooks::status status;
    /// What the hook reported, or the library found; clear when there is no more to say.
    error_code code;
    /// What the hook threw; null when it did not throw.
    std::exception_ptr exception;
    /// The hook that failed; null when no hook did.
    hook_info const* hook;
    /// The request as the hooks left it; of one that was refused as much as was read.
    httphooks::request const& request;
    /// Its path, normalised, still escaped; `/` when the target was not read.
    std::string_view path;
    /// Where it came from.
    httphooks::origin const& origin;
    /// The number of the exchange, as context::id() gives it.
    std::uint64_t exchange_id;
    /// The response that would go out, without what reply_headers() adds.
    response const& reply;

    /** What a client may be told beyond the status: the text of an http_error, or that the JSON of
        its request is malformed; else empty. */
    std::string detail() const;

    /// What happened, for logs: the text of the exception or the code, else the reason's name.
    std::string what() const;
};

/** Makes the reply to a failure; `return f.reply` leaves it as it is.

    @par Thread safety
    Called on the threads that run requests, on several at once.
*/
using failure_handler = std::function<response(failure const&)>;

namespace detail {

/// A failure that the reply will tell of, when nothing replaces it.
struct failure_record {
    failure_reason reason;
    error_code code;
    std::exception_ptr exception;
    hook_info const* hook;
};

}  // namespace detail

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/failure.ipp>
#endif
