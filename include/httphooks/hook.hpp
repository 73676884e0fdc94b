// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a hook is: its id, its options, its description, and the forms that its callback may have.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/hook_type.hpp>
#include <httphooks/into_response.hpp>
#include <httphooks/message.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <compare>
#include <concepts>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace httphooks {

/// Names a registered hook; never reused within a registry.
class hook_id {
public:
    /// An id that no hook has.
    constexpr hook_id() = default;
    /// The id with this number.
    constexpr explicit hook_id(std::uint64_t value) : value_(value) {}

    /// The number behind the id, from 1.
    constexpr std::uint64_t value() const noexcept { return value_; }

    /// In the order of registration.
    friend constexpr auto operator<=>(hook_id, hook_id) = default;

private:
    std::uint64_t value_ = 0;
};

/// A body, as a hook's documentation tells of it.
struct body_annotation {
    /// Its media type, as "application/json"; empty: there is no body to tell of.
    std::string content_type{};
    /// A JSON Schema of it, as JSON text; empty: none.
    std::string schema{};
};

/// A response, as a hook's documentation tells of it.
struct response_annotation {
    /// Its status, as 200.
    unsigned status = 200;
    /// What it means; empty: the status' reason phrase.
    std::string description{};
    /// The body that it has.
    body_annotation body{};
};

/// What a hook's documentation says beyond its options; for tables and OpenAPI.
struct hook_annotations {
    /// More than the summary; Markdown.
    std::string description{};
    /// Groups that the operation belongs to.
    std::vector<std::string> tags{};
    /// The body that requests have.
    body_annotation request{};
    /// Nothing: a 200 is assumed.
    std::vector<response_annotation> responses{};
};

/// How a responder takes the body of a request.
enum class body : std::uint8_t {
    /// It is there as a whole when the responder starts.
    whole,
    /// The responder starts when the header has come, and reads the body with a request_body.
    stream,
};

/// What a hook may say about itself when it is registered.
struct hook_options {
    /// A name for logs and tables; need not be unique.
    std::string name{};
    /// How long an asynchronous run may take; nothing: the registry's default, but none for one
    /// that reads the body while it comes; 0: without limit.
    std::optional<std::chrono::milliseconds> time_limit{};
    /// The longest request body in bytes; the smallest of the hooks that match replaces the
    /// server's limit. 0 of a responder that reads a stream: no limit.
    std::optional<std::uint64_t> body_limit{};
    /// How a responder takes the body. Where one reads a stream, all hooks of the request see it
    /// with an empty body, and the pre-responders run before the body comes. Only one responder of
    /// a request may. No meaning for hooks of another type.
    httphooks::body body = httphooks::body::whole;
    /// Whether a pre-responder looks at the body. One that does not runs as soon as the header has
    /// come, unless one in front of it does: a request that it refuses is answered before its body
    /// is read. No meaning for hooks of another type.
    bool needs_body = true;
    /// Whether a remote caller's filter may leave the hook out; nothing: not a pre-responder.
    std::optional<bool> mandatory{};
    /// A responder that runs only where no other one serves the path: for files, single-page
    /// applications, proxies. Of several that match, the most specific one runs. Other methods of a
    /// path that others serve stay a 405. It has no effect for hooks of another type, which the
    /// error handler is told.
    bool fallback = false;
    /// One sentence on what the hook is for.
    std::string summary{};
    /// What its documentation says beyond that.
    hook_annotations annotations{};
};

/// A registered hook as data.
struct hook_info {
    /// What names it in its registry.
    hook_id id{};
    /// Which of the seven types it is of.
    hook_type type{};
    /// The method it is registered for; any_verb: every method.
    verb method = any_verb;
    /// The pattern as it was written.
    std::string pattern{};
    /// What it said about itself.
    hook_options options{};
    /// Where in the source it was registered.
    std::source_location where{};

    /// Whether a remote caller's filter must keep it.
    bool mandatory() const noexcept {
        return options.mandatory.value_or(type == hook_type::pre_responder);
    }
};

/// Something that went wrong in a hook; what the registry's error handler is given.
struct hook_error {
    /// The hook in which it happened.
    hook_info const& hook;
    /// The number of the exchange, as context::id() gives it.
    std::uint64_t exchange_id;
    /// What the hook reported, or what the library found; clear when it threw.
    error_code code;
    /// What the hook threw; null when it did not throw.
    std::exception_ptr exception;
    /// What the code is about, as the name of a header field or an option; empty: nothing to add.
    std::string detail{};
    /// The request's id, good until the handler returns; empty when requests have none.
    std::string_view request_id{};

    /// The text of the code or of the exception, and the detail.
    std::string what() const;
};

class hook_done;

namespace detail {

/// The text of an exception, or of a code when it is null.
std::string error_text(error_code const& code, std::exception_ptr const& exception);

template <class T>
struct awaitable_value {
    static constexpr bool is_awaitable = false;
};
template <class T>
struct awaitable_value<asio::awaitable<T>> {
    static constexpr bool is_awaitable = true;
    using type = T;
};

/// The four forms of a callback, and none of them.
enum class hook_form { none, value, void_, coroutine, callback };

template <class Context, class T>
concept hook_result = std::is_void_v<T> ||(Context::may_respond&& convertible_to_response<T>);

template <class F, class Context>
constexpr hook_form form_of() {
    if constexpr (std::invocable<F&, Context&>) {
        using R = std::invoke_result_t<F&, Context&>;
        using A = awaitable_value<std::remove_cvref_t<R>>;
        if constexpr (A::is_awaitable) {
            return hook_result<Context, typename A::type> ? hook_form::coroutine : hook_form::none;
        } else if constexpr (std::is_void_v<R>) {
            return hook_form::void_;
        } else {
            return hook_result<Context, R> ? hook_form::value : hook_form::none;
        }
    } else if constexpr (std::invocable<F&, Context&, hook_done>) {
        return std::is_void_v<std::invoke_result_t<F&, Context&, hook_done>> ? hook_form::callback
                                                                             : hook_form::none;
    } else {
        return hook_form::none;
    }
}

}  // namespace detail

/** A callback that can be registered for hooks of this context's type.

    One of `T(Context&)`, `void(Context&)`, `awaitable<void or T>(Context&)` and
    `void(Context&, done)`, where `T` converts to a response; listeners return nothing. A callback
    may be called by several threads at once.

    What a pre-responder returns ends the chain, what a post-responder returns replaces the
    responses; but a 2xx without content and fields, as `status::ok`, lets the chain go on. Of a
    post-responder any other status ends the chain, too.
*/
template <class F, class Context>
concept hook_function = detail::form_of<std::remove_reference_t<F>, Context>()
!= detail::hook_form::none;

}  // namespace httphooks

/// @cond
/// Hook ids in unordered containers.
template <>
struct std::hash<httphooks::hook_id> {
    std::size_t operator()(httphooks::hook_id id) const noexcept {
        return std::hash<std::uint64_t>()(id.value());
    }
};
/// @endcond

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/hook.ipp>
#endif
