// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    WebSocket frames: reading them out of bytes, putting them in front of payloads. No I/O.
*/

#include <httphooks/config.hpp>
#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/detail/text/utf8.hpp>
#include <httphooks/websocket/close_code.hpp>
#include <httphooks/websocket/detail/lazy_string.hpp>
#include <httphooks/websocket/detail/mask.hpp>
#include <httphooks/websocket/detail/utf8_stream.hpp>
#include <httphooks/websocket/message_limits.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace httphooks::websocket {

/// What a frame is; RFC 6455 5.2.
enum class opcode : std::uint8_t {
    continuation = 0,
    text = 1,
    binary = 2,
    close = 8,
    ping = 9,
    pong = 10,
};

/// Which side of a connection one is: a client masks what it sends, a server does not.
enum class role : std::uint8_t { server, client };

/** What a frame_reader tells of: each returns whether to go on with the next frame.

    Views are of the input or of the reader, and are good until it returns. A sink of a reader that
    takes compressed messages is told of them by `bool on_compressed(opcode, std::string_view)`. */
template <class S>
concept frame_sink = requires(S& s, opcode op, close_code code, std::string_view bytes) {
    { s.on_message(op, bytes) } -> std::same_as<bool>;
    { s.on_ping(bytes) } -> std::same_as<bool>;
    { s.on_pong(bytes) } -> std::same_as<bool>;
    { s.on_close(code, bytes) } -> std::same_as<bool>;
};

/** Reads the frames of one direction of a connection.

    A message that is whole in the input is unmasked and handed on in place. Of others the payload
    is kept as it comes, unmasked and, of a text, already checked: what cannot become UTF-8 is
    refused at the first byte that shows it. Control frames may come between the fragments of a
    message.

    @par Thread safety
    None.
    @par Source
    RFC 6455 5 and 8.1. Reserved bits are errors, but for the one that RFC 7692 gives to compressed
    messages, as are frames that are not masked as they must be, lengths that are not in their
    shortest form, and close frames with a code that may not be sent.
*/
class frame_reader {
public:
    /// The most bytes that read() can leave when it waits for more.
    static constexpr std::size_t most_left = 14 + 125;

    /// From now on messages may be compressed; they are handed on as they come.
    void allow_compressed() noexcept { reserved_ = 0x30; }

    /** Reads frames.

        @param self which side reads
        @param data the bytes that the last call left, then the new ones; payloads are unmasked
            there
        @param n how many
        @return how many bytes were taken: all of them, or all but the beginning of a frame, or what
            was read when the sink had enough or failure() is set
    */
    template <frame_sink Sink>
    std::size_t read(role self, message_limits const& limits, char* data, std::size_t n,
                     Sink& sink);

    /// Why the connection has to be failed; close_code::none while all is well.
    close_code failure() const noexcept { return failure_; }

    /// How many bytes are kept of a message that is not whole.
    std::size_t kept() const noexcept { return message_.size(); }
    /// How many bytes are still to come of a frame that is not whole.
    std::uint64_t rest() const noexcept { return in_frame_ ? left_ : 0; }

    /// Whether a message has begun that is not whole.
    bool partial() const noexcept { return type_ != opcode::continuation; }

private:
    struct header {
        std::uint64_t length;
        detail::mask_key key;
        std::uint8_t size;
        opcode op;
        bool fin;
        bool compressed;
    };
    enum class step : std::uint8_t { go, more, stop };

    bool read_header(role self, char const* p, std::size_t n, header& h) noexcept;
    template <class Sink>
    step read_control(header const& h, std::string_view payload, Sink& sink);
    bool begin_frame(header const& h, message_limits const& limits);
    bool take(char* p, std::size_t n);
    template <class Sink>
    step deliver(std::string_view message, Sink& sink);
    template <class Sink>
    step end_frame(Sink& sink);
    bool fail(close_code code) noexcept {
        failure_ = code;
        return false;
    }

    detail::lazy_string message_{};
    std::uint64_t left_ = 0;
    detail::mask_key key_ = 0;
    std::uint32_t fragments_ = 0;
    detail::utf8_stream text_{};
    close_code failure_ = close_code::none;
    /// The type of the message that is not whole; continuation: there is none.
    opcode type_ = opcode::continuation;
    /// The bits of a frame's first byte that must not be set.
    std::uint8_t reserved_ = 0x70;
    bool fin_ = false;
    bool in_frame_ = false;
    /// The message that is not whole is compressed.
    bool compressed_ = false;
};

/// The bytes of a frame's header.
constexpr std::size_t header_size(role self, std::uint64_t payload) noexcept {
    return (payload < 126 ? 2u : payload < 65536 ? 4u : 10u) + (self == role::client ? 4u : 0u);
}

/** Writes the header of a frame that is the last of its message.
    @param to room for header_size() bytes
    @param key the masking key of a client's frame
    @param compressed whether it is the one frame of a compressed message */
void write_header(char* to, role self, opcode op, std::uint64_t payload, detail::mask_key key = 0,
                  bool compressed = false) noexcept;

/// Appends a frame, masked with `key` when a client sends it.
void append_frame(std::string& out, role self, opcode op, std::string_view payload,
                  detail::mask_key key = 0);

/// Appends a close frame. @param reason cut to 123 bytes, not within a UTF-8 sequence
void append_close(std::string& out, role self, close_code code, std::string_view reason,
                  detail::mask_key key = 0);

/** A frame whose payload is written straight to the output.

    Construct it, append the payload to the same string, call finish(). When the payload is as long
    as was expected, give or take what its header allows, nothing is moved. */
class frame_builder {
public:
    /// @param expected about how many bytes the payload will have
    frame_builder(std::string& out, role self, std::size_t expected)
        : out_(out), begin_(out.size()), header_(header_size(self, expected)), self_(self) {
        out_.append(header_, '\0');
    }

    /// How many bytes of payload there are.
    std::size_t size() const noexcept { return out_.size() - begin_ - header_; }

    /// The payload.
    std::string_view payload() const noexcept {
        return std::string_view(out_).substr(begin_ + header_);
    }

    /// Puts the header in front of the payload, and masks it for a client.
    /// @param compressed see write_header()
    void finish(opcode op, detail::mask_key key = 0, bool compressed = false);

    /// Takes back the payload.
    void clear() { out_.resize(begin_ + header_); }
    /// Takes back what was written.
    void discard() { out_.resize(begin_); }

private:
    std::string& out_;
    std::size_t begin_;
    std::size_t header_;
    role self_;
};

// ---------------------------------------------------------------------------------------------

template <class Sink>
frame_reader::step frame_reader::read_control(header const& h, std::string_view payload,
                                              Sink& sink) {
    auto const next = [](bool go_on) { return go_on ? step::go : step::stop; };
    if (h.op == opcode::ping) return next(sink.on_ping(payload));
    if (h.op == opcode::pong) return next(sink.on_pong(payload));
    close_code code = close_code::no_status;
    if (payload.size() == 1) {
        fail(close_code::protocol_error);
        return step::stop;
    }
    if (payload.size() >= 2) {
        code = static_cast<close_code>(static_cast<unsigned char>(payload[0]) << 8 |
                                       static_cast<unsigned char>(payload[1]));
        payload.remove_prefix(2);
        if (!may_be_sent(code)) {
            fail(close_code::protocol_error);
            return step::stop;
        }
        if (!httphooks::detail::is_utf8(payload)) {
            fail(close_code::invalid_payload);
            return step::stop;
        }
    }
    return next(sink.on_close(code, payload));
}

/// Hands on a message that is whole.
template <class Sink>
frame_reader::step frame_reader::deliver(std::string_view message, Sink& sink) {
    if (text_.pending()) {
        fail(close_code::invalid_payload);
        return step::stop;
    }
    fragments_ = 0;
    opcode const type = std::exchange(type_, opcode::continuation);
    if constexpr (requires { sink.on_compressed(type, message); }) {
        if (compressed_) [[unlikely]]
            return sink.on_compressed(type, message) ? step::go : step::stop;
    }
    return sink.on_message(type, message) ? step::go : step::stop;
}

/// Deals with the end of a data frame that was kept.
template <class Sink>
frame_reader::step frame_reader::end_frame(Sink& sink) {
    in_frame_ = false;
    if (!fin_) return step::go;
    std::string whole = message_.take();
    step const next = deliver(whole, sink);
    httphooks::detail::give_string(std::move(whole));
    return next;
}

template <frame_sink Sink>
std::size_t frame_reader::read(role self, message_limits const& limits, char* data, std::size_t n,
                               Sink& sink) {
    std::size_t at = 0;
    while (failure_ == close_code::none) {
        if (!in_frame_) {
            if (at == n) break;
            header h{};
            if (!read_header(self, data + at, n - at, h) || h.size == 0) break;
            std::size_t const room = n - at - h.size;
            char* const payload = data + at + h.size;
            if (h.op >= opcode::close) {
                auto const length = static_cast<std::size_t>(h.length);
                if (room < length) break;
                if (h.key != 0) detail::apply_mask(payload, length, h.key);
                at += h.size + length;
                if (read_control(h, {payload, length}, sink) == step::stop) break;
                continue;
            }
            if (!begin_frame(h, limits)) break;
            at += h.size;
            if (fin_ && message_.empty() && left_ <= room) {
                auto const length = static_cast<std::size_t>(left_);
                at += length;
                in_frame_ = false;
                if (!take(payload, length) || deliver({payload, length}, sink) == step::stop) break;
                continue;
            }
        }
        auto const piece = static_cast<std::size_t>(std::min<std::uint64_t>(left_, n - at));
        if (piece > 0) {
            if (!take(data + at, piece)) break;
            message_.append(data + at, piece);
            at += piece;
        }
        if (left_ > 0 || end_frame(sink) == step::stop) break;
    }
    return at;
}

}  // namespace httphooks::websocket

#ifdef HTTPHOOKS_HEADER_ONLY
#include <httphooks/websocket/impl/frame.ipp>
#endif
