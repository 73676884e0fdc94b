// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The values of a JSON text, found in one walk over it (RFC 8259).
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/json/json_scanner.hpp>
#include <httphooks/detail/system/recycle.hpp>

#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>
#include <type_traits>

namespace httphooks::detail {

/// A value on a tape. What an object or an array has inside follows it at once: of an object the
/// name and then the value of each member.
struct json_node : json_slice {
    /// How deep objects and arrays are nested in it, itself included; 0 for other values.
    std::uint16_t height = 0;
    /// How many nodes it takes, itself included.
    std::uint32_t span = 1;
};

/// Calls `f(name, value)` for each member of an object.
template <class Function>
void each_member(json_node const& object, Function f) {
    json_node const* at = &object + 1;
    json_node const* const end = &object + object.span;
    while (at != end) {
        f(at[0], at[1]);
        at += 1 + at[1].span;
    }
}

/// Calls `f(value)` for each element of an array.
template <class Function>
void each_element(json_node const& array, Function f) {
    json_node const* const end = &array + array.span;
    for (json_node const* at = &array + 1; at != end; at += at->span) f(*at);
}

/** The values of a text, in the order in which they begin. It refers to the text. */
class json_tape {
public:
    json_tape() = default;
    json_tape(json_tape const&) = delete;
    json_tape& operator=(json_tape const&) = delete;
    ~json_tape() { block_cache::deallocate(nodes_, room_ * sizeof(json_node)); }

    /** Reads a text that is one value, with white space around it. As json_scanner it leaves bytes
        outside of ASCII unchecked.
        @param depth How many objects and arrays may be open at a time; more than 65,535 are never
        @return whether it is JSON; if not, the tape is of no use */
    bool read(std::string_view text, std::size_t depth);

    /// The value.
    json_node const& root() const noexcept { return *nodes_; }

private:
    class writer;

    /// Moves to a block of twice the size.
    inline void grow();

    json_node* nodes_ = nullptr;
    std::uint32_t count_ = 0;
    std::uint32_t room_ = 0;
};

// ---------------------------------------------------------------------------------------------

static_assert(std::is_trivially_copyable_v<json_node>);

}  // namespace httphooks::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/detail/json/impl/json_tape.ipp>
#endif
