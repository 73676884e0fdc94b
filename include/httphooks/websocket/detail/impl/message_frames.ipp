// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/websocket/detail/message_frames.hpp>

#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/websocket/deflate.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace httphooks::websocket::detail {

HTTPHOOKS_DECL void append_message(std::string& out, role self, opcode op, std::string_view payload,
                                   mask_key key, message_codec* codec) {
    if (!codec || payload.size() < codec->threshold())
        return append_frame(out, self, op, payload, key);
    frame_builder frame(out, self, payload.size());
    bool const compressed = codec->deflate(payload, out);
    if (!compressed) out.append(payload);
    frame.finish(op, key, compressed);
}

HTTPHOOKS_DECL void finish_message(frame_builder& frame, std::string& out, opcode op, mask_key key,
                                   message_codec* codec) {
    if (!codec || frame.size() < codec->threshold()) return frame.finish(op, key);
    std::string plain = httphooks::detail::take_string();
    plain.assign(frame.payload());
    frame.clear();
    bool const compressed = codec->deflate(plain, out);
    if (!compressed) out.append(plain);
    frame.finish(op, key, compressed);
    httphooks::detail::give_string(std::move(plain));
}

}  // namespace httphooks::websocket::detail
