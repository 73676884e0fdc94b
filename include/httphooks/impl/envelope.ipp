// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/envelope.hpp>

#include <httphooks/detail/fields/framing_fields.hpp>
#include <httphooks/detail/json/envelope_writer.hpp>
#include <httphooks/detail/json/json_tape.hpp>
#include <httphooks/detail/json/json_text.hpp>
#include <httphooks/detail/text/base64.hpp>
#include <httphooks/detail/text/http_text.hpp>
#include <httphooks/error.hpp>
#include <httphooks/message.hpp>

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace httphooks::envelope {

namespace detail {

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

/// Whether there is a value that is not null.
inline bool is_given(json_node const* value) noexcept {
    return value && value->kind != json_kind::null;
}

/// Whether there is a value that is a string.
inline bool is_string(json_node const* value) noexcept {
    return value && value->kind == json_kind::string;
}

/// Makes fields of the headers of an envelope.
class header_reader {
public:
    explicit header_reader(fields& to) noexcept : to_(to) {}

    /// @return what is wrong with them
    error_code read(json_node const& headers);

private:
    void add_all(std::string_view name, json_node const& value);
    void add(std::string_view name, field id, bool kept, json_slice const& value);

    fields& to_;
    std::size_t count_ = 0;
    error_code failure_{};
    std::string name_text_{};
    std::string value_text_{};
};

HTTPHOOKS_DECL error_code header_reader::read(json_node const& headers) {
    if (headers.kind != json_kind::object) return error::invalid_envelope;
    each_member(headers, [this](json_node const& name, json_node const& value) {
        if (!failure_) add_all(plain_text(name, name_text_), value);
    });
    return failure_;
}

HTTPHOOKS_DECL void header_reader::add_all(std::string_view name, json_node const& value) {
    field const id = beast::http::string_to_field(name);
    if (id == field::unknown && !is_token(name)) {
        failure_ = error::invalid_field_name;
        return;
    }
    bool const kept = !is_reserved(name, id);
    to_.erase(name);
    if (value.kind != json_kind::array) return add(name, id, kept, value);
    each_element(value, [&](json_node const& one) {
        if (!failure_) add(name, id, kept, one);
    });
}

HTTPHOOKS_DECL void header_reader::add(std::string_view name, field id, bool kept,
                                       json_slice const& s) {
    std::string_view const value = plain_text(s, value_text_);
    if (s.kind != json_kind::string && s.kind != json_kind::number && s.kind != json_kind::boolean)
        failure_ = error::invalid_envelope;
    else if (!is_field_text(value))
        failure_ = error::invalid_field_value;
    else if (++count_ > most_fields)
        failure_ = error::invalid_envelope;
    else if (kept)
        to_.append_parsed(id, name, trim_ows(value));
}

inline error_code read_content(json_node const* content, json_node const* encoding, request& to) {
    bool base64 = false;
    std::string scratch;
    if (is_given(encoding)) {
        base64 = is_string(encoding) && plain_text(*encoding, scratch) == "base64";
        if (!base64) return error::invalid_envelope;
    }
    if (!is_given(content)) return {};
    if (base64) {
        if (!is_string(content) || !append_from_base64(to.body(), plain_text(*content, scratch)))
            return error::invalid_base64;
        return {};
    }
    if (is_string(content)) {
        append_unescaped(to.body(), *content);
        return {};
    }
    to.body() = content->text;
    if (!to.contains(field::content_type))
        to.append_parsed(field::content_type, "Content-Type", "application/json");
    return {};
}

inline error_code read_method(json_slice const& method, request& to) {
    std::string scratch;
    std::string_view const name = plain_text(method, scratch);
    verb v = beast::http::string_to_verb(name);
    if (v == verb::unknown) {
        if (!is_token(name)) return error::invalid_envelope;
        std::string upper(name);
        for (char& c : upper)
            if (c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
        v = beast::http::string_to_verb(upper);
        if (v == verb::unknown) {
            to.method_string(upper);
            return error::unknown_method;
        }
    }
    to.method(v);
    return {};
}

HTTPHOOKS_DECL error_code decode_to(request& r, std::string_view& id, json_node const& object) {
    if (object.kind != json_kind::object) return error::invalid_envelope;
    r.version(11);
    members m;
    std::string scratch;
    each_member(object, [&](json_node const& name, json_node const& value) {
        if (json_node const** const member = m.of(plain_text(name, scratch))) *member = &value;
    });
    if (m.id) id = written(*m.id);
    if (!is_string(m.method) || !is_string(m.url)) return error::invalid_envelope;

    std::string_view const url = plain_text(*m.url, scratch);
    if (!is_target_text(url) || !(url.starts_with('/') || ascii_istarts_with(url, "http://") ||
                                  ascii_istarts_with(url, "https://")))
        return error::invalid_target;
    r.target(url);
    if (is_given(m.headers))
        if (error_code const ec = header_reader(r).read(*m.headers)) return ec;
    if (error_code const ec = read_content(m.content, m.encoding, r)) return ec;
    return read_method(*m.method, r);
}

/// The member `id` of what is no envelope; empty if it cannot be read.
inline std::string_view id_of_invalid(std::string_view json, std::size_t depth) {
    std::string_view id;
    std::string scratch;
    json_scanner(json, depth).object([&](json_slice const& name, json_slice const& value) {
        if (plain_text(name, scratch) == "id") id = written(value);
        return true;
    });
    return is_utf8(id) ? id : std::string_view();
}

HTTPHOOKS_DECL error_code decode_to(request& r, std::string_view& id, std::string_view json,
                                    std::size_t depth) {
    json_tape tape;
    if (tape.read(json, depth) && is_utf8(json)) return decode_to(r, id, tape.root());
    id = id_of_invalid(json, depth);
    return error::invalid_envelope;
}

}  // namespace detail

HTTPHOOKS_DECL error_code decode(std::string_view json, received& out, std::size_t depth) {
    request& r = out.message;
    r.clear();
    r.method_string({});
    r.target({});
    r.body().clear();
    out.id = {};
    return detail::decode_to(r, out.id, json, depth);
}

HTTPHOOKS_DECL void encode(std::string& to, response const& r, std::string_view id) {
    detail::json_writer<detail::plain_json> out(to, detail::envelope_size(r, id));
    detail::put_envelope(out, r, id);
}

HTTPHOOKS_DECL std::string encode(response const& r, std::string_view id) {
    std::string s;
    encode(s, r, id);
    return s;
}

}  // namespace httphooks::envelope
