// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a responder may return: text, JSON, a status, a response, or a type of the user's.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/message.hpp>

#include <boost/beast/core/string.hpp>

#include <nlohmann/json_fwd.hpp>

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace httphooks {

namespace detail {

template <class T>
concept text_value =
    std::derived_from<std::remove_cvref_t<T>, std::string> ||
    std::same_as<std::remove_cvref_t<T>, std::string_view> ||
    std::same_as<std::remove_cvref_t<T>, beast::string_view> || std::same_as < std::decay_t<T>,
char const* > || std::same_as<std::decay_t<T>, char*>;

template <class T>
concept json_value = std::same_as<std::remove_cvref_t<T>, nlohmann::json> ||
    std::same_as<std::remove_cvref_t<T>, nlohmann::ordered_json>;

}  // namespace detail

/// Text becomes a 200 of `text/plain; charset=utf-8`.
template <detail::text_value T>
response into_response(T&& value);

/// JSON becomes a 200 of `application/json`; what is not UTF-8 in its strings is replaced.
template <detail::json_value T>
response into_response(T const& value);

/// A status becomes a response with that status and without a body.
response into_response(status code);

/// A response stays what it is.
response into_response(response value);

/// A response of Beast's is converted.
template <class Body, class Fields>
response into_response(beast::http::message<false, Body, Fields> value);

/** What a responder may return.

    A type of your own models it when a function `response into_response(T)` is found by
    argument-dependent look-up.
*/
template <class T>
concept convertible_to_response = requires(T&& value) {
    { into_response(std::forward<T>(value)) } -> std::same_as<response>;
};

/** A response whose body is the concatenation of its arguments: texts, characters and numbers.
    @return A 200 of `text/plain; charset=utf-8`.
*/
template <class... Parts>
response text(Parts const&... parts);

/** A response of `application/json`.
    @param value Anything that nlohmann::json is constructed from, in braces too.
*/
template <class Json = nlohmann::json>
response json(std::type_identity_t<Json> const& value, status code = status::ok);

/// Ends a response, and keeps the memory of its body for text() on this thread.
void recycle(response&& r) noexcept;

// ---------------------------------------------------------------------------------------------

namespace detail {

response text_response(std::string&& body);

template <class Part>
void append_part(std::string& to, Part const& part) {
    if constexpr (std::same_as<Part, char>) {
        to.push_back(part);
    } else if constexpr (std::same_as<Part, bool>) {
        to.append(part ? "true" : "false");
    } else if constexpr (std::is_arithmetic_v<Part>) {
        char digits[64];
        auto const done = std::to_chars(digits, digits + sizeof digits, part);
        to.append(digits, done.ptr);
    } else {
        to.append(std::string_view(part));
    }
}

/// Appends all of them in one step.
void append_texts(std::string& to, std::initializer_list<std::string_view> parts);

template <class Json>
response json_response(Json const& value, status code) {
    response r(code, 11);
    r.append_parsed(field::content_type, "Content-Type", "application/json");
    r.body() = value.dump(-1, ' ', false, Json::error_handler_t::replace);
    return r;
}

}  // namespace detail

template <detail::text_value T>
response into_response(T&& value) {
    if constexpr (std::derived_from<T, std::string>) {
        return detail::text_response(std::move(value));
    } else {
        std::string body = detail::take_string();
        body.append(std::string_view(value));
        return detail::text_response(std::move(body));
    }
}

template <detail::json_value T>
response into_response(T const& value) {
    return detail::json_response(value, status::ok);
}

template <class Body, class Fields>
response into_response(beast::http::message<false, Body, Fields> value) {
    return convert(std::move(value));
}

template <class... Parts>
response text(Parts const&... parts) {
    std::string body = detail::take_string();
    if constexpr ((std::convertible_to<Parts const&, std::string_view> && ...))
        detail::append_texts(body, {std::string_view(parts)...});
    else
        (detail::append_part(body, parts), ...);
    return detail::text_response(std::move(body));
}

template <class Json>
response json(std::type_identity_t<Json> const& value, status code) {
    return detail::json_response(value, code);
}

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/into_response.ipp>
#endif
