// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What one callback sees of an exchange, and what a hook of its type may do to it.
*/

#include <httphooks/cookie.hpp>
#include <httphooks/detail/json/json_depth.hpp>
#include <httphooks/detail/json/malformed_json.hpp>
#include <httphooks/detail/runs/hook_run.hpp>
#include <httphooks/detail/runs/make_state.hpp>
#include <httphooks/error.hpp>
#include <httphooks/form_limits.hpp>
#include <httphooks/hook_done.hpp>
#include <httphooks/into_response.hpp>
#include <httphooks/message.hpp>
#include <httphooks/origin.hpp>
#include <httphooks/parameter_value.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace httphooks {

class form_data;
class request_body;

namespace detail {

struct context_access;

}  // namespace detail

/** What one callback of a hook of type `Type` sees, and may do.

    What a type may not do is not there: a listener has no set_response, only a pre-responder has
    replace_request, only a post-responder replace_response. A context is valid as long as its
    callback runs: until it returns, until its coroutine ends, or until the last copy of `done` has
    gone; so are the views that it gives.

    @par Thread safety
    One thread at a time. Calls after the hook's part is over are counted and have no effect.
*/
template <hook_type Type, class State = no_state>
class basic_context {
public:
    /// The type of the hooks whose callbacks take this context.
    static constexpr hook_type type = Type;
    /// Whether callbacks may return a response, or set one.
    static constexpr bool may_respond = is_responder(Type);

    /// For the pipeline.
    explicit basic_context(detail::hook_run& run) noexcept : run_(run) {}
    basic_context(basic_context const&) = delete;
    basic_context& operator=(basic_context const&) = delete;

    /// The request as this hook is to see it.
    httphooks::request const& request() const noexcept { return run_.request(); }

    /// The path, normalised, still escaped, without the query.
    std::string_view path() const noexcept { return run_.path(); }

    /// The first value of a parameter of the hook's pattern, decoded; empty when absent.
    std::string_view param(std::string_view name) const { return run_.param(name).value_or(""); }

    /// Whether the hook's pattern has the parameter and the target gave it.
    bool has_param(std::string_view name) const { return run_.param(name).has_value(); }

    /** The first value of a parameter of the hook's pattern, read as a number or another type.

        Where the context's type is `auto`, write `c.template param<int>("id")`.

        @return nothing when it is absent, or no `T`; see parameter_from()
    */
    template <parameter_value T>
    std::optional<T> param(std::string_view name) const {
        auto const text = run_.param(name);
        return text ? parameter_from<T>(*text) : std::nullopt;
    }

    /** The same for a parameter without which the hook has no answer.

        @throws http_error with 400, `{"error":"Invalid parameter id"}`: the parameter is absent, or
            no `T`
    */
    template <parameter_value T>
    T require(std::string_view name) const {
        auto value = param<T>(name);
        if (!value) detail::refuse_parameter(name);
        return *std::move(value);
    }

    /// The first value of a query key, decoded; empty when absent.
    std::string_view query(std::string_view name) const { return run_.query(name).value_or(""); }

    /// Whether the query has the key.
    bool has_query(std::string_view name) const { return run_.query(name).has_value(); }

    /// Every value of a query key, decoded, in their order.
    std::vector<std::string_view> query_all(std::string_view name) const {
        return run_.query(name, static_cast<std::size_t>(-1));
    }

    /** The request's body as JSON.

        Include nlohmann/json.hpp to call it.

        @param depth how deep objects and arrays may be nested; who copies or writes a value takes
            some hundred bytes of the stack for each level
        @throws Json::parse_error when it is none, Json::out_of_range when it has a number that is
            too large, and system_error error::json_depth when it is nested deeper. When a hook that
            answers lets it pass, the reply is a 400 with `{"error":"Malformed JSON"}`.
    */
    template <class Json = nlohmann::json>
    Json json(std::size_t depth = detail::default_json_depth) const {
        auto const& text = request().body();
        if (detail::is_nested_deeper(text, depth))
            throw detail::malformed_json_error(system_error(make_error_code(error::json_depth)));
        try {
            return Json::parse(text);
        } catch (typename Json::parse_error const& e) {
            throw detail::malformed_json_error(e);
        } catch (typename Json::out_of_range const& e) {
            throw detail::malformed_json_error(e);
        }
    }

    /** The first value of a cookie of the request, as it was sent; empty when absent.

        Over a socket those of the message, which its sender may claim as he likes; what the browser
        sent is at origin().handshake().
    */
    std::string_view cookie(std::string_view name) const noexcept {
        return cookie_value(request(), name).value_or("");
    }

    /// Whether the request has the cookie.
    bool has_cookie(std::string_view name) const noexcept {
        return cookie_value(request(), name).has_value();
    }

    /** The request's body as a form's fields, `application/x-www-form-urlencoded` or
        `multipart/form-data`.

        Include httphooks/form_data.hpp to call it. The form has views of the body.

        @throws form_error when the body is none, or exceeds a limit. When a hook that answers lets
            it pass, the reply is a 400, 413 or 415 with an object that has the member "error".
    */
    template <class Form = httphooks::form_data>
    Form form(form_limits const& limits = {}) const {
        return Form::of(request(), limits);
    }

    /** What reads the request's body: as it comes, for a responder with body::stream, else as it is
        in the request already. The copies of what it gives are one reader, and may outlive the
        context.

        Include httphooks/request_body.hpp to call it.
    */
    template <class Body = request_body>
    Body body() const requires(Type == hook_type::responder) {
        return Body(run_.body());
    }

    /// Whether a responder reads the request's body while it comes: request().body() is empty then.
    bool body_is_stream() const noexcept { return run_.body_is_stream(); }

    /// The hook whose callback this is.
    hook_info const& hook() const noexcept { return run_.info(); }

    /// Where the request came from.
    httphooks::origin const& origin() const noexcept { return run_.origin(); }

    /// The exchange's number, unique in the process; for logs.
    std::uint64_t id() const noexcept { return run_.id(); }

    /// The request's id, which its reply has too; empty without registry_options::request_id.
    std::string_view request_id() const noexcept { return run_.request_id(); }

    /// How long ago the exchange began; 0 unless it is traced, or the type of some hook's callback
    /// has a member `static constexpr bool timed = true`.
    std::chrono::nanoseconds elapsed() const noexcept { return run_.elapsed(); }

    /// Where the exchange's hooks run.
    asio::any_io_executor const& get_executor() const noexcept { return run_.get_executor(); }

    /** Emits when the hook is cancelled or exceeds its time limit.

        For callbacks of the form `void(context&, done)`; not connected in those that complete when
        they return. A coroutine's operations are cancelled without it.
    */
    asio::cancellation_slot cancellation_slot() const noexcept { return run_.slot(); }

    /// The state that the exchange's hooks share; a listener may only read it.
    auto& state() const noexcept requires(!std::is_same_v<State, no_state>) {
        using state_type = std::conditional_t<is_responder(Type), State, State const>;
        return static_cast<state_type&>(*static_cast<State*>(run_.state()));
    }

    /** The responses so far, in registration order of their responders.

        In a response-listener those that the reply was made of: none when responders ran and set
        none; a single one is the reply itself. A post-responder and a post-listener see the content
        of files, up to registry_options::collect_limit, and none of streams.
    */
    std::span<httphooks::response const> responses() const noexcept
        requires(Type == hook_type::post_listener || Type == hook_type::post_responder ||
                 Type == hook_type::response_listener) {
        return run_.responses();
    }

    /// The final response, as it was handed over; a body that is a file's was not read.
    httphooks::response const& response() const noexcept
        requires(Type == hook_type::response_listener) {
        return run_.reply();
    }

    /** Sets this hook's response; the last one set counts.

        In a pre- or post-responder a 2xx means pass() and its content is dropped, which the error
        handler is told once; any other status ends the chain with it. What such a hook returns is
        otherwise: see hook_function.

        @throws system_error error::invalid_status: the status is not in 200 to 599
    */
    void set_response(httphooks::response message) requires(may_respond) {
        run_.respond(std::move(message), detail::decision::respond);
    }

    /** Sets this hook's response.

        @param code 200 to 599
        @param body the content
        @param content_type the Content-Type; empty: none
    */
    void set_response(status code, std::string body = {},
                      std::string_view content_type = {}) requires(may_respond) {
        set_response(make_response(code, std::move(body), content_type));
    }

    /// Sets this hook's response to what a callback could as well return.
    template <convertible_to_response T>
    requires(may_respond && !std::is_same_v<std::remove_cvref_t<T>, httphooks::response> &&
             !std::is_same_v<std::remove_cvref_t<T>, status>) void set_response(T&& value) {
        set_response(into_response(std::forward<T>(value)));
    }

    /// Sets a response whose body is a range of a file, which is written in pieces.
    void set_response(httphooks::response message,
                      std::shared_ptr<file_body> file) requires(Type == hook_type::responder) {
        message.body().file(std::move(file));
        set_response(std::move(message));
    }

    /** Header fields for the reply, whatever it becomes: an ended chain, 404 and 500 too.

        They take the place of the reply's own of the same names, and of those of earlier hooks,
        except for those of which each counts, like Set-Cookie. Only on the exchange's executor.
    */
    fields& reply_headers() noexcept requires(may_respond) { return run_.reply_headers(); }

    /** Sets a cookie with the reply, whatever it becomes, in place of one that this hook set for
        the same name, path and domain. Only on the exchange's executor.

        @throws std::invalid_argument what cookie::to_string throws
    */
    void set_cookie(httphooks::cookie const& value) requires(may_respond) {
        httphooks::set_cookie(run_.reply_headers(), value, origin().tls());
    }

    /// Has the browser delete a cookie: one of the same name, path and domain.
    void delete_cookie(httphooks::cookie like) requires(may_respond) {
        set_cookie(expired(std::move(like)));
    }

    /// As above, of the path "/" and no domain.
    void delete_cookie(std::string_view name) requires(may_respond) {
        delete_cookie({.name = std::string(name)});
    }

    /// Lets the chain go on. Does not undo an end.
    void pass() noexcept
        requires(Type == hook_type::pre_responder || Type == hook_type::post_responder) {
        run_.pass();
    }

    /** Changes the request for every later hook, and lets the chain go on.

        @param headers these fields overwrite or add by name, the others stay; framing fields and
            `x-httphooks-*` are left out
        @param content replaces the body when it is given
    */
    void replace_request(fields headers,
                         std::optional<std::string> content =
                             std::nullopt) requires(Type == hook_type::pre_responder) {
        run_.replace_request(std::move(headers), std::move(content));
    }

    /// Ends the chain with this response, whatever its status.
    void end(httphooks::response message) requires(Type == hook_type::pre_responder) {
        run_.respond(std::move(message), detail::decision::end);
    }

    /** Replaces all responses so far by this one, and lets the chain go on.

        @throws system_error error::invalid_status: the status is not in 200 to 599
    */
    void replace_response(httphooks::response message) requires(Type == hook_type::post_responder) {
        run_.respond(std::move(message), detail::decision::replace);
    }

private:
    friend struct detail::context_access;

    detail::hook_run& run_;
};

/// @cond
namespace detail {

/// For what is kept with an exchange.
struct context_access {
    template <hook_type Type, class State>
    static hook_run& run(basic_context<Type, State> const& c) noexcept {
        return c.run_;
    }
};

}  // namespace detail
/// @endcond

/// The context of a request-listener.
using request_listener_context = basic_context<hook_type::request_listener>;
/// The context of a pre-responder.
using pre_responder_context = basic_context<hook_type::pre_responder>;
/// The context of a pre-listener.
using pre_listener_context = basic_context<hook_type::pre_listener>;
/// The context of a responder.
using responder_context = basic_context<hook_type::responder>;
/// The context of a post-listener.
using post_listener_context = basic_context<hook_type::post_listener>;
/// The context of a post-responder.
using post_responder_context = basic_context<hook_type::post_responder>;
/// The context of a response-listener.
using response_listener_context = basic_context<hook_type::response_listener>;

}  // namespace httphooks
