// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What is sent with an event or an acknowledgement: JSON text with attachments beside it.
*/

#include <httphooks/config.hpp>
#include <httphooks/socketio/arguments.hpp>
#include <httphooks/socketio/binary.hpp>
#include <httphooks/socketio/error.hpp>
#include <httphooks/socketio/event.hpp>

#include <nlohmann/json.hpp>

#include <boost/system/system_error.hpp>

#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace httphooks::socketio::detail {

/// What is sent with a packet.
struct payload {
    /// A JSON array; with attachments there are placeholders in it.
    std::string text{};
    /// Bytes, in the order of their placeholders.
    std::vector<std::string> attachments{};

    /// Makes it empty, and keeps the memory.
    void clear() noexcept {
        text.clear();
        attachments.clear();
    }
};

/// JSON that is sent as it is.
struct json_text {
    std::string_view text;
};

/// Appends an argument's JSON, and its bytes beside it.
template <class T>
void append_argument(payload& to, T const& value);

/** Makes `["name",arguments...]`.
    @throws boost::system::system_error error::reserved_event */
template <class... Args>
void make_event_payload(payload& to, event_name name, Args const&... args);

/// Makes `[arguments...]`.
template <class... Args>
void make_payload(payload& to, Args const&... args);

/// The array as a document, with the bytes in their places.
nlohmann::json payload_to_json(payload const& from);

/// JSON text as a document, with bytes in place of placeholders; null if it is no JSON.
nlohmann::json document_of(std::string_view text, std::span<std::string const> bytes);

/// Makes a payload of an array that may have bytes in it.
void make_payload_of_array(payload& to, nlohmann::json const& array);

// ---------------------------------------------------------------------------------------------

template <class T>
void append_number_text(std::string& to, T value) {
    if constexpr (std::floating_point<T>) {
        if (!std::isfinite(value)) {
            to.append("null");
            return;
        }
    }
    char text[64];
    to.append(text, std::to_chars(text, text + sizeof text, value).ptr);
}

void append_string(std::string& to, std::string_view value);

void append_bytes(payload& to, std::string_view value);

template <class Json>
void append_document(payload& to, Json const& value) {
    using kind = typename Json::value_t;
    switch (value.type()) {
        case kind::object: {
            char before = '{';
            for (auto const& [name, inner] : value.items()) {
                to.text.push_back(std::exchange(before, ','));
                append_string(to.text, name);
                to.text.push_back(':');
                append_document(to, inner);
            }
            if (before == '{') to.text.push_back(before);
            to.text.push_back('}');
            break;
        }
        case kind::array: {
            char before = '[';
            for (auto const& inner : value) {
                to.text.push_back(std::exchange(before, ','));
                append_document(to, inner);
            }
            if (before == '[') to.text.push_back(before);
            to.text.push_back(']');
            break;
        }
        case kind::string:
            append_string(to.text, value.template get_ref<typename Json::string_t const&>());
            break;
        case kind::boolean:
            to.text.append(value.template get<bool>() ? "true" : "false");
            break;
        case kind::number_integer:
            append_number_text(to.text, value.template get<std::int64_t>());
            break;
        case kind::number_unsigned:
            append_number_text(to.text, value.template get<std::uint64_t>());
            break;
        case kind::number_float:
            append_number_text(to.text, value.template get<double>());
            break;
        case kind::binary: {
            auto const& b = value.get_binary();
            append_bytes(to, {reinterpret_cast<char const*>(b.data()), b.size()});
            break;
        }
        case kind::null:
        case kind::discarded:
            to.text.append("null");
    }
}

template <class T>
void append_argument(payload& to, T const& value) {
    // a document first: it converts to nearly everything
    if constexpr (std::same_as<T, nlohmann::json> || std::same_as<T, nlohmann::ordered_json>) {
        append_document(to, value);
    } else if constexpr (std::same_as<T, bool>) {
        to.text.append(value ? "true" : "false");
    } else if constexpr (integer<T> || std::floating_point<T>) {
        append_number_text(to.text, value);
    } else if constexpr (std::same_as<T, char>) {
        append_string(to.text, std::string_view(&value, 1));
    } else if constexpr (std::is_null_pointer_v<T>) {
        to.text.append("null");
    } else if constexpr (std::convertible_to<T const&, std::string_view>) {
        append_string(to.text, value);
    } else if constexpr (std::same_as<T, bytes>) {
        append_bytes(to, value.data);
    } else if constexpr (std::convertible_to<T const&, std::span<std::byte const>>) {
        std::span<std::byte const> const s = value;
        append_bytes(to, {reinterpret_cast<char const*>(s.data()), s.size()});
    } else if constexpr (std::same_as<T, json_text>) {
        to.text.append(value.text);
    } else if constexpr (is_optional<T>) {
        if (value)
            append_argument(to, *value);
        else
            to.text.append("null");
    } else {
        append_document(to, nlohmann::json(value));
    }
}

/// Appends an argument behind others; `arguments` are several, or none.
template <class T>
void append_next_argument(payload& to, T const& value) {
    auto const separate = [&to] {
        if (to.text.size() > 1) to.text.push_back(',');
    };
    if constexpr (std::same_as<T, arguments>) {
        for (std::size_t i = 0; i < value.size(); ++i) {
            separate();
            if (std::string_view const text = value.text(i); !text.empty())
                to.text.append(text);
            else if (auto const* const packet = value.packet())
                append_attached(to.text, to.attachments, value.packet_text(i), *packet);
            else
                append_document(to, value.json(i));
        }
    } else {
        separate();
        append_argument(to, value);
    }
}

template <class... Args>
void make_payload(payload& to, Args const&... args) {
    to.clear();
    to.text.push_back('[');
    (append_next_argument(to, args), ...);
    to.text.push_back(']');
}

template <class... Args>
void make_event_payload(payload& to, event_name name, Args const&... args) {
    if (is_reserved_event(name.text()))
        throw boost::system::system_error(make_error_code(error::reserved_event));
    to.clear();
    to.text.push_back('[');
    if (name.is_number())
        to.text.append(name.text());
    else
        append_string(to.text, name.text());
    (append_next_argument(to, args), ...);
    to.text.push_back(']');
}

}  // namespace httphooks::socketio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/detail/impl/payload.ipp>
#endif
