// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    What a WebSocket connection sends: the frames that wait, how much may, writing them.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/function_ref.hpp>
#include <httphooks/error.hpp>
#include <httphooks/http/detail/byte_stream.hpp>
#include <httphooks/server_counters.hpp>
#include <httphooks/websocket/close_code.hpp>
#include <httphooks/websocket/detail/channel_settings.hpp>
#include <httphooks/websocket/detail/mask.hpp>
#include <httphooks/websocket/frame.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::websocket {

class message_codec;
class prepared_message;

}  // namespace httphooks::websocket

namespace httphooks::websocket::detail {

/** The output of one connection.

    Frames are appended to a string that the stream is given whole. One that many connections send
    is not copied as long as nothing else waits.

    What is sent in one turn, when nothing waited before it, is no backlog, whatever its size: the
    limit is for what is sent while the other side does not take what it was given. */
class channel_output {
public:
    /// When so much waits nothing is read, and the application is told when it is written.
    static constexpr std::size_t most_unsent = 64 * 1024;

    /// @param settings, stream outlive it
    channel_output(channel_settings const& settings, http::detail::byte_stream& stream)
        : settings_(settings), stream_(stream), backlog_(settings.counters.get()) {}
    channel_output(channel_output const&) = delete;
    channel_output& operator=(channel_output const&) = delete;

    /// Bytes that wait for the other side.
    std::size_t buffered() const noexcept { return waiting() + stream_.unsent(); }
    /// Whether the other side has to take what it was given before more can be written.
    bool writing() const noexcept { return writing_; }
    /// Whether nothing can be written any more.
    bool failed() const noexcept { return failed_; }
    /// Whether what was not given to the stream is worth a write of its own.
    bool is_large() const noexcept { return out_.size() >= flush_at; }

    // how much may wait -------------------------------------------------------------------

    /// Whether all that waits was sent in this turn, and thus has no limit.
    bool is_fresh() noexcept {
        if (!writing_) fresh_ = true;
        if (fresh_) behind_ = 0;
        return fresh_;
    }
    /// Whether there is room for `n` bytes more behind what the other side does not take.
    bool fits(std::size_t n) const noexcept {
        std::size_t const waits = std::min(behind_, buffered());
        return waits == 0 || waits + n <= settings_.options.output_limit;
    }
    /// Counts bytes that are sent although others wait.
    void count(std::size_t n) noexcept { behind_ += n; }

    // frames, room or not -----------------------------------------------------------------

    /// What is written before all frames.
    void begin(std::string bytes) noexcept { out_ = std::move(bytes); }
    /// Has messages compressed. @param codec outlives it
    void compress_by(message_codec* codec) noexcept { codec_ = codec; }
    void append(opcode op, std::string_view payload, bool compress = true);
    void append(prepared_message const& m);
    /// A message that `write` appends. @param expected about how many bytes it has
    void append(opcode op, std::size_t expected,
                httphooks::detail::function_ref<void(std::string&)> write, bool compress);
    void append_close(close_code code, std::string_view reason);

    // writing -----------------------------------------------------------------------------

    /// Writes what waits, if that is possible. @return whether the other side has to take it first
    bool flush();
    /// The other side has taken what it was given, or cannot.
    void on_written(error_code ec) noexcept {
        writing_ = false;
        if (ec) failed_ = true;
    }
    /// Something was sent while others waited: the application may have to be told of the end.
    void note_full() noexcept {
        if (buffered() >= most_unsent) full_ = true;
    }
    /// The application is to be told when what waits is written, however little it is.
    void expect_drain() noexcept { full_ = true; }
    /// Whether the application is to be told that all is written; once.
    bool take_drained() noexcept { return !writing_ && std::exchange(full_, false); }
    /// What is sent from now on is not of the same turn.
    void end_turn();
    /// Drops what waits.
    void drop() noexcept;
    /// What waits is not counted any more.
    void uncount() noexcept { backlog_.set(0); }

private:
    static constexpr std::size_t flush_at = 64 * 1024;

    /// Bytes that the stream was not given yet.
    std::size_t waiting() const noexcept { return out_.size() + (shared_ ? shared_->size() : 0); }
    role self() const noexcept { return settings_.self; }
    mask_key next_key() const;
    void prepare();
    void append_by_codec(opcode op, std::string_view payload, bool compress);
    void append_shared(std::shared_ptr<std::string const> frames);
    void flush_shared();

    channel_settings const& settings_;
    http::detail::byte_stream& stream_;
    server_counters::backlog backlog_;
    message_codec* codec_ = nullptr;
    std::string out_{};
    /// A frame that others send too, to be written when there is nothing else; out_ is empty then.
    std::shared_ptr<std::string const> shared_{};
    /// Of the bytes that wait, those that were sent while others waited; or more.
    std::size_t behind_ = 0;
    bool writing_ = false;
    /// What waits was all sent in this turn.
    bool fresh_ = false;
    /// The application waits for events::drain.
    bool full_ = false;
    bool failed_ = false;
};

}  // namespace httphooks::websocket::detail

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/websocket/detail/impl/channel_output.ipp>
#endif
