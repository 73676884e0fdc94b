// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Payloads as MessagePack, for other servers: no document in between, so members keep their order.
*/

#include <httphooks/config.hpp>
#include <httphooks/socketio/detail/payload.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace httphooks::detail {
struct json_node;
}

namespace httphooks::socketio::detail {

class msgpack_scanner;

/// Appends the beginning of an array; its elements are to follow.
void append_msgpack_array(std::string& to, std::size_t size);
/// Appends the beginning of a map; the key and the value of each member are to follow.
void append_msgpack_map(std::string& to, std::size_t size);
/// Appends a text.
void append_msgpack_text(std::string& to, std::string_view text);
/// Appends a whole number of 0 to 2^53; what is larger becomes a double.
void append_msgpack_number(std::string& to, std::uint64_t n);

/** Appends JSON, with bytes in place of placeholders. Whole numbers beyond 2^53, which JavaScript
    has not, become doubles.
    @par Source
    notepack.io 3, encode; unlike there a number from 2^64 on keeps its value */
void append_msgpack(std::string& to, httphooks::detail::json_node const& value,
                    std::span<std::string const> attachments);

/// Appends a payload. @return whether its text is JSON
bool append_msgpack(std::string& to, payload const& from);

/// Appends a payload; null if it is empty.
void append_msgpack_packet(std::string& to, payload const& from);

/** Reads one value that is all of the data: its JSON is appended, with placeholders for bytes.
    @param depth how many maps and arrays may be open at a time
    @return whether it is MessagePack, and nothing in it may be taken for a placeholder */
bool read_msgpack(payload& to, std::string_view data, std::size_t depth);
/// The same with the value that is next, whatever follows.
bool read_msgpack(payload& to, msgpack_scanner& from, std::size_t depth);

}  // namespace httphooks::socketio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/detail/impl/msgpack_payload.ipp>
#endif
