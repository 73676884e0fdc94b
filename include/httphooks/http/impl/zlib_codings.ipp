// Distributed under the Boost Software License, Version 1.0. See LICENSE.
#pragma once

#include <httphooks/http/zlib_codings.hpp>

#include <httphooks/detail/system/zlib_stream.hpp>

#include <zlib.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace httphooks::http {

namespace detail {

class zlib_encoder final : public content_encoder {
public:
    explicit zlib_encoder(httphooks::detail::zlib_settings const& s) : stream_(s) {}

    HTTPHOOKS_DECL void begin() override;
    HTTPHOOKS_DECL void write(std::string_view bytes, std::string& out) override;
    HTTPHOOKS_DECL void flush(std::string& out) override;
    HTTPHOOKS_DECL void end(std::string& out) override;

private:
    httphooks::detail::zlib_deflater stream_;
};

HTTPHOOKS_DECL void zlib_encoder::begin() {
    stream_.reset();
}
HTTPHOOKS_DECL void zlib_encoder::write(std::string_view bytes, std::string& out) {
    if (!bytes.empty()) stream_.run(bytes, Z_NO_FLUSH, out);
}
HTTPHOOKS_DECL void zlib_encoder::flush(std::string& out) {
    stream_.run({}, Z_SYNC_FLUSH, out);
}
HTTPHOOKS_DECL void zlib_encoder::end(std::string& out) {
    stream_.run({}, Z_FINISH, out);
}

class zlib_decoder final : public content_decoder {
public:
    /// @param members whether there may be several bodies one behind the other
    zlib_decoder(int window_bits, bool members) : stream_(window_bits), members_(members) {}

    HTTPHOOKS_DECL void begin() override;
    HTTPHOOKS_DECL decoded write(std::string_view bytes, std::uint64_t most,
                                 std::string& out) override;
    HTTPHOOKS_DECL bool whole() const noexcept override { return ended_; }

private:
    httphooks::detail::zlib_inflater stream_;
    bool const members_;
    bool ended_ = false;
};

HTTPHOOKS_DECL void zlib_decoder::begin() {
    stream_.reset();
    ended_ = false;
}

HTTPHOOKS_DECL decoded zlib_decoder::write(std::string_view bytes, std::uint64_t most,
                                           std::string& out) {
    using progress = httphooks::detail::zlib_inflater::progress;
    auto const before = out.size();
    while (!bytes.empty()) {
        if (ended_) {
            if (!members_) return decoded::broken;
            stream_.reset();
            ended_ = false;
        }
        switch (stream_.run(bytes, most - (out.size() - before), out)) {
            case progress::too_big:
                return decoded::too_big;
            case progress::broken:
                return decoded::broken;
            case progress::ended:
                ended_ = true;
                break;
            case progress::wants_more:
                break;
        }
    }
    return decoded::good;
}

class zlib_coding final : public content_coding {
public:
    zlib_coding(char const* name, int level, bool gzip)
        : content_coding(name), gzip_(gzip), settings_{.level = level} {
        if (level < 1 || level > 9)
            throw std::invalid_argument(this->name() + ": its level is 1 to 9");
        constexpr int with_gzip_header = 16;
        if (gzip) settings_.window_bits += with_gzip_header;
    }

private:
    HTTPHOOKS_DECL std::unique_ptr<content_encoder> make_encoder() const override;
    HTTPHOOKS_DECL std::unique_ptr<content_decoder> make_decoder() const override;

    bool const gzip_;
    httphooks::detail::zlib_settings settings_;
};

HTTPHOOKS_DECL std::unique_ptr<content_encoder> zlib_coding::make_encoder() const {
    return std::make_unique<zlib_encoder>(settings_);
}
HTTPHOOKS_DECL std::unique_ptr<content_decoder> zlib_coding::make_decoder() const {
    return std::make_unique<zlib_decoder>(settings_.window_bits, gzip_);
}

}  // namespace detail

HTTPHOOKS_DECL std::shared_ptr<content_coding const> gzip(int level) {
    return std::make_shared<detail::zlib_coding>("gzip", level, true);
}

HTTPHOOKS_DECL std::shared_ptr<content_coding const> deflate(int level) {
    return std::make_shared<detail::zlib_coding>("deflate", level, false);
}

}  // namespace httphooks::http
