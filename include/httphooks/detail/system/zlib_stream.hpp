// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

/** @file
    The streams of zlib, as objects that append to strings.
*/

#include <zlib.h>

#include <algorithm>
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

/// Has zlib write behind the first `used` bytes of a text.
inline void zlib_output(z_stream& s, std::string& out, std::size_t used) noexcept {
    s.next_out = zlib_bytes(out.data() + used);
    s.avail_out = static_cast<uInt>(
        std::min<std::size_t>(out.size() - used, std::numeric_limits<uInt>::max()));
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
        std::size_t used = out.size();
        do {
            text = zlib_input(stream_, text);
            constexpr std::size_t mark = 16;  // of a flush or of the end
            std::size_t room =
                std::min<std::size_t>(deflateBound(&stream_, stream_.avail_in) + mark, first_step);
            for (;;) {
                if (out.size() - used < room) out.resize(used + room);
                zlib_output(stream_, out, used);
                uInt const given = stream_.avail_out;
                ::deflate(&stream_, text.empty() ? flush : Z_NO_FLUSH);
                used += given - stream_.avail_out;
                if (stream_.avail_out > 0) break;
                room = std::clamp(room * 2, first_step, last_step);
            }
        } while (!text.empty());
        out.resize(used);
    }

private:
    /// Bytes of output at once: little memory is made for what does not come.
    static constexpr std::size_t first_step = 4 * 1024;
    static constexpr std::size_t last_step = 64 * 1024;

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

    /// The stream itself.
    z_stream& stream() noexcept { return stream_; }

    /// What becomes of input.
    enum class progress : std::uint8_t { wants_more, ended, broken, too_big };

    /** Appends what comes of a text, as far as the end of what was compressed.
        @param text what is left of it behind the end
        @param most how many bytes may come of it */
    progress run(std::string_view& text, std::uint64_t most, std::string& out) {
        std::size_t const begin = out.size();
        std::size_t used = begin;
        std::size_t const size = text.size();
        std::string_view rest = zlib_input(stream_, text);
        progress p = progress::wants_more;
        for (;;) {
            if (used == out.size()) {
                std::uint64_t const had = used - begin;
                if (had > most) {
                    p = progress::too_big;
                    break;
                }
                // one byte more than it may have, which shows that there is too much
                std::uint64_t const wanted = std::max<std::uint64_t>(had * 2, size * 4 + 64);
                out.resize(begin + static_cast<std::size_t>(most < wanted ? most + 1 : wanted));
            }
            zlib_output(stream_, out, used);
            uInt const given = stream_.avail_out;
            int const r = ::inflate(&stream_, Z_SYNC_FLUSH);
            used += given - stream_.avail_out;
            if (r != Z_STREAM_END && r != Z_OK && r != Z_BUF_ERROR) {
                p = progress::broken;
                break;
            }
            if (r == Z_STREAM_END) {
                p = progress::ended;
                break;
            }
            if (stream_.avail_out == 0) continue;
            if (rest.empty()) break;
            rest = zlib_input(stream_, rest);
        }
        text.remove_prefix(size - rest.size() - stream_.avail_in);
        if (used - begin > most && p != progress::broken) p = progress::too_big;
        out.resize(used);
        return p;
    }

private:
    z_stream stream_{};
};

}  // namespace httphooks::detail
