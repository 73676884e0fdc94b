// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    SockJS frames: what they look like on each transport, and the message arrays of clients.

    A frame is a text: `o` (open), `h` (heartbeat), `a["message",...]` (messages) or
    `c[code,"reason"]` (close). Strings are UTF-8 in which a lone surrogate, which JavaScript
    allows, is kept as three bytes.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/json/json_scanner.hpp>
#include <httphooks/error.hpp>
#include <httphooks/sockjs/error.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace httphooks::sockjs {

/// How a transport wraps frames.
enum class framing : std::uint8_t {
    /// The frame itself: WebSocket.
    bare,
    /// The frame and a line feed: XHR polling and streaming.
    line,
    /// A server-sent event.
    event,
    /// A script element that calls the page's function.
    script,
    /// A call of the callback that the client names.
    callback,
};

/** Appends a message as a JSON string, in quotes.

    Escaped are quotes, backslashes, control characters and what browsers garble: U+200C to U+200F,
    U+2028 to U+202F, U+2060 to U+206F, surrogates (so everything above U+FFFF) and U+FFF0 to
    U+FFFF. Bytes that are no character become U+FFFD.
    @par Source
    SockJS 0.3.3, escaping; sockjs-node */
void append_quoted(std::string& to, std::string_view message);

/// The frame that ends a connection.
std::string close_frame(close_code code, std::string_view reason);

/** Appends a frame as a transport wraps it.
    @param callback the client's function, for framing::callback
    @par Source
    SockJS 0.3.3; of framing::script `<`, `>` and `&` are escaped, so that a message cannot end
    the script */
void append_framed(std::string& to, framing as, std::string_view frame,
                   std::string_view callback = {});

/** Whether a text is an array of strings, in JSON.
    @return error::payload_expected for an empty text, and for JSON that is no array;
    error::broken_encoding for what is not JSON or UTF-8, and for an element that is no string */
error_code check_messages(std::string_view json);

/** The same for a frame of WebSocket, where a single string is a message, too. */
error_code check_message_frame(std::string_view json);

/** Takes messages from a text that check_messages() or check_message_frame() found good.

    @par Thread safety
    As a value. */
class message_reader {
public:
    /// @param json outlives the reader
    explicit message_reader(std::string_view json) noexcept;

    /** The next message.
        @param message a view of the text, or of `scratch`; valid until either changes
        @return false when there is none */
    bool next(std::string_view& message, std::string& scratch);

private:
    httphooks::detail::json_scanner scanner_;
    bool array_ = false;
    bool first_ = true;
};

// ---------------------------------------------------------------------------------------------

namespace detail {

/// What append_quoted() puts between the quotes.
void append_quoted_text(std::string& to, std::string_view s);

/** The message of a frame that is an array of one string, if that has no escapes but simple ones.
    @param room for the frame and a block
    @return a view of the frame, or of `room`; without data for every other frame */
std::string_view only_message(std::string_view frame, char* room) noexcept;

/// Bounds the nesting of what is no message anyway.
inline constexpr std::size_t message_depth = 64;

/** Walks over the messages of a text that is UTF-8: `each(json_slice)`.
    @param single whether a string is a message, too */
template <class Each>
error_code walk_messages(std::string_view json, bool single, Each each) {
    using httphooks::detail::json_kind;
    using httphooks::detail::json_scanner;
    using httphooks::detail::json_slice;
    json_scanner scanner(json, message_depth);
    if (json.empty()) return error::payload_expected;
    if (scanner.accept('[')) {
        json_slice element;
        bool more = !scanner.accept(']');
        while (more) {
            if (!scanner.string(element)) return error::broken_encoding;
            each(element);
            if (scanner.accept(',')) continue;
            if (!scanner.accept(']')) return error::broken_encoding;
            more = false;
        }
        return scanner.at_end() ? error_code() : error::broken_encoding;
    }
    json_slice value;
    if (!scanner.value(value) || !scanner.at_end()) return error::broken_encoding;
    if (!single || value.kind != json_kind::string) return error::payload_expected;
    each(value);
    return {};
}

}  // namespace detail

}  // namespace httphooks::sockjs

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/sockjs/impl/frame.ipp>
#endif
