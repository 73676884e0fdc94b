// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The values of MessagePack, one after another.
*/

#include <httphooks/config.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace httphooks::socketio::detail {

/// What a value is.
enum class msgpack_kind : std::uint8_t {
    nil,
    boolean,
    /// A whole number, below 2^63 or not.
    integer,
    positive,
    real,
    text,
    bytes,
    /// A Date of JavaScript, as milliseconds since 1970.
    date,
    /// What is inside follows.
    array,
    /// The key and the value of each member follow.
    map,
};

/// A value.
struct msgpack_item {
    msgpack_kind kind = msgpack_kind::nil;
    /// Of an integer or a date.
    std::int64_t integer = 0;
    /// Of a positive number, or how many elements or members there are; 1 is true.
    std::uint64_t number = 0;
    double real = 0;
    /// Of a text, which is UTF-8, or bytes.
    std::string_view text{};
};

/** Reads values. Arrays and maps say how many follow, never more than there are bytes.
    @par Source
    MessagePack specification; notepack.io 2 for type 0 of the extensions, 3 for type -1 */
class msgpack_scanner {
public:
    explicit msgpack_scanner(std::string_view data) noexcept : rest_(data) {}

    /// Reads a value. @return whether there is one
    bool next(msgpack_item& to) noexcept;
    /// Passes over a value, and what is in it; texts are any bytes. @return whether it is there
    bool skip() noexcept;
    /// Whether there are no more.
    bool at_end() const noexcept { return rest_.empty(); }

private:
    /// A number of `size` bytes, big end first. @return whether it is there
    bool number(std::uint64_t& to, std::size_t size) noexcept;
    bool bytes(msgpack_item& to, std::uint64_t size) noexcept;
    bool text(msgpack_item& to, std::uint64_t size) noexcept;
    bool several(msgpack_item& to, msgpack_kind kind, std::uint64_t size) noexcept;
    bool extension(msgpack_item& to, std::uint64_t size, bool fixed) noexcept;
    bool timestamp(msgpack_item& to, std::uint64_t size) noexcept;

    std::string_view rest_;
    /// Whether texts are looked at.
    bool looks_ = true;
};

/// Appends a Date's milliseconds as the text that JSON has for it. @return whether it has one
bool append_date(std::string& to, std::int64_t milliseconds);

}  // namespace httphooks::socketio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/detail/impl/msgpack_scanner.ipp>
#endif
