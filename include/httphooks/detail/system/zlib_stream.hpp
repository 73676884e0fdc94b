// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The streams of zlib, as objects that append to strings.
*/

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <string>
#include <string_view>

namespace httphooks::detail {

/// What a stream of zlib is made with; see zlib.h.
struct zlib_settings {
    int level = Z_DEFAULT_COMPRESSION;
    /// Negative: without header and trailer; 16 more: with those of gzip.
    int window_bits = MAX_WBITS;
    int memory_level = MAX_MEM_LEVEL - 1;

    bool operator==(zlib_settings const&) const = default;
};

/// As zlib takes it; it does not write there.
inline Bytef* zlib_bytes(char const* p) noexcept {
    return reinterpret_cast<Bytef*>(const_cast<char*>(p));
}

/// Has zlib take a text; the most that it takes at once is 4 GiB. @return what is left of it
inline std::string_view zlib_input(z_stream& s, std::string_view text) noexcept {
    std::size_t const n = std::min<std::size_t>(text.size(), std::numeric_limits<uInt>::max());
    s.next_in = zlib_bytes(text.data());
    s.avail_in = static_cast<uInt>(n);
    return text.substr(n);
}

/// Where zlib writes to, before it is appended to a string: on the stack, where nothing has to be
/// cleared, and long, as inflate() takes its time for the last 257 bytes that it has room for.
using zlib_piece = std::array<char, 16 * 1024>;

/// Has zlib write to the first `n` bytes of a piece.
inline void zlib_output(z_stream& s, zlib_piece& piece, std::size_t n) noexcept {
    s.next_out = zlib_bytes(piece.data());
    s.avail_out = static_cast<uInt>(n);
}

/// A compressor.
class zlib_deflater {
public:
    explicit zlib_deflater(zlib_settings const& s) {
        if (deflateInit2(&stream_, s.level, Z_DEFLATED, s.window_bits, s.memory_level,
                         Z_DEFAULT_STRATEGY) != Z_OK)
            throw std::bad_alloc();
    }
    zlib_deflater(zlib_deflater const&) = delete;
    zlib_deflater& operator=(zlib_deflater const&) = delete;
    ~zlib_deflater() { deflateEnd(&stream_); }

    /// Begins again.
    void reset() noexcept { deflateReset(&stream_); }

    /// Appends what comes of a text. @param flush as of deflate()
    void run(std::string_view text, int flush, std::string& out) {
        zlib_piece piece;
        do {
            text = zlib_input(stream_, text);
            do {
                zlib_output(stream_, piece, piece.size());
                ::deflate(&stream_, text.empty() ? flush : Z_NO_FLUSH);
                out.append(piece.data(), piece.size() - stream_.avail_out);
            } while (stream_.avail_out == 0);
        } while (!text.empty());
    }

private:
    z_stream stream_{};
};

/// A decompressor.
class zlib_inflater {
public:
    explicit zlib_inflater(int window_bits) {
        if (inflateInit2(&stream_, window_bits) != Z_OK) throw std::bad_alloc();
    }
    zlib_inflater(zlib_inflater const&) = delete;
    zlib_inflater& operator=(zlib_inflater const&) = delete;
    ~zlib_inflater() { inflateEnd(&stream_); }

    /// Begins again.
    void reset() noexcept { inflateReset(&stream_); }

    /// Begins again behind an end; what follows may refer to what came before that.
    void go_on() noexcept { inflateResetKeep(&stream_); }

    /// The stream itself.
    z_stream& stream() noexcept { return stream_; }

    /// What becomes of input.
    enum class progress : std::uint8_t { wants_more, ended, broken, too_big };

    /** Appends what comes of a text, as far as the end of what was compressed.
        @param text what is left of it behind the end
        @param most how many bytes may come of it */
    progress run(std::string_view& text, std::uint64_t most, std::string& out) {
        zlib_piece piece;
        std::size_t const size = text.size();
        std::string_view rest = zlib_input(stream_, text);
        progress p = progress::wants_more;
        for (std::uint64_t had = 0;;) {
            // one byte more than it may have, which shows that there is too much
            std::uint64_t const left = most - had;
            std::size_t const room =
                left < piece.size() ? static_cast<std::size_t>(left) + 1 : piece.size();
            zlib_output(stream_, piece, room);
            int const r = ::inflate(&stream_, Z_SYNC_FLUSH);
            std::size_t const n = room - stream_.avail_out;
            out.append(piece.data(), n);
            had += n;
            if (r != Z_STREAM_END && r != Z_OK && r != Z_BUF_ERROR)
                p = progress::broken;
            else if (had > most)
                p = progress::too_big;
            else if (r == Z_STREAM_END)
                p = progress::ended;
            if (p != progress::wants_more) break;
            if (stream_.avail_out == 0) continue;
            if (rest.empty()) break;
            rest = zlib_input(stream_, rest);
        }
        text.remove_prefix(size - rest.size() - stream_.avail_in);
        return p;
    }

private:
    z_stream stream_{};
};

}  // namespace httphooks::detail
