// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The names of events.
*/

#include <httphooks/config.hpp>

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

namespace httphooks::socketio {

namespace detail {

template <class N>
concept event_number = std::integral<N> && !std::same_as<N, bool> && !std::same_as<N, char>;

}  // namespace detail

/** The name of an event: a text, or a number, which is the same as its text.

    It is made where it is passed, and refers to the text that it was made of.
    @par Source
    Socket.IO protocol 5, "Event": "a non-empty array, whose first element is a string"; node allows
    numbers too */
class event_name {
public:
    /// A name that goes over the wire as a text.
    event_name(std::string_view text) noexcept : text_(text) {}
    event_name(std::string const& text) noexcept : text_(text) {}
    event_name(char const* text) noexcept : text_(text) {}
    /// A name that goes over the wire as a number.
    template <detail::event_number N>
    event_name(N number) noexcept {
        auto const end = std::to_chars(digits_.data(), digits_.data() + digits_.size(), number).ptr;
        length_ = static_cast<std::size_t>(end - digits_.data());
    }

    /// The name as a text.
    std::string_view text() const noexcept {
        return is_number() ? std::string_view(digits_.data(), length_) : text_;
    }
    /// Whether it goes over the wire as a number.
    bool is_number() const noexcept { return length_ != 0; }

    /// Whether both are the same text.
    friend bool operator==(event_name const& a, event_name const& b) noexcept {
        return a.text() == b.text();
    }

private:
    std::string_view text_;
    std::array<char, 24> digits_{};
    std::size_t length_ = 0;
};

/** Whether Socket.IO keeps the name for itself, so that it may not be sent.
    @par Source
    socket.io-parser 4.2, RESERVED_EVENTS */
bool is_reserved_event(std::string_view name) noexcept;

}  // namespace httphooks::socketio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/impl/event.ipp>
#endif
