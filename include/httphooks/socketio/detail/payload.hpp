// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What is sent with an event or an acknowledgement: JSON text with attachments beside it.
*/

#include <httphooks/config.hpp>
#include <httphooks/socketio/binary.hpp>
#include <httphooks/socketio/detail/read_argument.hpp>
#include <httphooks/socketio/event.hpp>

#include <nlohmann/json_fwd.hpp>

#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace httphooks::socketio {

class arguments;

}  // namespace httphooks::socketio

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
/// The same; `room` is how many bytes may be put in place of placeholders, fewer afterwards.
nlohmann::json document_of(std::string_view text, std::span<std::string const> bytes,
                           std::size_t& room);

/// Makes a payload of an array that may have bytes in it.
void make_payload_of_array(payload& to, nlohmann::json const& array);

// ---------------------------------------------------------------------------------------------

void append_number(std::string& to, long long value);
void append_number(std::string& to, unsigned long long value);
void append_number(std::string& to, float value);
void append_number(std::string& to, double value);
void append_number(std::string& to, long double value);
void append_literal(std::string& to, bool value);
void append_null(std::string& to);
void append_string(std::string& to, std::string_view value);
void append_bytes(payload& to, std::string_view value);
void append_document(payload& to, nlohmann::json const& value);
void append_document(payload& to, nlohmann::ordered_json const& value);

/// Opens the array of an event, with its name.
void begin_event(payload& to, event_name name);
/// Opens an array.
void begin_payload(payload& to);
/// Puts a comma behind what is there, if anything is.
void separate_argument(payload& to);
void end_payload(payload& to);
/// Appends an argument as it came; null if it did not.
void append_argument_of(payload& to, arguments const& all, std::size_t index);
/// Appends all arguments behind others.
void append_all(payload& to, arguments const& all);

/// What is written in a vector as nlohmann::json writes it.
template <class T>
inline constexpr bool is_plain_element =
    (std::integral<T> && sizeof(T) > 1) || std::same_as<T, bool> || std::same_as<T, signed char> ||
    std::same_as<T, unsigned char> || std::same_as<T, float> || std::same_as<T, double> ||
    std::same_as<T, std::string> || std::same_as<T, std::string_view>;
template <class T, class A>
inline constexpr bool is_plain_element<std::vector<T, A>> = is_plain_element<T>;

/// Makes a document of a value; who has such types includes nlohmann/json.hpp.
template <class Json, class T>
void append_converted(payload& to, T const& value) {
    append_document(to, Json(value));
}

template <class T>
void append_argument(payload& to, T const& value) {
    // a document first: it converts to nearly everything
    if constexpr (std::same_as<T, nlohmann::json> || std::same_as<T, nlohmann::ordered_json>) {
        append_document(to, value);
    } else if constexpr (std::same_as<T, bool>) {
        append_literal(to.text, value);
    } else if constexpr (integer<T>) {
        if constexpr (std::is_signed_v<T>)
            append_number(to.text, static_cast<long long>(value));
        else
            append_number(to.text, static_cast<unsigned long long>(value));
    } else if constexpr (std::floating_point<T>) {
        append_number(to.text, value);
    } else if constexpr (std::same_as<T, char>) {
        append_string(to.text, std::string_view(&value, 1));
    } else if constexpr (std::is_null_pointer_v<T>) {
        append_null(to.text);
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
            append_null(to.text);
    } else if constexpr (is_list<T> && is_plain_element<T>) {
        char before = '[';
        for (auto const& inner : value) {
            to.text.push_back(before);
            before = ',';
            if constexpr (std::same_as<typename T::value_type, float>)
                append_number(to.text, static_cast<double>(inner));
            else
                append_argument<typename T::value_type>(to, inner);
        }
        if (before == '[') to.text.push_back('[');
        to.text.push_back(']');
    } else {
        append_converted<nlohmann::json>(to, value);
    }
}

/// Appends an argument behind others; `arguments` are several, or none.
template <class T>
void append_next_argument(payload& to, T const& value) {
    if constexpr (std::same_as<T, arguments>) {
        append_all(to, value);
    } else {
        separate_argument(to);
        append_argument(to, value);
    }
}

template <class... Args>
void make_payload(payload& to, Args const&... args) {
    begin_payload(to);
    (append_next_argument(to, args), ...);
    end_payload(to);
}

template <class... Args>
void make_event_payload(payload& to, event_name name, Args const&... args) {
    begin_event(to, name);
    (append_next_argument(to, args), ...);
    end_payload(to);
}

}  // namespace httphooks::socketio::detail

namespace httphooks::socketio {

/// The arguments of a packet: a JSON text with placeholders, and the attachments beside it.
using packet_data = detail::payload;

}  // namespace httphooks::socketio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/detail/impl/payload.ipp>
#endif
