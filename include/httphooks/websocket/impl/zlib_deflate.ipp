// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/websocket/zlib_deflate.hpp>

#include <httphooks/detail/system/recycle.hpp>
#include <httphooks/detail/system/zlib_stream.hpp>

#include <zlib.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace httphooks::websocket {

namespace detail {

using httphooks::detail::zlib_settings;

/// What DEFLATE ends with when it is flushed; it is not sent.
inline constexpr std::string_view flush_mark("\x00\x00\xff\xff", 4);

/// The settings of a compressor of raw DEFLATE.
inline zlib_settings raw_deflate(int level, int memory_level, int window_bits) noexcept {
    return {level, -window_bits, memory_level};
}

/// Messages below this take the smaller of two compressors: so much fits into one block of it.
inline constexpr std::size_t small_message = 2047;

/** The settings of a compressor of 32 KiB for small messages.

    To begin again it clears 8 KiB instead of 64, and what it makes is as short: its window is
    longer than the message, and its table has more places than the message has bytes. */
inline zlib_settings small_settings(zlib_settings const& s) noexcept {
    return {s.level, std::max(s.window_bits, -12), std::min(s.memory_level, 5)};
}

/// A compressor of messages.
class deflater : public httphooks::detail::zlib_deflater {
public:
    using zlib_deflater::zlib_deflater;

    /// Appends a message, which is not empty.
    void add(std::string_view message, std::string& out) {
        run(message, Z_SYNC_FLUSH, out);
        out.resize(out.size() - flush_mark.size());
    }
};

/// How many blocks of a message may be marked as the last: each costs far more than its two bytes.
inline constexpr std::size_t most_last_blocks = 256;

/// A decompressor of messages.
class inflater : public httphooks::detail::zlib_inflater {
public:
    explicit inflater(int window_bits) : zlib_inflater(-window_bits) {}

    /// What later messages may refer to.
    std::string history() {
        std::string h(std::size_t{1} << MAX_WBITS, '\0');
        uInt n = 0;
        inflateGetDictionary(&stream(), httphooks::detail::zlib_bytes(h.data()), &n);
        h.resize(n);
        h.shrink_to_fit();
        return h;
    }
    void remember(std::string const& history) noexcept {
        inflateSetDictionary(&stream(), httphooks::detail::zlib_bytes(history.data()),
                             static_cast<uInt>(history.size()));
    }

    /// Appends a message. @param most how many bytes it may have
    inflate_result add(std::string_view data, std::size_t most, std::string& out) {
        last_blocks_ = 0;
        std::size_t const begin = out.size();
        std::array<char, 4 * 1024> whole;
        if (data.size() > whole.size() - flush_mark.size()) {
            inflate_result const r = add_part(data, begin, most, out);
            return r == inflate_result::done ? add_part(flush_mark, begin, most, out) : r;
        }
        // short ones with their mark at once
        std::ranges::copy(flush_mark, std::ranges::copy(data, whole.data()).out);
        return add_part({whole.data(), data.size() + flush_mark.size()}, begin, most, out);
    }

private:
    /// @param begin where the message begins in `out`
    inflate_result add_part(std::string_view part, std::size_t begin, std::size_t most,
                            std::string& out) {
        do {
            progress const p = run(part, most - (out.size() - begin), out);
            if (p == progress::too_big) return inflate_result::too_big;
            if (p == progress::broken) return inflate_result::broken;
            if (p != progress::ended) continue;
            // RFC 7692 7.2.3.4: a block may be marked as the last, and others follow
            if (++last_blocks_ > most_last_blocks) return inflate_result::broken;
            go_on();
        } while (!part.empty());
        return inflate_result::done;
    }

    /// Of the message.
    std::size_t last_blocks_ = 0;
};

/// The compressors and the decompressor that connections without contexts share on a thread.
class shared_streams {
public:
    deflater& compressor(zlib_settings const& s) {
        auto const found = std::ranges::find(deflaters_, s, &entry::settings);
        entry& e = found != deflaters_.end()
                       ? *found
                       : deflaters_.emplace_back(entry{s, std::make_unique<deflater>(s)});
        e.stream->reset();
        return *e.stream;
    }
    inflater& decompressor() {
        if (!inflater_)
            inflater_.emplace(MAX_WBITS);
        else
            inflater_->reset();
        return *inflater_;
    }

private:
    struct entry {
        zlib_settings settings;
        std::unique_ptr<deflater> stream;
    };

    std::vector<entry> deflaters_{};
    std::optional<inflater> inflater_{};
};

/// The codec of one side of a connection.
class zlib_codec final : public message_codec {
public:
    /// @param keeps_out, keeps_in whether messages that are sent, and received, refer to earlier
    /// ones
    zlib_codec(std::size_t threshold, std::uint64_t id, zlib_settings const& out, int in_bits,
               bool keeps_out, bool keeps_in)
        : message_codec(threshold, keeps_out || keeps_in, id),
          settings_(out),
          in_bits_(in_bits),
          keeps_out_(keeps_out),
          keeps_in_(keeps_in) {}

    HTTPHOOKS_DECL bool deflate(std::string_view message, std::string& out) override;
    HTTPHOOKS_DECL inflate_result inflate(std::string_view data, std::size_t most,
                                          std::string& out) override;
    HTTPHOOKS_DECL void rest() noexcept override;

private:
    inline inflater& own_inflater();

    zlib_settings const settings_;
    int const in_bits_;
    bool const keeps_out_;
    bool const keeps_in_;
    std::unique_ptr<deflater> deflater_{};
    std::unique_ptr<inflater> inflater_{};
    /// What the next message may refer to, while there is no decompressor.
    std::string history_{};
};

/// zlib cannot write raw DEFLATE with a window of 256 bytes.
inline constexpr int smallest_window = 9;

HTTPHOOKS_DECL bool zlib_codec::deflate(std::string_view message, std::string& out) {
    if (message.empty() || settings_.window_bits > -smallest_window ||
        message.size() > std::size_t{1} << 30)
        return false;
    if (keeps_out_) {
        note_use();
        if (!deflater_) deflater_ = std::make_unique<deflater>(settings_);
        deflater_->add(message, out);
        return true;
    }
    auto* const shared = httphooks::detail::thread_cache<shared_streams>::get();
    if (!shared) return false;
    std::size_t const begin = out.size();
    bool const small = message.size() < small_message;
    shared->compressor(small ? small_settings(settings_) : settings_).add(message, out);
    if (out.size() - begin < message.size()) return true;
    out.resize(begin);
    return false;
}

inline inflater& zlib_codec::own_inflater() {
    note_use();
    if (!inflater_) {
        inflater_ = std::make_unique<inflater>(in_bits_);
        if (!history_.empty()) inflater_->remember(history_);
        std::string().swap(history_);
    }
    return *inflater_;
}

HTTPHOOKS_DECL inflate_result zlib_codec::inflate(std::string_view data, std::size_t most,
                                                  std::string& out) {
    if (keeps_in_) return own_inflater().add(data, most, out);
    if (auto* const shared = httphooks::detail::thread_cache<shared_streams>::get())
        return shared->decompressor().add(data, most, out);
    return inflater(MAX_WBITS).add(data, most, out);
}

HTTPHOOKS_DECL void zlib_codec::rest() noexcept {
    deflater_.reset();
    if (!inflater_) return;
    try {
        history_ = inflater_->history();
        inflater_.reset();
    } catch (std::bad_alloc const&) {  // then it stays
    }
}

/// Makes codecs.
class zlib_message_deflate final : public message_deflate {
public:
    explicit zlib_message_deflate(deflate_options const& o) : message_deflate(o) {
        auto const within = [](int n, int least, int most) { return n >= least && n <= most; };
        if (!within(o.level, -1, 9) || !within(o.memory_level, 1, 9) ||
            !within(o.server_max_window_bits, smallest_window, MAX_WBITS) ||
            !within(o.client_max_window_bits, smallest_window, MAX_WBITS))
            throw std::invalid_argument("zlib_deflate: an option is out of its range");
    }

    HTTPHOOKS_DECL std::unique_ptr<message_codec> make(
        role self, deflate_parameters const& agreed) const override;

private:
    static inline std::uint64_t next_id() noexcept;

    /// Ids of codecs that keep nothing: this, and the bits of the window.
    std::uint64_t const id_ = next_id();
};

inline std::uint64_t zlib_message_deflate::next_id() noexcept {
    static std::atomic<std::uint64_t> last{0};
    return (last.fetch_add(1, std::memory_order_relaxed) + 1) * (MAX_WBITS + 1);
}

HTTPHOOKS_DECL std::unique_ptr<message_codec> zlib_message_deflate::make(
    role self, deflate_parameters const& agreed) const {
    bool const server = self == role::server;
    deflate_options const& o = options();
    int const out_bits = server ? agreed.server_max_window_bits : agreed.client_max_window_bits;
    int const in_bits = server ? agreed.client_max_window_bits : agreed.server_max_window_bits;
    bool const keeps_out =
        !(server ? agreed.server_no_context_takeover : agreed.client_no_context_takeover);
    bool const keeps_in =
        !(server ? agreed.client_no_context_takeover : agreed.server_no_context_takeover);
    std::uint64_t const id = keeps_out ? 0 : id_ + static_cast<std::uint64_t>(out_bits);
    return std::make_unique<zlib_codec>(o.threshold, id,
                                        raw_deflate(o.level, o.memory_level, out_bits), in_bits,
                                        keeps_out, keeps_in);
}

}  // namespace detail

HTTPHOOKS_DECL std::shared_ptr<message_deflate const> zlib_deflate(deflate_options const& o) {
    return std::make_shared<detail::zlib_message_deflate>(o);
}

}  // namespace httphooks::websocket
