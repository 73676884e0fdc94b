// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/socketio/detail/payload.hpp>

#include <httphooks/detail/json/json_text.hpp>
#include <httphooks/socketio/arguments.hpp>
#include <httphooks/socketio/detail/attached_packet.hpp>
#include <httphooks/socketio/detail/binary_places.hpp>
#include <httphooks/socketio/detail/parse_json.hpp>
#include <httphooks/socketio/error.hpp>
#include <httphooks/socketio/event.hpp>

#include <nlohmann/json.hpp>

#include <boost/system/system_error.hpp>

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

HTTPHOOKS_DECL void append_string(std::string& to, std::string_view value) {
    using namespace httphooks::detail;
    std::size_t const before = to.size();
    to.resize(before + value.size() + text_block + 2);
    char* const out = to.data() + before;
    *out = '"';
    if (copy_run<text_stop::json_or_wide>(out + 1, value.data(), value.size()) == value.size()) {
        out[value.size() + 1] = '"';
        return to.resize(before + value.size() + 2);
    }
    to.resize(before + 1);
    append_json_text(to, value);
    to.push_back('"');
}

/// Appends a number as std::to_chars() writes it.
template <class T>
void append_chars(std::string& to, T value) {
    char text[64];
    to.append(text, std::to_chars(text, text + sizeof text, value).ptr);
}

/// The same; null for what is no number in JSON.
template <class T>
void append_real(std::string& to, T value) {
    if (std::isfinite(value))
        append_chars(to, value);
    else
        append_null(to);
}

HTTPHOOKS_DECL void append_number(std::string& to, long long value) {
    append_chars(to, value);
}

HTTPHOOKS_DECL void append_number(std::string& to, unsigned long long value) {
    append_chars(to, value);
}

HTTPHOOKS_DECL void append_number(std::string& to, float value) {
    append_real(to, value);
}

HTTPHOOKS_DECL void append_number(std::string& to, double value) {
    append_real(to, value);
}

HTTPHOOKS_DECL void append_number(std::string& to, long double value) {
    append_real(to, value);
}

HTTPHOOKS_DECL void append_literal(std::string& to, bool value) {
    to.append(value ? "true" : "false");
}

HTTPHOOKS_DECL void append_null(std::string& to) {
    to.append("null");
}

HTTPHOOKS_DECL void append_bytes(payload& to, std::string_view value) {
    to.text.append(R"({"_placeholder":true,"num":)");
    append_number(to.text, static_cast<unsigned long long>(to.attachments.size()));
    to.text.push_back('}');
    to.attachments.emplace_back(value);
}

/// Appends a document, and its bytes beside it.
template <class Json>
void append_json(payload& to, Json const& value) {
    using kind = typename Json::value_t;
    switch (value.type()) {
        case kind::object: {
            char before = '{';
            for (auto const& [name, inner] : value.items()) {
                to.text.push_back(std::exchange(before, ','));
                append_string(to.text, name);
                to.text.push_back(':');
                append_json(to, inner);
            }
            if (before == '{') to.text.push_back(before);
            to.text.push_back('}');
            break;
        }
        case kind::array: {
            char before = '[';
            for (auto const& inner : value) {
                to.text.push_back(std::exchange(before, ','));
                append_json(to, inner);
            }
            if (before == '[') to.text.push_back(before);
            to.text.push_back(']');
            break;
        }
        case kind::string:
            append_string(to.text, value.template get_ref<typename Json::string_t const&>());
            break;
        case kind::boolean:
            append_literal(to.text, value.template get<bool>());
            break;
        case kind::number_integer:
            append_chars(to.text, value.template get<std::int64_t>());
            break;
        case kind::number_unsigned:
            append_chars(to.text, value.template get<std::uint64_t>());
            break;
        case kind::number_float:
            append_real(to.text, value.template get<double>());
            break;
        case kind::binary: {
            auto const& b = value.get_binary();
            append_bytes(to, {reinterpret_cast<char const*>(b.data()), b.size()});
            break;
        }
        case kind::null:
        case kind::discarded:
            append_null(to.text);
    }
}

HTTPHOOKS_DECL void append_document(payload& to, nlohmann::json const& value) {
    append_json(to, value);
}

HTTPHOOKS_DECL void append_document(payload& to, nlohmann::ordered_json const& value) {
    append_json(to, value);
}

HTTPHOOKS_DECL void begin_payload(payload& to) {
    to.clear();
    to.text.push_back('[');
}

HTTPHOOKS_DECL void begin_event(payload& to, event_name name) {
    if (is_reserved_event(name.text()))
        throw boost::system::system_error(make_error_code(error::reserved_event));
    begin_payload(to);
    if (name.is_number())
        to.text.append(name.text());
    else
        append_string(to.text, name.text());
}

HTTPHOOKS_DECL void separate_argument(payload& to) {
    if (to.text.size() > 1) to.text.push_back(',');
}

HTTPHOOKS_DECL void end_payload(payload& to) {
    to.text.push_back(']');
}

HTTPHOOKS_DECL void append_argument_of(payload& to, arguments const& all, std::size_t index) {
    if (std::string_view const text = all.text(index); !text.empty())
        to.text.append(text);
    else if (index >= all.size())
        append_null(to.text);
    else if (auto const* const packet = all.packet())
        append_attached(to.text, to.attachments, all.packet_text(index), *packet);
    else
        append_document(to, all.json(index));
}

HTTPHOOKS_DECL void append_all(payload& to, arguments const& all) {
    for (std::size_t i = 0; i < all.size(); ++i) {
        separate_argument(to);
        append_argument_of(to, all, i);
    }
}

HTTPHOOKS_DECL nlohmann::json document_of(std::string_view text,
                                          std::span<std::string const> bytes) {
    std::size_t room = std::numeric_limits<std::size_t>::max();
    return document_of(text, bytes, room);
}

HTTPHOOKS_DECL nlohmann::json document_of(std::string_view text, std::span<std::string const> bytes,
                                          std::size_t& room) {
    nlohmann::json all;
    if (!parse_json(all, text)) return nullptr;
    // a placeholder that the application made may refer to nothing: it stays
    if (!bytes.empty()) put_copies(all, bytes, room);
    return all;
}

HTTPHOOKS_DECL nlohmann::json payload_to_json(payload const& from) {
    return document_of(from.text, from.attachments);
}

HTTPHOOKS_DECL void make_payload_of_array(payload& to, nlohmann::json const& array) {
    to.clear();
    append_document(to, array);
}

}  // namespace httphooks::socketio::detail
