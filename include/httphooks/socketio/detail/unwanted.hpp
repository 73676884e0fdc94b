// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Finds out without reading an event that its rooms have no members here.
*/

#include <httphooks/config.hpp>
#include <httphooks/socketio/cluster_transport.hpp>

#include <string_view>

namespace httphooks::socketio::detail {

/** Whether bytes are an event for rooms none of which concerns a server, as servers write it. What
    is before the rooms is not looked at, if it is JSON.
    @return false: it is not, or it is not seen at a glance */
bool is_unwanted(std::string_view bytes, cluster_link& here);

/// The same in the format of the classic cluster.
bool is_unwanted_broadcast(std::string_view bytes, cluster_link& here);

}  // namespace httphooks::socketio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/detail/impl/unwanted.ipp>
#endif
