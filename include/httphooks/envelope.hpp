// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Requests and responses as JSON objects, for transports that carry messages instead of HTTP.

    `{"method","url","headers","content"}` is a request, `{"statusCode","headers","content"}` the
    response to it; a member `id` of any JSON type is echoed.
*/

#include <httphooks/detail/base64.hpp>
#include <httphooks/detail/framing_fields.hpp>
#include <httphooks/detail/http_text.hpp>
#include <httphooks/detail/json_text.hpp>
#include <httphooks/error.hpp>
#include <httphooks/message.hpp>

#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>

namespace httphooks::envelope {

/// How deep the objects and arrays of an envelope may be nested, itself included.
inline constexpr std::size_t default_depth = 200;

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

/// Whether a field of an envelope is ignored; `name` is a token.
inline bool is_reserved(std::string_view name, field id) {
    if (id != field::unknown && !ascii_istarts_with(name, "x-"))
        return id == field::host || id == field::forwarded || is_framing_field(id);
    std::string plain(name);
    for (char& c : plain) c = c == '_' ? '-' : ascii_lower(c);
    if (plain.starts_with("x-forwarded-") || plain.starts_with("x-httphooks-")) return true;
    if (plain == "host" || plain == "forwarded") return true;
    return is_framing_field(beast::http::string_to_field(plain));
}

/// A slice's text, unescaped into `scratch` if need be.
inline std::string_view plain_text(json_slice const& s, std::string& scratch) {
    if (!s.escaped) return s.text;
    scratch.clear();
    append_unescaped(scratch, s);
    return scratch;
}

/// The members of an envelope that mean something.
struct members {
    json_slice id;
    json_slice method;
    json_slice url;
    json_slice headers;
    json_slice content;
    json_slice encoding;

    json_slice* of(std::string_view name) noexcept {
        if (name == "id") return &id;
        if (name == "method") return &method;
        if (name == "url") return &url;
        if (name == "headers") return &headers;
        if (name == "content") return &content;
        if (name == "contentEncoding") return &encoding;
        return nullptr;
    }
};

inline error_code read_headers(json_slice const& headers, std::size_t depth, fields& to) {
    if (headers.kind == json_kind::none || headers.kind == json_kind::null) return {};
    if (headers.kind != json_kind::object) return error::invalid_envelope;
    error_code ec;
    std::string name_text;
    std::string value_text;
    std::size_t count = 0;
    auto const fail = [&ec](error e) {
        ec = e;
        return false;
    };
    bool const good =
        json_scanner(headers.text, depth).object([&](json_slice const& n, json_slice const& v) {
            std::string_view const name = plain_text(n, name_text);
            if (!is_token(name)) return fail(error::invalid_field_name);
            field const id = beast::http::string_to_field(name);
            bool const kept = !is_reserved(name, id);
            to.erase(name);
            auto const add = [&](json_slice const& s) {
                if (s.kind != json_kind::string && s.kind != json_kind::number &&
                    s.kind != json_kind::boolean)
                    return fail(error::invalid_envelope);
                std::string_view const value = plain_text(s, value_text);
                if (!is_field_text(value)) return fail(error::invalid_field_value);
                if (++count > most_fields) return fail(error::invalid_envelope);
                if (kept) to.append_parsed(id, name, trim_ows(value));
                return true;
            };
            return v.kind == json_kind::array ? json_scanner(v.text, depth).array(add) : add(v);
        });
    if (!good && !ec) ec = error::invalid_envelope;
    return ec;
}

inline error_code read_content(json_slice const& content, json_slice const& encoding, request& to) {
    bool base64 = false;
    if (encoding.kind == json_kind::string) {
        std::string scratch;
        base64 = plain_text(encoding, scratch) == "base64";
        if (!base64) return error::invalid_envelope;
    } else if (encoding.kind != json_kind::none && encoding.kind != json_kind::null) {
        return error::invalid_envelope;
    }
    if (content.kind == json_kind::none || content.kind == json_kind::null) return {};
    if (base64) {
        if (content.kind != json_kind::string) return error::invalid_base64;
        std::string scratch;
        if (!append_from_base64(to.body(), plain_text(content, scratch)))
            return error::invalid_base64;
        return {};
    }
    if (content.kind == json_kind::string) {
        append_unescaped(to.body(), content);
        return {};
    }
    to.body() = content.text;
    if (!to.contains(field::content_type))
        to.append_parsed(field::content_type, "Content-Type", "application/json");
    return {};
}

}  // namespace detail

inline error_code decode(std::string_view json, received& out, std::size_t depth) {
    using detail::json_kind;
    out.id = {};
    request& r = out.message;
    r.clear();
    r.method_string({});
    r.target({});
    r.version(11);
    r.body().clear();

    detail::members m;
    std::string scratch;
    detail::json_scanner scanner(json, depth);
    bool const good = scanner.object([&](detail::json_slice const& n, detail::json_slice const& v) {
        if (detail::json_slice* const member = m.of(detail::plain_text(n, scratch))) *member = v;
        return true;
    }) && scanner.at_end();
    if (m.id.kind == json_kind::string)
        out.id = {m.id.text.data() - 1, m.id.text.size() + 2};
    else
        out.id = m.id.text;
    if (!detail::is_utf8(json)) {
        if (!detail::is_utf8(out.id)) out.id = {};
        return error::invalid_envelope;
    }
    if (!good || m.method.kind != json_kind::string || m.url.kind != json_kind::string)
        return error::invalid_envelope;

    std::string_view const url = detail::plain_text(m.url, scratch);
    if (!detail::is_target_text(url) ||
        !(url.starts_with('/') || detail::ascii_istarts_with(url, "http://") ||
          detail::ascii_istarts_with(url, "https://")))
        return error::invalid_target;
    r.target(url);
    if (auto const ec = detail::read_headers(m.headers, depth, r)) return ec;
    if (auto const ec = detail::read_content(m.content, m.encoding, r)) return ec;

    std::string method(detail::plain_text(m.method, scratch));
    if (!detail::is_token(method)) return error::invalid_envelope;
    for (char& c : method)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
    verb const v = beast::http::string_to_verb(method);
    if (v == verb::unknown) {
        r.method_string(method);
        return error::unknown_method;
    }
    r.method(v);
    return {};
}

namespace detail {

inline void append_headers(std::string& to, fields const& from) {
    std::string joined;
    for (auto it = from.begin(), last = from.end(); it != last;) {
        if (it != from.begin()) to.push_back(',');
        append_quoted(to, it->name_string());
        to.push_back(':');
        auto next = it + 1;
        while (next != last && ascii_iequals(next->name_string(), it->name_string())) ++next;
        if (next - it == 1) {
            append_quoted(to, it->value());
        } else if (it->name() == field::set_cookie) {
            for (auto one = it; one != next; ++one) {
                to.push_back(one == it ? '[' : ',');
                append_quoted(to, one->value());
            }
            to.push_back(']');
        } else {
            joined.clear();
            for (auto one = it; one != next; ++one) {
                if (one != it) joined.append(", ");
                joined.append(one->value());
            }
            append_quoted(to, joined);
        }
        it = next;
    }
}

}  // namespace detail

inline void encode(std::string& to, response const& r, std::string_view id) {
    to.reserve(to.size() + id.size() + r.wire().size() * 2 + r.body().size() + 96);
    to.push_back('{');
    if (!id.empty()) to.append("\"id\":").append(id).push_back(',');
    char code[16];
    auto const done = std::to_chars(code, code + sizeof code, r.result_int());
    to.append("\"statusCode\":").append(code, done.ptr).append(",\"headers\":{");
    detail::append_headers(to, r.base());
    to.append("},\"content\":");
    if (detail::is_utf8(r.body())) {
        to.push_back('"');
        detail::append_escaped(to, r.body());
        to.append("\"}");
    } else {
        to.push_back('"');
        detail::append_base64(to, r.body());
        to.append("\",\"contentEncoding\":\"base64\"}");
    }
}

inline std::string encode(response const& r, std::string_view id) {
    std::string s;
    encode(s, r, id);
    return s;
}

}  // namespace httphooks::envelope
