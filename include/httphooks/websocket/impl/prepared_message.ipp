// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/websocket/prepared_message.hpp>

#include <httphooks/websocket/deflate.hpp>
#include <httphooks/websocket/detail/message_frames.hpp>
#include <httphooks/websocket/events.hpp>
#include <httphooks/websocket/frame.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::websocket {

struct prepared_message::frames {
    std::string plain{};
    bool may_compress = true;
    std::once_flag once{};
    /// The codec that was first, and what it made.
    std::uint64_t codec = 0;
    std::string compressed{};
};

HTTPHOOKS_DECL prepared_message::prepared_message(std::string_view data, bool binary)
    : prepared_message(std::span<message const>(std::array{message{data, binary}})) {}

HTTPHOOKS_DECL prepared_message::prepared_message(std::span<message const> several)
    : frames_(std::make_shared<frames>()) {
    std::size_t size = 0;
    for (message const& m : several) size += m.data.size() + 10;
    frames_->plain.reserve(size);
    for (message const& m : several)
        append_frame(frames_->plain, role::server, m.binary ? opcode::binary : opcode::text,
                     m.data);
    frames_->may_compress = std::ranges::all_of(several, &message::compress);
}

HTTPHOOKS_DECL std::string const& prepared_message::bytes() const noexcept {
    return frames_->plain;
}

HTTPHOOKS_DECL std::shared_ptr<std::string const> prepared_message::plain() const noexcept {
    return {frames_, &frames_->plain};
}

HTTPHOOKS_DECL bool prepared_message::may_compress() const noexcept {
    return frames_->may_compress;
}

HTTPHOOKS_DECL std::shared_ptr<std::string const> prepared_message::compressed(
    message_codec& codec) const {
    frames& f = *frames_;
    std::call_once(f.once, [&] {
        detail::for_each_frame(f.plain, [&](opcode op, std::string_view payload) {
            detail::append_message(f.compressed, role::server, op, payload, 0, &codec);
        });
        f.codec = codec.id();
    });
    if (f.codec != codec.id()) return nullptr;
    return {frames_, &f.compressed};
}

}  // namespace httphooks::websocket
