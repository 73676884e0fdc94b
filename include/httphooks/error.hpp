// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What can go wrong in the hooks themselves, as error codes.
*/

#include <httphooks/config.hpp>

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>
#include <boost/system/system_error.hpp>

#include <string>
#include <type_traits>

namespace httphooks {

using boost::system::error_code;
using boost::system::system_error;

/// A value, or the error_code that says why there is none.
template <class T>
using result = boost::system::result<T>;

/// The errors of the core; category "httphooks".
enum class error {
    /// A request target is not of a form that the server accepts.
    invalid_target = 1,
    /// A `%` in a path is not followed by two hexadecimal digits.
    invalid_escape,
    /// A path holds the byte 0, plain or escaped.
    null_byte,
    /// The dot segments of a path lead out of its root.
    path_above_root,
    /// A route pattern cannot be compiled.
    invalid_pattern,
    /// No hook has this id.
    unknown_hook,
    /// A header field's name is not a token.
    invalid_field_name,
    /// A header field's value, or a reason phrase, holds CR, LF or another control character.
    invalid_field_value,
    /// A response's status is not in 200 to 599.
    invalid_status,
    /// A hook let its `done` go without calling it.
    dropped_done,
    /// A hook took longer than its time limit.
    time_limit,
    /// A pre-responder finished without a decision.
    undecided,
    /// A hook threw something that is not a std::exception.
    unknown_exception,
    /// An envelope is not a JSON object of the shape that hooks take.
    invalid_envelope,
    /// An envelope names a method that is not known.
    unknown_method,
    /// A text that should be base64 is not.
    invalid_base64,
    /// A multipart body, or its Content-Type, is malformed.
    invalid_multipart,
    /// A multipart body exceeds a limit of its parser.
    multipart_limit,
    /// A response is not one that collapses several responses.
    not_a_multi_response,
    /// The observer was completed, or stopped by an error; it takes no more requests.
    observer_stopped,
    /// Too many listeners are running; this one was not started.
    listener_limit,
    /// A pre- or post-responder set content with a 2xx, which means pass(): it was dropped.
    content_dropped,
    /// A responder set no response, and no other did: the reply is empty.
    nothing_set,
    /// A hook set a header field that the library makes: it was left out.
    field_ignored,
    /// An option of a hook has no effect.
    option_ignored,
    /// on_failure gave a status below 300, or none: that of the first reply stands.
    status_ignored,
    /// A guard of a mount, or of a responder that reads a stream, has replaced the content of a
    /// request, of which it sees none: what the client has sent stays. Told once a hook.
    content_ignored,
    /// A client was redirected more often than its options let it follow.
    redirect_limit,
    /// A body is not of a type that forms have.
    not_a_form,
    /// A form is malformed, or a field of it has no name; of a multipart_reader: or it exceeds a
    /// limit of its parts.
    invalid_form,
    /// A form exceeds a limit of its parser.
    form_limit,
    /// The client has gone before the body of its request was whole.
    body_incomplete,
    /// The body of a request is longer than its limit.
    body_limit,
    /// The framing of a request's body is malformed.
    malformed_body,
    /// The body of a request came too slowly.
    body_timeout,
    /// Two responders of one request would read its body as a stream.
    several_streams,
    /// Nobody takes what a stream writes: the client has gone, or the stream has ended.
    stream_closed,
    /// A stream gave more bytes than the length it was given, or fewer.
    stream_length,
    /// The last writer of a stream was let go, and the stream was not ended.
    stream_dropped,
    /// A stream is too long to be collected, where it cannot be sent bit by bit.
    stream_limit,
    /// The JSON of a body is nested deeper than its reader takes.
    json_depth,
};

/// The category of error: name "httphooks".
boost::system::error_category const& error_category() noexcept;

/// An error_code of the category "httphooks"; found by argument-dependent look-up.
error_code make_error_code(error e) noexcept;

namespace detail {

class core_error_category final : public boost::system::error_category {
public:
    char const* name() const noexcept override { return "httphooks"; }

    std::string message(int value) const override {
        switch (static_cast<error>(value)) {
            case error::invalid_target:
                return "invalid request target";
            case error::invalid_escape:
                return "malformed percent escape";
            case error::null_byte:
                return "null byte in a path";
            case error::path_above_root:
                return "dot segments leave the root";
            case error::invalid_pattern:
                return "invalid route pattern";
            case error::unknown_hook:
                return "unknown hook id";
            case error::invalid_field_name:
                return "invalid header field name";
            case error::invalid_field_value:
                return "invalid header field value";
            case error::invalid_status:
                return "status is not in 200 to 599";
            case error::dropped_done:
                return "a hook dropped its done without calling it";
            case error::time_limit:
                return "a hook exceeded its time limit";
            case error::undecided:
                return "a pre-responder finished without a decision";
            case error::unknown_exception:
                return "a hook threw an unknown exception";
            case error::invalid_envelope:
                return "invalid envelope";
            case error::unknown_method:
                return "unknown method";
            case error::invalid_base64:
                return "invalid base64";
            case error::invalid_multipart:
                return "malformed multipart body";
            case error::multipart_limit:
                return "multipart body exceeds a limit";
            case error::not_a_multi_response:
                return "not a collapsed response";
            case error::observer_stopped:
                return "the observer has stopped";
            case error::listener_limit:
                return "too many listeners are running";
            case error::content_dropped:
                return "a 2xx that is set means pass(), and its content is dropped";
            case error::nothing_set:
                return "no responder set a response, so the reply is empty";
            case error::field_ignored:
                return "a header field that the library makes is not taken from a hook";
            case error::option_ignored:
                return "an option has no effect";
            case error::status_ignored:
                return "on_failure cannot make a failure a success";
            case error::content_ignored:
                return "a guard that does not see the content of a request cannot replace it";
            case error::redirect_limit:
                return "redirected too often";
            case error::not_a_form:
                return "not a form";
            case error::invalid_form:
                return "a form is malformed, or a field of it has no name";
            case error::form_limit:
                return "form exceeds a limit";
            case error::body_incomplete:
                return "the client has gone before the body was whole";
            case error::body_limit:
                return "the body exceeds its limit";
            case error::malformed_body:
                return "malformed framing of a body";
            case error::body_timeout:
                return "the body came too slowly";
            case error::several_streams:
                return "two responders would read one body as a stream";
            case error::stream_closed:
                return "nobody takes what the stream writes";
            case error::stream_length:
                return "a stream is not as long as it was said";
            case error::stream_dropped:
                return "a stream's writer was dropped without ending it";
            case error::stream_limit:
                return "a stream is too long to be collected";
            case error::json_depth:
                return "JSON is nested too deep";
        }
        return "unknown error";
    }
};

}  // namespace detail

inline boost::system::error_category const& error_category() noexcept {
    static detail::core_error_category const category;
    return category;
}

inline error_code make_error_code(error e) noexcept {
    return error_code(static_cast<int>(e), error_category());
}

}  // namespace httphooks

/// @cond
template <>
struct boost::system::is_error_code_enum<httphooks::error> : std::true_type {};
/// @endcond
