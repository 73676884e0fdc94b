// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Requests and responses as JSON objects, for transports that carry messages instead of HTTP.

    `{"method","url","headers","content"}` is a request, `{"statusCode","headers","content"}` the
    response to it; a member `id` of any JSON type is echoed.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/json/json_depth.hpp>
#include <httphooks/detail/json/json_tape.hpp>
#include <httphooks/error.hpp>
#include <httphooks/message.hpp>

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace httphooks::envelope {

/// How deep the objects and arrays of an envelope may be nested, itself included.
inline constexpr std::size_t default_depth = httphooks::detail::default_json_depth;

/// How many fields the headers of an envelope may make.
inline constexpr std::size_t most_fields = 256;

/// A request that came as an envelope; may be used again for the next.
struct received {
    /// The member `id` as JSON text, empty if there is none; a view of the envelope. It is there
    /// for an invalid envelope too, when it could be read.
    std::string_view id;
    /// The request.
    request message;
};

/** Reads a request from its envelope.

    `method` (any case) and `url` (beginning with `/`, `http://` or `https://`) are required.
    `headers` is an object whose values are strings, numbers, booleans, or arrays of these for
    repeated fields; when names differ by case only the last one counts. `content` is a string, null
    for an empty body, or any other JSON value, which becomes the body as it was written, with
    `Content-Type: application/json` unless there is another. `"contentEncoding": "base64"` says
    that content is base64. Of members that occur twice the last counts; unknown ones are ignored.

    The fields Host, Forwarded, `X-Forwarded-*` and `X-Httphooks-*` and those that concern the
    connection are left out, also when written with `_` for `-`: a message cannot claim what only
    the connection says.

    @param json The envelope. It has to outlive `out.id`.
    @param depth How deep objects and arrays may be nested.
    @return Nothing for a request. error::invalid_envelope for what is not valid JSON and UTF-8, or
    not an object of that shape; error::invalid_target; error::invalid_field_name and
    error::invalid_field_value; error::invalid_base64; error::unknown_method, and then the request
    is complete but for its method, whose text is kept.
    @par Source
    RFC 8259 (JSON), RFC 4648 4 (base64). A lone surrogate escape becomes U+FFFD.
*/
error_code decode(std::string_view json, received& out, std::size_t depth = default_depth);

/** Appends the envelope of a response to a string.

    Fields keep the names that they were given; several fields of one name are joined by `, `,
    several Set-Cookie are an array. A body that is not UTF-8 becomes base64.
    @param id The JSON text of the member `id`, which comes first; empty for none.
*/
void encode(std::string& to, response const& r, std::string_view id = {});

/// The envelope of a response as a string of its own.
std::string encode(response const& r, std::string_view id = {});

// ---------------------------------------------------------------------------------------------

namespace detail {

using namespace httphooks::detail;

/// The members of an envelope that mean something; null: not there.
struct members {
    json_node const* id = nullptr;
    json_node const* method = nullptr;
    json_node const* url = nullptr;
    json_node const* headers = nullptr;
    json_node const* content = nullptr;
    json_node const* encoding = nullptr;

    json_node const** of(std::string_view name) noexcept {
        auto const is = [name]<std::size_t N>(char const(&known)[N]) {
            return name.size() == N - 1 && std::memcmp(name.data(), known, N - 1) == 0;
        };
        if (is("method")) return &method;
        if (is("url")) return &url;
        if (is("headers")) return &headers;
        if (is("content")) return &content;
        if (is("id")) return &id;
        if (is("contentEncoding")) return &encoding;
        return nullptr;
    }
};

/** As decode(), of an object that is UTF-8.
    @param r is empty
    @param id the member `id` */
error_code decode_to(request& r, std::string_view& id, json_node const& object);

/// As decode(). @param r is empty @param id the member `id`
error_code decode_to(request& r, std::string_view& id, std::string_view json, std::size_t depth);

}  // namespace detail

}  // namespace httphooks::envelope

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/impl/envelope.ipp>
#endif
