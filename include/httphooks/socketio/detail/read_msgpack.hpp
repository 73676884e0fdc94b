// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    MessagePack to a document, as JavaScript clients of Socket.IO write it.
*/

#include <httphooks/config.hpp>

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <string_view>

namespace httphooks::socketio::detail {

/** Reads one value that is all of the data.

    Keys are texts. Extensions become bytes, but for those of JavaScript: undefined becomes null, a
    Date the text that JSON has for it.
    @param depth how many maps and arrays may be open at a time
    @return whether it is MessagePack, with all text in UTF-8
    @par Source
    msgpack_scanner */
bool read_msgpack(nlohmann::json& to, std::string_view data, std::size_t depth);

}  // namespace httphooks::socketio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/detail/impl/read_msgpack.ipp>
#endif
