// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    Whole messages as frames, compressed where there is a codec.
*/

#include <httphooks/config.hpp>
#include <httphooks/websocket/detail/mask.hpp>
#include <httphooks/websocket/frame.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace httphooks::websocket {

class message_codec;

}  // namespace httphooks::websocket

namespace httphooks::websocket::detail {

/// Appends a message. @param codec compresses it when it is long enough; null: nobody does
void append_message(std::string& out, role self, opcode op, std::string_view payload, mask_key key,
                    message_codec* codec);

/// Completes a message whose payload was written to the output. @param codec as above
void finish_message(frame_builder& frame, std::string& out, opcode op, mask_key key,
                    message_codec* codec);

/// Calls `visit(opcode, payload)` with each of a server's frames, which are whole messages.
template <class Visit>
void for_each_frame(std::string_view frames, Visit visit) {
    while (!frames.empty()) {
        auto const byte = [&](std::size_t i) { return static_cast<unsigned char>(frames[i]); };
        std::size_t const code = byte(1);
        std::size_t const extra = code < 126 ? 0u : code == 126 ? 2u : 8u;
        std::size_t length = extra == 0 ? code : 0;
        for (std::size_t i = 0; i < extra; ++i) length = length << 8 | byte(2 + i);
        visit(static_cast<opcode>(byte(0) & 15u), frames.substr(2 + extra, length));
        frames.remove_prefix(2 + extra + length);
    }
}

}  // namespace httphooks::websocket::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/websocket/detail/impl/message_frames.ipp>
#endif
