// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/websocket/frame.hpp>

#include <httphooks/detail/text/utf8.hpp>
#include <httphooks/websocket/close_code.hpp>
#include <httphooks/websocket/detail/mask.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace httphooks::websocket {

HTTPHOOKS_DECL bool frame_reader::read_header(role self, char const* p, std::size_t n,
                                              header& h) noexcept {
    auto const byte = [p](std::size_t i) -> unsigned { return static_cast<unsigned char>(p[i]); };
    h.size = 0;
    unsigned const first = byte(0);
    unsigned const op = first & 15u;
    h.op = static_cast<opcode>(op);
    h.fin = (first & 0x80u) != 0;
    bool const control = op >= 8;
    h.compressed = (first & 0x40u) != 0;
    if ((first & reserved_) != 0 || (op > 2 && op < 8) || op > 10 || (control && !h.fin))
        return fail(close_code::protocol_error);
    if (h.compressed && (control || op == 0)) return fail(close_code::protocol_error);
    if (!control && (op == 0) != partial()) return fail(close_code::protocol_error);
    if (n < 2) return true;

    unsigned const second = byte(1);
    bool const masked = (second & 0x80u) != 0;
    unsigned const length = second & 0x7fu;
    if (masked != (self == role::server) || (control && length > 125))
        return fail(close_code::protocol_error);
    std::size_t const extra = length < 126 ? 0u : length == 126 ? 2u : 8u;
    std::size_t const size = 2 + extra + (masked ? 4u : 0u);
    h.length = length;
    if (extra != 0) {
        if (n < 2 + extra) return true;
        h.length = 0;
        for (std::size_t i = 0; i < extra; ++i) h.length = h.length << 8 | byte(2 + i);
        if (h.length < (extra == 2 ? 126u : 65536u) || h.length >> 63 != 0)
            return fail(close_code::protocol_error);
    }
    if (n < size) return true;
    if (masked) std::memcpy(&h.key, p + 2 + extra, 4);
    h.size = static_cast<std::uint8_t>(size);
    return true;
}

/// Notes a data frame whose header is there.
HTTPHOOKS_DECL bool frame_reader::begin_frame(header const& h, message_limits const& limits) {
    if (h.length > limits.size || message_.size() > limits.size - h.length)
        return fail(close_code::too_big);
    if (limits.fragments != 0 && ++fragments_ > limits.fragments)
        return fail(close_code::policy_violation);
    if (h.op != opcode::continuation) {
        type_ = h.op;
        compressed_ = h.compressed;
    }
    left_ = h.length;
    key_ = h.key;
    fin_ = h.fin;
    in_frame_ = true;
    return true;
}

/// Unmasks a piece of payload and checks that it is text.
HTTPHOOKS_DECL bool frame_reader::take(char* p, std::size_t n) {
    bool const text = type_ == opcode::text && !compressed_;
    bool const wide =
        key_ != 0 ? detail::apply_mask(p, n, key_) : text && detail::has_non_ascii(p, n);
    key_ = detail::advanced(key_, n);
    left_ -= n;
    if (text && (wide || text_.pending()) && !text_.put({p, n}))
        return fail(close_code::invalid_payload);
    return true;
}

HTTPHOOKS_DECL void write_header(char* to, role self, opcode op, std::uint64_t payload,
                                 detail::mask_key key, bool compressed) noexcept {
    auto const put = [&to](std::uint64_t byte) { *to++ = static_cast<char>(byte & 0xff); };
    unsigned const mask_bit = self == role::client ? 0x80u : 0u;
    put((compressed ? 0xc0u : 0x80u) | static_cast<unsigned>(op));
    if (payload < 126) {
        put(mask_bit | payload);
    } else if (payload < 65536) {
        put(mask_bit | 126u);
        put(payload >> 8);
        put(payload);
    } else {
        put(mask_bit | 127u);
        for (int shift = 56; shift >= 0; shift -= 8) put(payload >> shift);
    }
    if (self == role::client) std::memcpy(to, &key, 4);
}

HTTPHOOKS_DECL void append_frame(std::string& out, role self, opcode op, std::string_view payload,
                                 detail::mask_key key) {
    char header[14];
    std::size_t const size = header_size(self, payload.size());
    write_header(header, self, op, payload.size(), key);
    out.append(header, size).append(payload);
    if (self == role::client)
        detail::apply_mask(out.data() + out.size() - payload.size(), payload.size(), key);
}

HTTPHOOKS_DECL void append_close(std::string& out, role self, close_code code,
                                 std::string_view reason, detail::mask_key key) {
    if (code == close_code::none || code == close_code::no_status)
        return append_frame(out, self, opcode::close, {}, key);
    constexpr std::size_t most = 123;
    if (reason.size() > most) {
        reason = reason.substr(0, most);
        reason = reason.substr(0, httphooks::detail::valid_utf8_prefix(reason));
    }
    char payload[2 + most];
    auto const n = static_cast<std::uint16_t>(code);
    payload[0] = static_cast<char>(n >> 8);
    payload[1] = static_cast<char>(n & 0xff);
    std::copy(reason.begin(), reason.end(), payload + 2);
    append_frame(out, self, opcode::close, {payload, 2 + reason.size()}, key);
}

HTTPHOOKS_DECL void frame_builder::finish(opcode op, detail::mask_key key, bool compressed) {
    std::size_t const payload = size();
    std::size_t const needed = header_size(self_, payload);
    if (needed > header_)
        out_.insert(begin_, needed - header_, '\0');
    else if (needed < header_)
        out_.erase(begin_, header_ - needed);
    header_ = needed;
    write_header(out_.data() + begin_, self_, op, payload, key, compressed);
    if (self_ == role::client) detail::apply_mask(out_.data() + begin_ + header_, payload, key);
}

}  // namespace httphooks::websocket
