// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What came with an event or an acknowledgement.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>
#include <httphooks/socketio/binary.hpp>
#include <httphooks/socketio/detail/read_argument.hpp>
#include <httphooks/socketio/error.hpp>

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::detail {
struct json_node;
}

namespace httphooks::socketio {

namespace detail {

struct attached_packet;

}  // namespace detail

/** What came with an event or an acknowledgement: JSON text that is read when it is asked for, or
    a document where there are bytes.

    It refers to the packet, and is good until the handler that it was passed to returns; keep()
    makes one that lasts. Passed to `emit` or to an acknowledgement it stands for all its arguments.
*/
class arguments {
public:
    /// No arguments.
    arguments() = default;

    /// How many there are.
    std::size_t size() const noexcept { return size_; }
    /// Whether there are none.
    bool empty() const noexcept { return size_ == 0; }

    /** An argument as a value.

        T is a std::string, a bool, a number, bytes, nlohmann::json, a std::vector or a map of such,
        or any type that nlohmann::json converts to. A number has to be in the range of T, and to
        be whole for integers. std::optional<T> is empty for null, and for what did not come.
        @return error::missing_argument, error::bad_argument */
    template <class T>
    result<T> get(std::size_t index) const;

    /// As get(), into an object that is there. @return error::missing_argument, error::bad_argument
    template <class T>
    error_code read(T& to, std::size_t index) const;

    /// An argument as a document; null if it did not come.
    nlohmann::json json(std::size_t index) const;

    /// The JSON text of an argument as it came; empty if it came otherwise, or not at all.
    std::string_view text(std::size_t index) const noexcept;

    /// All of them, in an array.
    nlohmann::json to_json() const;

    /// The same, in memory of its own.
    arguments keep() const;

    /// Values that follow one another on a tape. @param values where they are; neither is copied
    arguments(httphooks::detail::json_node const* const* values, std::size_t size) noexcept
        : values_(values), size_(size) {}
    /// The elements of an array from one on, which it keeps.
    arguments(std::shared_ptr<nlohmann::json const> array, std::size_t first) noexcept;
    /// Those of a packet with attachments, from one on.
    arguments(std::shared_ptr<detail::attached_packet const> packet, std::size_t first) noexcept;

    /// The packet with attachments that they came in, or null.
    detail::attached_packet const* packet() const noexcept { return packet_; }
    /// The JSON text of an argument in packet(), with its placeholders.
    std::string_view packet_text(std::size_t index) const noexcept;

    /// An argument on its tape; null if it came otherwise, or not at all. For servers.
    httphooks::detail::json_node const* node(std::size_t index) const noexcept {
        return values_ && index < size_ ? values_[index] : nullptr;
    }

private:
    /// Where an argument is that came.
    detail::argument_source source(std::size_t index) const;

    httphooks::detail::json_node const* const* values_ = nullptr;
    nlohmann::json const* document_ = nullptr;
    detail::attached_packet const* packet_ = nullptr;
    std::size_t first_ = 0;
    std::size_t size_ = 0;
    std::shared_ptr<void const> owner_;
};

// ---------------------------------------------------------------------------------------------

template <class T>
error_code arguments::read(T& to, std::size_t index) const {
    if (index >= size_) {
        if constexpr (detail::is_optional<T>) {
            to.reset();
            return {};
        }
        return error::missing_argument;
    }
    return detail::read_argument(to, source(index)) ? error_code()
                                                    : error_code(error::bad_argument);
}

template <class T>
result<T> arguments::get(std::size_t index) const {
    T value{};
    if (error_code const e = read(value, index)) return result<T>(boost::system::in_place_error, e);
    return result<T>(boost::system::in_place_value, std::move(value));
}

}  // namespace httphooks::socketio

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/impl/arguments.ipp>
#endif
