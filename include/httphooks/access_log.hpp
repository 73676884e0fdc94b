// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A line for each request, as tools read it: JSON, or the combined format.
*/

#include <httphooks/config.hpp>
#include <httphooks/context.hpp>
#include <httphooks/hook_type.hpp>
#include <httphooks/message.hpp>
#include <httphooks/origin.hpp>

#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace httphooks {

/// How a line is written.
enum class access_log_format : std::uint8_t {
    /// An object of JSON (JSON lines).
    json,
    /// As Apache and nginx write their "combined" logs.
    combined,
};

/// Where an access log goes, and what its lines are.
struct access_log_options {
    /// What a line looks like.
    access_log_format format = access_log_format::json;
    /// The file that lines are added to, made when there is none; empty: the standard output.
    std::string file{};
    /// Called with each line, its end included, in place of the file; on several threads at once.
    std::function<void(std::string_view line)> write = nullptr;
    /// Whether targets are written with their query, which may hold what is nobody's business.
    bool query = true;
    /// What time it is; null: the system's clock. For tests.
    std::function<std::chrono::system_clock::time_point()> clock = nullptr;
};

/// What is logged of a request; views are good as long as what they were taken from.
struct access_log_entry {
    /// When its reply was handed over.
    std::chrono::system_clock::time_point time{};
    /// The client's address; unspecified when it is not known.
    asio::ip::address client{};
    /// How it came.
    httphooks::transport transport = httphooks::transport::http;
    /// Whether the client came by TLS.
    bool tls = false;
    /// Its method and target, as the client wrote them.
    std::string_view method{};
    std::string_view target{};
    /// 11: HTTP/1.1.
    unsigned version = 11;
    /// The reply's status.
    unsigned status = 0;
    /// Bytes of the reply's body, a file's too.
    std::uint64_t bytes = 0;
    /// From the beginning of the exchange until its reply was handed over.
    std::chrono::nanoseconds elapsed{};
    /// The fields Referer and User-Agent; empty: none.
    std::string_view referer{};
    std::string_view user_agent{};
    /// The request's id; empty: none.
    std::string_view request_id{};
};

/** A line, its end included.

    It is ASCII without control characters, whatever clients send: these cannot end a line, begin
    another field, or talk to a terminal. In JSON the members are `time` (RFC 3339, UTC), `client`,
    `method`, `target`, `protocol`, `status`, `bytes`, `ms`, `transport`, `tls`, and `referer`,
    `user_agent` and `request_id` when there are any; what is not ASCII is escaped, and not UTF-8 is
    U+FFFD. In the combined format what is not printable ASCII, quotes and backslashes are `\xHH`.
*/
std::string access_log_line(access_log_entry const& e, access_log_format format);

/** A response-listener that writes a line for each request that it sees.

    Lines are written at once, on the thread of the request: a file that is slow delays what the
    thread does next; then let a function hand the lines to another thread. That a line could not be
    written is told to the registry's error handler, once until one is written again.

    Copies write to the same file.

    @par Thread safety
    All members may be called from all threads, if the functions of the options may.
    @par Example
    examples/production_service.cpp
*/
class access_log {
public:
    /// Has exchanges tell how long they took.
    static constexpr bool timed = true;

    /// @throws system_error the file cannot be opened
    explicit access_log(access_log_options o = {});

    /** Opens the file again under its name: call it when the file was moved away, as on SIGHUP.
        @throws system_error the file cannot be opened; lines go where they went before */
    void reopen() const;

    /// As a response-listener.
    template <class State>
    void operator()(basic_context<hook_type::response_listener, State>& c) const {
        log(c.request(), c.origin(), c.response(), c.elapsed(), c.request_id());
    }

private:
    struct state;

    void log(request const& r, origin const& from, response const& reply,
             std::chrono::nanoseconds elapsed, std::string_view id) const;

    std::shared_ptr<state> state_;
};

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/access_log.ipp>
#endif
