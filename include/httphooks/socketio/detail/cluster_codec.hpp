// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What the formats of all clusters have in common: lists of rooms, options, sockets, packets.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/json/json_scanner.hpp>
#include <httphooks/detail/json/json_tape.hpp>
#include <httphooks/socketio/adapter.hpp>
#include <httphooks/socketio/broadcast_options.hpp>
#include <httphooks/socketio/detail/payload.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks::socketio::detail {

using httphooks::detail::json_kind;
using httphooks::detail::json_node;
using httphooks::detail::json_scanner;
using httphooks::detail::json_slice;

/// How deep what other servers send may be nested.
inline constexpr std::size_t cluster_depth = 264;

// writing -------------------------------------------------------------------------------------

/// Appends an array of texts.
void append_texts(std::string& to, std::span<std::string const> all);
/// Appends the object of flags; local is not among them.
void append_flags(std::string& to, broadcast_flags const& f);
/// Appends `{"rooms":[],"except":[],"flags":{}}`.
void append_options(std::string& to, broadcast_options const& o);
/// Appends what is known of a socket.
void append_socket(payload& to, socket_description const& s);
/// Appends an array of what is known of sockets.
void append_sockets(payload& to, std::span<socket_description const> all);

// reading -------------------------------------------------------------------------------------

/// A text that came from another server, and the bytes beside it.
struct foreign_text {
    /// JSON: that which was read, or that of what was MessagePack.
    std::string_view text{};
    std::vector<std::string> attachments{};
    httphooks::detail::json_tape tape{};
    /// What was MessagePack.
    std::string made{};

    /// Reads JSON or MessagePack, which it refers to. @return whether it is one of them, in UTF-8
    bool read(std::string_view bytes);
    json_node const& root() const noexcept { return tape.root(); }
    /// A value, with its bytes.
    payload value(json_node const& n) const;
};

/// A member of an object; null: it has none of this name, or is no object.
json_node const* member(json_node const* object, std::string_view name);
/// The text of a string. @return whether it is one
bool read_text(std::string& to, json_node const* from);
/// A whole number of 0 to 2^53. @return whether it is one
bool read_number(std::uint64_t& to, json_node const* from);
/// Names of rooms: texts, or numbers. @return whether they are
bool read_rooms(std::vector<std::string>& to, json_node const* from);
/// Rooms, exceptions and, if there are, flags. @return whether it is well-formed
bool read_options(broadcast_options& to, json_node const* from);
/** An array of what is known of sockets.
    @param bytes of the placeholders in it
    @return whether it is well-formed */
bool read_sockets(std::vector<socket_description>& to, json_scanner& from,
                  std::span<std::string const> bytes);
/// The same, of a text that was read. @return whether it is well-formed
bool read_sockets(std::vector<socket_description>& to, json_node const* from,
                  foreign_text const& text);
/** The members requestId and sockets of an answer that has no others, which may be large: in one
    pass, without bytes.
    @return whether it is one; else it may be well-formed nevertheless */
bool read_sockets_answer(std::string& request_id, std::vector<socket_description>& to,
                         json_scanner& from);
/// Whether a value is an event that clients take: an array, whose first element is a name that
/// Socket.IO does not keep for itself.
bool is_event_array(json_node const* from);
/// Whether it is the packet of an event.
bool is_event_packet(json_node const* from);
/// Whether there is nothing, or nothing but null.
inline bool is_nothing(json_node const* n) noexcept {
    return !n || n->kind == json_kind::null;
}

}  // namespace httphooks::socketio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/detail/impl/cluster_codec.ipp>
#endif
