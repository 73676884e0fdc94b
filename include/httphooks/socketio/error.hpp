// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What can go wrong in Socket.IO: why packets are not understood, and calls not answered.
*/

#include <httphooks/config.hpp>
#include <httphooks/error.hpp>

#include <type_traits>

namespace httphooks::socketio {

/// The errors of Socket.IO; category "httphooks.socketio".
enum class error {
    /// A packet of a type that there is not, or that this side does not get.
    unknown_type = 1,
    /// A namespace that is no text.
    bad_namespace,
    /// The number of an acknowledgement that is not one, or is too large.
    bad_id,
    /// A payload that is not JSON, or not of the kind that the type has.
    bad_payload,
    /// A payload in which objects and arrays are nested too deep.
    too_deep,
    /// An event whose name is neither a text nor a number.
    bad_event_name,
    /// An event with a name that Socket.IO keeps for itself.
    reserved_event,
    /// A number of attachments that is not one.
    bad_attachments,
    /// More attachments than a packet may have.
    too_many_attachments,
    /// A packet and its attachments are larger than allowed.
    too_large,
    /// Something else came in place of an attachment.
    missing_attachment,
    /// Bytes that no packet has announced.
    unexpected_attachment,
    /// A placeholder that stands for no attachment.
    bad_placeholder,
    /// An argument that did not come.
    missing_argument,
    /// An argument of another kind than what it is to be, or out of its range.
    bad_argument,
    /// The other side did not acknowledge in time.
    ack_timed_out,
    /// The other side is not connected, or was disconnected before it acknowledged.
    disconnected,
    /// There is no such namespace.
    invalid_namespace,
    /// The server does not let the client into the namespace.
    refused,
    /// There is no handler for the event.
    no_handler,
    /// A handler threw an exception.
    handler_failed,
    /// A message of another server is none that servers send.
    bad_cluster_message,
    /// Not all servers have answered in time; those that did are beside the error.
    servers_timed_out,
    /// The other servers cannot be reached now; what this one knows is beside the error.
    servers_unreachable,
    /// Messages of other servers were removed before this one has read them.
    messages_missed,
};

/// The category of error: name "httphooks.socketio".
boost::system::error_category const& error_category() noexcept;

/// An error_code of the category "httphooks.socketio"; found by argument-dependent look-up.
error_code make_error_code(error e) noexcept;

}  // namespace httphooks::socketio

/// @cond
template <>
struct boost::system::is_error_code_enum<httphooks::socketio::error> : std::true_type {};
/// @endcond

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/impl/error.ipp>
#endif
