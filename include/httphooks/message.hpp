// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Requests and responses: Beast's messages over our fields, and how to make and convert them.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/error.hpp>
#include <httphooks/fields.hpp>
#include <httphooks/response_body.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/type_traits.hpp>

#include <concepts>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks {

/// The enumerated request methods.
using verb = beast::http::verb;
/// The enumerated statuses.
using status = beast::http::status;

/// In registrations: every method.
inline constexpr verb any_verb = verb::unknown;

/// A request with its body as a string; all of Beast's interface of a message.
using request = beast::http::message<true, beast::http::string_body, fields>;
/// A response with its body as a string, or as a file's; all of Beast's interface of a message.
using response = beast::http::message<false, response_body, fields>;

/** A response of HTTP/1.1, without framing fields.
    @param content_type The Content-Type's value; empty for none.
    @throws system_error with error::invalid_field_value if it holds a control character.
*/
response make_response(status code, std::string body = {}, std::string_view content_type = {});

/** What the library itself replies when there is nothing else to say.

    The body is the reason phrase as text/html; of 500, 502 and 504 it is a JSON object with the
    member "error".
*/
response error_response(status code);

/** Turns any request of Beast's into ours, with all its fields and its body.

    A body of string_body is moved, others are written to a string.
    @throws system_error if a field holds what insert() refuses, or the body cannot be read.
*/
template <class Body, class Fields>
request convert(beast::http::message<true, Body, Fields>&& m);

/// As above, of a response.
template <class Body, class Fields>
response convert(beast::http::message<false, Body, Fields>&& m);

// ---------------------------------------------------------------------------------------------

namespace detail {

/// A status' reason phrase; "Error" for one that has none.
std::string reason_phrase(status code);

/// Writes a body of any kind to the end of a string.
template <bool IsRequest, class Body, class Fields>
void append_body(std::string& to, beast::http::message<IsRequest, Body, Fields>& m) {
    static_assert(!std::same_as<Body, beast::http::buffer_body>,
                  "a message with a buffer_body has its body elsewhere: read it first");
    static_assert(beast::http::is_body_writer<Body>::value,
                  "only a message whose body can be written can be converted");
    typename Body::writer writer(m.base(), m.body());
    error_code ec;
    writer.init(ec);
    if (ec) throw system_error(ec);
    for (bool more = true; more;) {
        auto const piece = writer.get(ec);
        if (ec) throw system_error(ec);
        if (!piece) break;
        for (auto const buffer : beast::buffers_range_ref(piece->first))
            to.append(static_cast<char const*>(buffer.data()), buffer.size());
        more = piece->second;
    }
}

/** Fills the first line of an empty request with one that a parser gave.

    A target or a method that no request can have becomes an empty one, which the hooks refuse.
    @param method_text the method, when it is unknown
*/
void take_start_line(request& to, verb method, std::string_view method_text,
                     std::string_view target, unsigned version);

/// Fills an empty request with one that a parser gave: its fields are not judged again.
template <class Body, class Fields>
void take_parsed(request& to, beast::http::message<true, Body, Fields>& from) {
    std::string_view method_text;
    if (from.method() == verb::unknown) method_text = from.method_string();
    take_start_line(to, from.method(), method_text, from.target(), from.version());
    for (auto const& f : from.base()) to.append_parsed(f.name(), f.name_string(), f.value());
    if constexpr (std::same_as<Body, beast::http::string_body>)
        to.body() = std::move(from.body());
    else
        append_body(to.body(), from);
}

template <class Message, bool IsRequest, class Body, class Fields>
void convert_rest(Message& to, beast::http::message<IsRequest, Body, Fields>& from) {
    to.version(from.version());
    for (auto const& f : from.base()) to.insert(f.name(), f.name_string(), f.value());
    if constexpr (std::same_as<Body, beast::http::string_body>)
        to.body() = std::move(from.body());
    else
        append_body(to.body(), from);
}

}  // namespace detail

template <class Body, class Fields>
request convert(beast::http::message<true, Body, Fields>&& m) {
    if constexpr (std::same_as<beast::http::message<true, Body, Fields>, request>) {
        return std::move(m);
    } else {
        request r;
        if (m.method() == verb::unknown)
            r.method_string(m.method_string());
        else
            r.method(m.method());
        r.target(m.target());
        detail::convert_rest(r, m);
        return r;
    }
}

template <class Body, class Fields>
response convert(beast::http::message<false, Body, Fields>&& m) {
    if constexpr (std::same_as<beast::http::message<false, Body, Fields>, response>) {
        return std::move(m);
    } else {
        response r;
        r.result(m.result_int());
        if (m.reason() != beast::http::obsolete_reason(m.result())) r.reason(m.reason());
        detail::convert_rest(r, m);
        return r;
    }
}

}  // namespace httphooks

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/message.ipp>
#endif
