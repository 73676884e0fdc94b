// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/websocket/detail/channel_output.hpp>

#include <httphooks/detail/system/random_bits.hpp>
#include <httphooks/websocket/deflate.hpp>
#include <httphooks/websocket/detail/buffers.hpp>
#include <httphooks/websocket/detail/message_frames.hpp>
#include <httphooks/websocket/frame.hpp>
#include <httphooks/websocket/prepared_message.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::websocket::detail {

inline mask_key channel_output::next_key() const {
    return self() == role::client ? httphooks::detail::random_bits::next() : 0;
}

/// Before bytes are appended.
inline void channel_output::prepare() {
    if (out_.empty() && out_.capacity() <= std::string().capacity()) output_buffers::take(out_);
    if (auto const first = std::exchange(shared_, nullptr)) out_ = *first;
}

HTTPHOOKS_DECL void channel_output::append(opcode op, std::string_view payload, bool compress) {
    if (codec_) [[unlikely]]
        return append_by_codec(op, payload, compress);
    prepare();
    append_frame(out_, self(), op, payload, next_key());
}

HTTPHOOKS_DECL void channel_output::append_by_codec(opcode op, std::string_view payload,
                                                    bool compress) {
    prepare();
    append_message(out_, self(), op, payload, next_key(),
                   compress && op < opcode::close ? codec_ : nullptr);
}

HTTPHOOKS_DECL void channel_output::append(prepared_message const& m) {
    if (!codec_ || !m.may_compress()) return append_shared(m.plain());
    if (codec_->id() != 0)
        if (auto frames = m.compressed(*codec_)) return append_shared(std::move(frames));
    for_each_frame(m.bytes(), [this](opcode op, std::string_view payload) { append(op, payload); });
}

HTTPHOOKS_DECL void channel_output::append_shared(std::shared_ptr<std::string const> frames) {
    if (waiting() == 0) {
        shared_ = std::move(frames);
    } else {
        prepare();
        out_ += *frames;
    }
}

HTTPHOOKS_DECL void channel_output::append(
    opcode op, std::size_t expected, httphooks::detail::function_ref<void(std::string&)> write,
    bool compress) {
    prepare();
    frame_builder frame(out_, self(), expected);
    try {
        write(out_);
        finish_message(frame, out_, op, next_key(), compress ? codec_ : nullptr);
    } catch (...) {
        frame.discard();
        throw;
    }
}

HTTPHOOKS_DECL void channel_output::append_close(close_code code, std::string_view reason) {
    prepare();
    websocket::append_close(out_, self(), code, reason, next_key());
}

/// Writes the shared frame; what does not go out at once becomes output of the connection's own.
inline void channel_output::flush_shared() {
    auto const frame = std::exchange(shared_, nullptr);
    error_code ec;
    std::size_t const sent = stream_.write_some(*frame, ec);
    if (ec)
        failed_ = true;
    else if (sent < frame->size())
        out_.assign(*frame, sent);
}

HTTPHOOKS_DECL bool channel_output::flush() {
    if (writing_ || failed_) return false;
    if (shared_) flush_shared();
    if (failed_ || out_.empty()) return false;
    error_code ec;
    if (stream_.write(out_, ec)) {
        if (ec) failed_ = true;
        return false;
    }
    writing_ = true;
    note_full();
    return true;
}

HTTPHOOKS_DECL void channel_output::end_turn() {
    fresh_ = false;
    if (!writing_) output_buffers::give(out_);
    backlog_.set(writing_ ? buffered() : 0);
}

HTTPHOOKS_DECL void channel_output::drop() noexcept {
    std::string().swap(out_);
    shared_.reset();
}

}  // namespace httphooks::websocket::detail
