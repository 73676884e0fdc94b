// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    A packet that came with attachments: its document, and its text for who passes it on.
*/

#include <httphooks/config.hpp>

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace httphooks::socketio::detail {

/// A packet with attachments. A document has lost the order of members, and how numbers were
/// written; the text has them.
struct attached_packet {
    /// The payload, an array with placeholders.
    std::string text{};
    /// The JSON of its elements, in the text.
    std::vector<std::string_view> elements{};
    /// The array, with bytes in place of placeholders.
    nlohmann::json document{};
    /// Where the bytes of each number are in the document; null: nowhere.
    std::vector<nlohmann::json const*> places{};
};

/** Appends JSON whose placeholders get numbers of their own, in the order of the text.
    @param text an element of the packet
    @param attachments what the bytes are appended to */
void append_attached(std::string& to, std::vector<std::string>& attachments, std::string_view text,
                     attached_packet const& from);

}  // namespace httphooks::socketio::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/socketio/detail/impl/attached_packet.ipp>
#endif
